"""Compare two smoothers on one noisy wave, in one figure."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import PolynomialFeatures


def generate_data(random_state, n_points):
    """Data generation."""
    rng = np.random.default_rng(random_state)
    x = np.sort(rng.uniform(0, 6, n_points))
    y = np.sin(x) + rng.normal(scale=0.3, size=n_points)
    X = x[:, np.newaxis]
    return x, y, X


def plot_measured(x, y):
    """Plot measured."""
    # We see that the noise is a third of the signal, so a smoother has something to do
    fig, ax = plt.subplots(figsize=(6, 3))
    ax.scatter(x, y, s=8, color="gray", label="measured")
    return fig, ax


def fit_neighbours(X, y, ax, x):
    """Fit the neighbours."""
    neighbors = KNeighborsRegressor(n_neighbors=9)
    neighbors.fit(X, y)
    y_neighbors = neighbors.predict(X)
    ax.plot(x, y_neighbors, label="nearest neighbours")
    return y_neighbors


def fit_polynomial(X, y, ax, x, fig):
    """Fit the polynomial."""
    basis = PolynomialFeatures(degree=5)
    ridge = Ridge(alpha=1e-3)
    ridge.fit(basis.fit_transform(X), y)
    y_ridge = ridge.predict(basis.transform(X))
    ax.plot(x, y_ridge, label="polynomial")

    ax.legend()
    fig.savefig("smoothers.png")
    return y_ridge


def report_results(x, y_neighbors, y_ridge):
    """Report results."""
    truth = np.sin(x)
    for name, y_predicted in [("neighbours", y_neighbors), ("polynomial", y_ridge)]:
        error = float(np.sqrt(((y_predicted - truth) ** 2).mean()))
        print(f"{name}: root mean squared error {error:.3f}")


def main(n_points=120, random_state=3):
    """Run the stages of one_figure.py, one after the other."""
    x, y, X = generate_data(random_state, n_points)
    fig, ax = plot_measured(x, y)
    y_neighbors = fit_neighbours(X, y, ax, x)
    y_ridge = fit_polynomial(X, y, ax, x, fig)
    report_results(x, y_neighbors, y_ridge)


if __name__ == "__main__":
    main()

# Made by mlstages refactor from one_figure.py; not proven: nothing was run. [7992d9c0]
