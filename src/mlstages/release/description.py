"""A trained model described for its release: schema, metrics, range of error, examples."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlstages.release.extraction import extract_linear, to_plain
from mlstages.release.released import Released
from mlstages.release.schema import Field, Schema
from mlstages.trained import ColumnKind, TrainedModel, to_labels

SAMPLE: Final = 1000
"""Training values of a numeric feature that a release keeps, for pictures and for drift."""

EXAMPLES: Final = 20
ERROR_SHARE: Final = 0.05
"""Share of the test rows beyond each end of the range of error."""


def describe_schema(trained: TrainedModel) -> Schema:
    """Return the fields of a row and the target, as the training rows have them."""
    fields = [
        _describe(name, kind, cells)
        for name, kind, cells in zip(trained.columns, trained.kinds, trained.X_train.T, strict=True)
    ]
    return Schema(fields=tuple(fields), target=_describe_target(trained, trained.y_train))


def measure(
    trained: TrainedModel, y_predicted: NDArray[Any]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the metrics on the test rows, and those of always predicting the same.

    Parameters
    ----------
    trained : TrainedModel
    y_predicted : ndarray of shape (n_test,)
        Its predictions for the test rows.

    Returns
    -------
    metrics, baseline : dict of str to float
        ``mse`` and ``r2``, where the baseline is the mean of the training target; or
        ``accuracy`` and ``macro_f1``, where it is the most frequent class.
    """
    score = _score_classes if trained.is_classifier else _score_numbers
    constant = trained.guess_constant(len(trained.y_test))
    return score(trained.y_test, y_predicted), score(trained.y_test, constant)


def describe_release(
    trained: TrainedModel,
    *,
    who: str,
    when: str,
    why: str,
    forced: bool,
    checks: tuple[dict[str, Any], ...],
) -> Released:
    """Return the release of a trained model; its number is for the log to give.

    Parameters
    ----------
    trained : TrainedModel
    who, when, why : str
    forced : bool
    checks : tuple of dict
        As `Released` has them.
    """
    y_predicted = trained.predict(trained.X_test)
    metrics, baseline = measure(trained, y_predicted)
    form = extract_linear(trained)
    chosen = [to_plain(row) for row in trained.X_test[:EXAMPLES]]
    answers = [trained.predict([row])[0] for row in chosen]  # of one row, as a server gives them
    return Released(
        number=0,
        run=trained.run,
        who=who,
        when=when,
        why=why,
        forced=forced,
        checks=checks,
        metrics=metrics,
        baseline=baseline,
        data_sha256=trained.data_sha256,
        is_classifier=trained.is_classifier,
        schema=describe_schema(trained),
        container=trained.container.value,
        n_train=len(trained.y_train),
        error_range=None if trained.is_classifier else _find_error_range(trained, y_predicted),
        form=form,
        examples=tuple(
            (row, *to_plain([answer])) for row, answer in zip(chosen, answers, strict=True)
        ),
        predicted=_describe_target(trained, y_predicted),
    )


def _describe_target(trained: TrainedModel, y: NDArray[Any]) -> Field:
    kind = ColumnKind.CATEGORICAL if trained.is_classifier else ColumnKind.NUMERIC
    return _describe(trained.target, kind, y)


def _describe(name: str, kind: ColumnKind, cells: NDArray[Any]) -> Field:
    known = [cell for cell in to_plain(cells.tolist()) if cell is not None]
    n_missing = len(cells) - len(known)
    field = Field(name=name, kind=kind.value, optional=n_missing > 0, n_missing=n_missing)
    if kind is ColumnKind.NUMERIC:
        values = np.sort(np.array(known, dtype=np.float64))
        low, high = float(values[0]), float(values[-1])
        return replace(field, low=low, high=high, sample=_thin(values))
    if kind is ColumnKind.TEXT:
        n_words = np.sort(np.array([len(cell.split()) for cell in known], dtype=np.float64))
        return replace(field, sample=_thin(n_words))
    labels, counts = np.unique([str(cell) for cell in known], return_counts=True)
    return replace(field, categories=tuple(labels.tolist()), counts=tuple(counts.tolist()))


def _thin(ordered: NDArray[np.float64]) -> tuple[float, ...]:
    at = np.linspace(0, len(ordered) - 1, min(SAMPLE, len(ordered))).round().astype(int)
    return tuple(ordered[at].tolist())


def _find_error_range(trained: TrainedModel, y_predicted: NDArray[Any]) -> tuple[float, float]:
    residuals = trained.y_test.astype(float) - y_predicted
    low, high = np.quantile(residuals, [ERROR_SHARE, 1 - ERROR_SHARE]).tolist()
    return low, high


def _score_numbers(y_test: NDArray[Any], y_predicted: NDArray[Any]) -> dict[str, float]:
    from sklearn.metrics import mean_squared_error, r2_score

    y = y_test.astype(float)
    return {"mse": float(mean_squared_error(y, y_predicted)), "r2": float(r2_score(y, y_predicted))}


def _score_classes(y_test: NDArray[Any], y_predicted: NDArray[Any]) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, f1_score

    y, predicted = to_labels(y_test), to_labels(y_predicted)
    return {
        "accuracy": float(accuracy_score(y, predicted)),
        "macro_f1": float(f1_score(y, predicted, average="macro")),
    }
