"""The step that chooses between models: cross-validation on the training rows alone.

How one model is fitted is `mlstages.train`'s; the test rows are never seen here.
"""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlstages.config import DEFAULT_FOLDS, Missing
from mlstages.errors import OptionError
from mlstages.evaluate import evaluate
from mlstages.result import Candidate
from mlstages.train import predict, train_model

SMALLEST_FOLD: Final = 2
"""Rows that each fold needs, as each side of the split does."""


def check_folds(n_train: int, folds: int) -> None:
    """Return if the training rows suffice for that many folds.

    Parameters
    ----------
    n_train : int
        Rows to learn from.
    folds : int
        At least 2.

    Raises
    ------
    OptionError
        If a fold would have fewer than two rows; with what is possible.
    """
    largest = n_train // SMALLEST_FOLD
    if largest < 2:
        raise OptionError(
            f"{n_train} rows to learn from are too few to choose an alpha by cross-validation, "
            f"which needs {2 * SMALLEST_FOLD}: take a smaller --test-size, or no --alpha"
        )
    if folds > largest:
        raise OptionError(
            f"{folds} folds are too many for {n_train} rows to learn from, since each fold "
            f"needs {SMALLEST_FOLD}: choose --folds from 2 to {largest}"
        )


def evaluate_candidate(
    X_train: NDArray[Any],
    y_train: NDArray[np.float64],
    alpha: float,
    folds: int,
    kinds: Sequence[str] = (),
    missing: Missing | str | None = None,
) -> Candidate:
    """Return how well a model does on rows that it has not learnt from.

    Parameters
    ----------
    X_train : ndarray of shape (n_train, n_features)
    y_train : ndarray of shape (n_train,)
    alpha : float
        Strength of ridge regression, at least 0, which is ordinary least squares.
    folds : int
        Parts of the rows, at least 2; each in turn is predicted by a model that is fitted
        to the others.
    kinds : sequence of str, default=()
        As `mlstages.train.train_model` has them.
    missing : Missing, str or None, default=None
        As there; encoding and filling in are fitted to the kept rows of each fold.

    Returns
    -------
    Candidate

    Raises
    ------
    OptionError
        If a fold would have fewer than two rows.
    DataError
        If a metric is not finite.

    Notes
    -----
    `sklearn.model_selection.KFold` in the order of the rows, which the split has shuffled.

    Examples
    --------
    >>> X_train = np.arange(6.0).reshape(6, 1)
    >>> candidate = evaluate_candidate(X_train, X_train[:, 0] + 1, alpha=10, folds=3)
    >>> candidate.alpha, [round(mse, 2) for mse in candidate.fold_mse], round(candidate.mse, 2)
    (10.0, [4.11, 0.03, 4.11], 2.75)
    """
    from sklearn.model_selection import KFold

    check_folds(len(y_train), folds)
    fold_mse = tuple(
        evaluate(
            y_train[held_out],
            predict(
                train_model(X_train[kept], y_train[kept], kinds, missing, alpha), X_train[held_out]
            ),
        ).mse
        for kept, held_out in KFold(folds).split(X_train)
    )
    return Candidate(alpha=float(alpha), mse=fmean(fold_mse), fold_mse=fold_mse)


def evaluate_candidates(
    X_train: NDArray[Any],
    y_train: NDArray[np.float64],
    alphas: Iterable[float],
    folds: int | None,
    kinds: Sequence[str] = (),
    missing: Missing | str | None = None,
) -> tuple[Candidate, ...]:
    """Return `evaluate_candidate` of each alpha, in the order given; folds of None are five."""
    return tuple(
        evaluate_candidate(X_train, y_train, alpha, folds or DEFAULT_FOLDS, kinds, missing)
        for alpha in alphas
    )


def choose_alpha(candidates: Iterable[Candidate]) -> float | None:
    """Return the alpha with the smallest MSE, the first of equals; None of no candidates.

    Examples
    --------
    >>> better = Candidate(alpha=1.0, mse=2.0, fold_mse=(1.0, 3.0))
    >>> choose_alpha([Candidate(alpha=0.0, mse=3.0, fold_mse=(3.0, 3.0)), better])
    1.0
    """
    chosen = min(candidates, key=lambda candidate: candidate.mse, default=None)
    return None if chosen is None else chosen.alpha
