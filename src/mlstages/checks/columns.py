"""Checks of whole columns: no run stops over them, and somebody should look."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlstages.checks.finding import Column, Finding, Severity, Subject, check

FENCES: Final = 3.0
"""An outlier lies further beyond the quartiles than so many times their distance (Tukey)."""

_ROUNDING: Final = 1e-12  # of the squared correlation of two columns on one straight line


@check("constant")
def find_constant_features(subject: Subject) -> Iterator[Finding]:
    """Find features that have one value in all rows where they have any."""
    for column in subject.features:
        codes = column.codes[~column.missing]
        if len(codes) and np.all(codes == codes[0]):
            (value,) = column.values[~column.missing][:1].tolist()
            yield subject.finding(
                "constant",
                Severity.WARNING,
                f"{column.label}: every cell is {value!r}: it tells nothing",
                "leave the column out with --drop",
                column=column,
            )


@check("leak")
def find_leaks(subject: Subject) -> Iterator[Finding]:
    """Find features that equal the target, or predict it perfectly on their own."""
    target = subject.target
    if not target.is_of_numbers:
        return
    for column in subject.features:
        both = ~(column.missing | target.missing)
        y = target.values[both]
        if len(y) < 3 or np.all(y == y[0]):
            continue
        how = _predicts(column, both, y)
        if how:
            yield subject.finding(
                "leak",
                Severity.WARNING,
                f"{column.label}: it {how}: would it be known before the target is?",
                "leave the column out with --drop if not",
                column=column,
            )


def _predicts(column: Column, both: NDArray[np.bool_], y: NDArray[np.float64]) -> str | None:
    """Return how the column gives the target away, or None if it does not."""
    if column.is_of_numbers:
        x = column.values[both]
        if np.array_equal(x, y):
            return "equals the target"
        if _are_on_a_line(x, y):
            return "predicts the target perfectly, by a straight line"
    if _determines(column.codes[both], y):
        return "predicts the target perfectly: equal cells go with equal targets"
    return None


def _are_on_a_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    with np.errstate(all="ignore"):  # infinite, too large or constant: NaN, which is no line
        dx, dy = x - x.mean(), y - y.mean()
        least = (1 - _ROUNDING) * np.dot(dx, dx) * np.dot(dy, dy)
        return bool(np.isfinite(least) and np.dot(dx, dy) ** 2 >= least > 0)


def _determines(codes: NDArray[np.intp], y: NDArray[np.float64]) -> bool:
    """Return whether rows of one code have one target; of a column of ids it says nothing."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    if 2 * len(starts) > len(y):
        return False
    sorted_y = y[order]
    lowest, highest = np.minimum.reduceat(sorted_y, starts), np.maximum.reduceat(sorted_y, starts)
    return bool(np.all(lowest == highest))


@check("outliers")
def find_outliers(subject: Subject) -> Iterator[Finding]:
    """Find numbers far beyond the quartiles of their column."""
    for column in subject.columns:
        if not column.is_of_numbers:
            continue
        values = column.values
        finite = values[np.isfinite(values)]
        if not len(finite):
            continue
        first, third = np.quantile(finite, [0.25, 0.75])
        reach = FENCES * (third - first)
        if not 0 < reach < np.inf:
            continue
        low, high = first - reach, third + reach
        at = np.flatnonzero(np.isfinite(values) & ((values < low) | (values > high)))
        if len(at):
            yield subject.finding(
                "outliers",
                Severity.WARNING,
                f"{column.label}: far from the others, beyond {low:g} to {high:g}: "
                f"{subject.name_cells(column, at)}",
                "look whether they are true",
                column=column,
                at=at,
            )
