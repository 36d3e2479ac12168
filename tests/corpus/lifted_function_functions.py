"""Fit a polynomial, and draw it with the points."""

import matplotlib.pyplot as plt
import numpy as np


def curve(values, coefficients):
    """Return the fitted curve at some values."""
    return np.polyval(coefficients, values)


def make_noisy_points():
    """Make noisy points on a curve."""
    rng = np.random.default_rng(1)
    x = np.linspace(-1, 1, 40)
    y = x**3 - x + rng.normal(scale=0.1, size=x.size)
    return x, y


def fit_polynomial(x, y, degree):
    """Fit the polynomial."""
    coefficients = np.polyfit(x, y, degree)

    residual = y - curve(x, coefficients=coefficients)
    print("residual", float((residual**2).mean()))
    return coefficients


def draw_curve(degree, x, y, coefficients):
    """Draw the curve."""
    text = """
  degree
    of the polynomial: """ + str(degree)
    fig, ax = plt.subplots()
    ax.plot(x, y, "o")
    ax.plot(x, curve(x, coefficients=coefficients))
    ax.set_title(text)
    plt.show()


def main(
    degree=3,  # of the polynomial
):
    """Run the stages of lifted_function.py, one after the other."""
    x, y = make_noisy_points()
    coefficients = fit_polynomial(x, y, degree)
    draw_curve(degree, x, y, coefficients)


if __name__ == "__main__":
    main()

# Made by mlstages refactor from lifted_function.py; not proven: nothing was run. [5548382a]
