"""The steps that concern the model: train and predict."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.linear_model import LinearRegression, Ridge


def make_regressor(alpha: float | None) -> "LinearRegression | Ridge":
    """Return a linear model that is not fitted yet.

    Parameters
    ----------
    alpha : float or None
        Strength of ridge regression; None or 0 is ordinary least squares.
    """
    from sklearn.linear_model import LinearRegression, Ridge

    # Ridge advises against 0 for numerical reasons; the model of none and of 0 is one.
    # Of Ridge's solvers svd is the one that collinear features leave exact and silent.
    return Ridge(alpha=alpha, solver="svd") if alpha else LinearRegression()


def train_model(
    X_train: NDArray[np.float64], y_train: NDArray[np.float64], alpha: float | None = None
) -> "LinearRegression | Ridge":
    """Return a linear model fitted to the training rows.

    Parameters
    ----------
    X_train : ndarray of shape (n_train, n_features)
    y_train : ndarray of shape (n_train,)
    alpha : float or None, default=None
        Strength of ridge regression, at least 0; None or 0 is ordinary least squares.

    Returns
    -------
    LinearRegression or Ridge
        Fitted: `coef_` of shape (n_features,) and `intercept_`.

    Notes
    -----
    `sklearn.linear_model.LinearRegression`, where collinear features share their weight, or
    `sklearn.linear_model.Ridge`, whose penalty depends on the units of the features.

    Examples
    --------
    >>> import numpy as np
    >>> model = train_model(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]))
    >>> round(float(model.coef_[0]), 9), round(float(model.intercept_), 9)
    (2.0, 1.0)
    """
    return make_regressor(alpha).fit(X_train, y_train)


def predict(model: "LinearRegression | Ridge", X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `y_predicted`, ndarray of shape (n_samples,), in units of the target."""
    y_predicted: NDArray[np.float64] = model.predict(X)
    return y_predicted


def describe_model(model: "LinearRegression | Ridge") -> tuple[tuple[float, ...], float]:
    """Return what the model has learnt, as plain numbers.

    Returns
    -------
    coefficients : tuple of float
        One a feature, in units of the target per unit of the feature.
    intercept : float
        In units of the target.
    """
    return tuple(model.coef_.tolist()), float(model.intercept_)
