"""Fit a polynomial, and draw it with the points."""
import matplotlib.pyplot as plt
import numpy as np

degree = 3  # of the polynomial

# Make noisy points on a curve
rng = np.random.default_rng(1)
x = np.linspace(-1, 1, 40)
y = x**3 - x + rng.normal(scale=0.1, size=x.size)

# Fit the polynomial
coefficients = np.polyfit(x, y, degree)


def curve(values):
    """Return the fitted curve at some values."""
    return np.polyval(coefficients, values)


residual = y - curve(x)
print("residual", float((residual**2).mean()))

# Draw the curve
text = """
  degree
    of the polynomial: """ + str(degree)
fig, ax = plt.subplots()
ax.plot(x, y, "o")
ax.plot(x, curve(x))
ax.set_title(text)
plt.show()
