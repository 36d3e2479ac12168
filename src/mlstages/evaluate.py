"""The step that judges: how far predictions are from the truth, and from no model at all."""

import math

import numpy as np
from numpy.typing import NDArray

from mlstages.errors import DataError
from mlstages.result import Metrics


def evaluate(y_test: NDArray[np.float64], y_predicted: NDArray[np.float64]) -> Metrics:
    """Return the metrics of predictions on the test rows.

    Parameters
    ----------
    y_test, y_predicted : ndarray of shape (n_test,)
        The truth and the predictions, in units of the target.

    Returns
    -------
    Metrics

    Raises
    ------
    DataError
        If the values are too large or too small for their squares to be told apart.

    Examples
    --------
    >>> import numpy as np
    >>> evaluate(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]))
    Metrics(mse=0.3333333333333333, r2=0.5)
    """
    from sklearn.metrics import mean_squared_error, r2_score

    with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # said as an error
        spread = float(np.sum((y_test - y_test.mean()) ** 2))
        if not (math.isfinite(spread) and spread >= np.finfo(np.float64).tiny):
            raise DataError(
                f"the squares of the target's test rows sum to {spread}, of which no R² can be "
                "told: its values are too large or too close together; rescale them"
            )
        if not np.isfinite(y_predicted).all():
            raise DataError("a prediction is not finite: the values are too large; rescale them")
        metrics = Metrics(
            mse=float(mean_squared_error(y_test, y_predicted)),
            r2=float(r2_score(y_test, y_predicted)),
        )
    if not all(math.isfinite(metric) for metric in metrics):
        raise DataError(
            f"the metrics are not finite (MSE {metrics.mse}, R² {metrics.r2}): "
            "the predictions are too far from the target to be squared; rescale the values"
        )
    return metrics


def evaluate_baseline(y_train: NDArray[np.float64], y_test: NDArray[np.float64]) -> Metrics:
    """Return the metrics of always predicting the mean of the training target.

    A model that is no better than this is not needed.

    Parameters
    ----------
    y_train : ndarray of shape (n_train,)
    y_test : ndarray of shape (n_test,)
        Both in units of the target.

    Returns
    -------
    Metrics

    Raises
    ------
    DataError
        As `evaluate`.
    """
    return evaluate(y_test, np.full_like(y_test, y_train.mean()))
