"""Checks derived from a run, where nobody has declared any of their kind."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from mlstages.trained import ColumnKind, Container, TrainedModel, to_numbers
from mlstages.trust.declaration import (
    MUST_NOT_FALL,
    MUST_NOT_RISE,
    Baseline,
    Check,
    Data,
    DirectionalExpectation,
    Invariance,
    MinimumFunctionality,
    Regression,
    Robustness,
    Slices,
    Stability,
    kind_of,
)
from mlstages.trust.verdict import Kind

CLEAR_CORRELATION: Final = 0.7
"""Of ranks: beyond it a feature's direction is taken for what people expect."""

_RELATED: Final = 0.3
"""Correlation of two features beyond which none of them is raised alone."""

_NOISE: Final = 1e-3  # of a column's standard deviation, and of the target's
_FEW_ROWS: Final = 30


def complete(declared: Sequence[Check], trained: TrainedModel) -> list[tuple[Check, bool]]:
    """Return the checks to make, in the order of the kinds, and whether each was derived.

    Parameters
    ----------
    declared : sequence of Check
        They take the place of the derived ones of their kind; of invariance and directional
        expectation and minimum functionality they are made beside them.
    trained : TrainedModel
    """
    cumulative = (MinimumFunctionality, Invariance, DirectionalExpectation)
    kinds = {type(check) for check in declared if not isinstance(check, cumulative)}
    derived = [check for check in derive_checks(trained) if type(check) not in kinds]
    both = [(check, False) for check in declared] + [(check, True) for check in derived]
    order = list(Kind)
    return sorted(both, key=lambda one: order.index(kind_of(one[0])))


def derive_checks(trained: TrainedModel) -> Iterator[Check]:
    """Yield what should hold of any model, in words of its own columns."""
    yield Data(says="No test row was learnt from, and no feature gives the target away")
    if not trained.is_classifier:
        y = trained.y_train.astype(float)
        yield MinimumFunctionality(
            says="The middle of the training rows is predicted within the range of their target",
            row=_find_middle(trained),
            between=[float(y.min()), float(y.max())],
        )
    yield Invariance(says="The order of the rows does not matter", order=True)
    if trained.container is Container.TEXTS:
        yield Invariance(says="Double spaces do not matter", replace=[[" ", "  "]])
    yield from _derive_noise(trained)
    yield from _derive_directions(trained)
    yield Slices(
        says="No part of the test rows is predicted much worse than the whole",
    )
    yield Baseline(says="The model is better than always predicting the same, by a tenth")
    yield Regression(says="The model is no worse than the released one on the same rows")
    yield Stability(says="Trained again it is the same, and on other splits about as good")
    yield Robustness(says="A row that is none gets a clear error or a flagged prediction")


def _derive_noise(trained: TrainedModel) -> Iterator[Check]:
    noise = {
        column: _NOISE * spread
        for i, column in enumerate(trained.columns)
        if trained.kinds[i] is ColumnKind.NUMERIC
        and (spread := float(np.nanstd(to_numbers(trained.X_train[:, i])))) > 0
    }
    if not noise:
        return
    # A hundred times the noise, in units of the target: a model that jumps further is chance.
    tolerance = 0.0 if trained.is_classifier else 100 * _NOISE * float(np.std(trained.y_train))
    yield Invariance(
        says="Noise of a thousandth of a column's spread hardly moves a prediction",
        noise=noise,
        tolerance=tolerance,
        share=0.99,
    )


def _derive_directions(trained: TrainedModel) -> Iterator[Check]:
    if trained.is_classifier:
        return
    from scipy.stats import spearmanr

    y = trained.y_train.astype(float)
    numeric = {
        column: values
        for column, kind, cells in zip(
            trained.columns, trained.kinds, trained.X_train.T, strict=True
        )
        if kind is ColumnKind.NUMERIC
        and np.isfinite(values := to_numbers(cells)).sum() >= _FEW_ROWS
        and np.nanstd(values) > 0
    }
    for column, values in numeric.items():
        known = np.isfinite(values)
        others = (numeric[other] for other in numeric if other != column)
        if any(_are_related(values, other) for other in others):
            continue  # what the target does with it, others may bring about
        correlation = float(spearmanr(values[known], y[known]).statistic)
        if abs(correlation) >= CLEAR_CORRELATION:
            rises = correlation > 0
            yield DirectionalExpectation(
                says=f"The target {'rises' if rises else 'falls'} with {column} (rank correlation "
                f"{correlation:.2f}): so does the prediction",
                increase={column: float(np.std(values[known]))},
                prediction=MUST_NOT_FALL if rises else MUST_NOT_RISE,
                share=0.95,
            )


def _are_related(a: Any, b: Any) -> bool:
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < _FEW_ROWS or np.std(a[known]) == 0 or np.std(b[known]) == 0:
        return True
    return bool(abs(np.corrcoef(a[known], b[known])[0, 1]) >= _RELATED)


def _find_middle(trained: TrainedModel) -> dict[str, Any]:
    """Return a row of medians and of the most frequent values."""
    row: dict[str, Any] = {}
    for column, kind, cells in zip(trained.columns, trained.kinds, trained.X_train.T, strict=True):
        if kind is ColumnKind.NUMERIC:
            row[column] = float(np.nanmedian(to_numbers(cells)))
        else:
            known = Counter(cell for cell in cells.tolist() if cell is not None)
            row[column] = known.most_common(1)[0][0]
    return row
