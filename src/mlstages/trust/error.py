"""How far off predictions are: one figure for all checks, smaller is better."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlstages.trained import TrainedModel, to_labels

NUMBERS: Final = "RMSE"
CLASSES: Final = "1 - macro F1"


def name_error(trained: TrainedModel) -> str:
    """Return what the figure is called."""
    return CLASSES if trained.is_classifier else NUMBERS


def measure_error(trained: TrainedModel, y: NDArray[Any], y_predicted: NDArray[Any]) -> float:
    """Return the root mean squared error, or 1 - macro F1 of classes.

    Parameters
    ----------
    trained : TrainedModel
        Says whether these are classes.
    y, y_predicted : ndarray of shape (n_rows,)
    """
    if not trained.is_classifier:
        return float(np.sqrt(np.mean((y.astype(float) - y_predicted.astype(float)) ** 2)))
    from sklearn.metrics import f1_score

    labels = np.unique(to_labels(trained.y_train)).tolist()
    return 1 - float(
        f1_score(
            to_labels(y), to_labels(y_predicted), labels=labels, average="macro", zero_division=0
        )
    )


def measure_rows(
    trained: TrainedModel, y: NDArray[Any], y_predicted: NDArray[Any]
) -> NDArray[np.float64]:
    """Return the squared error of each row, or 1 where the class is wrong."""
    if trained.is_classifier:
        wrong = to_labels(y) != to_labels(y_predicted)
        return np.asarray(wrong, dtype=np.float64)
    squared: NDArray[np.float64] = (y.astype(float) - y_predicted.astype(float)) ** 2
    return squared
