"""Checks of single cells, and of what a model needs at all: a run stops over each of them."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from mlstages.checks.finding import (
    LARGEST_MAGNITUDE,
    Column,
    Finding,
    Severity,
    Subject,
    check,
    count_cells,
)
from mlstages.config import Missing
from mlstages.data import SMALLEST_SIDE
from mlstages.table import Kind

MOST_CATEGORIES: Final = 1_000
"""Each is a column of the encoded table: what has more is a name or an id."""

MOST_ENCODED: Final = 2_000_000_000
"""Bytes that the encoded categories of a table may take: numpy holds each as eight."""

_CELL_KINDS: Final[dict[type, str]] = {float: "number", bool: "true or false", str: "text"}


@check("rows", stops_run=True)
def find_too_few_rows(subject: Subject) -> Iterator[Finding]:
    """Find that the rows left are too few to part."""
    n_left_out = int(subject.left_out.sum())
    n_rows = len(subject.y) - n_left_out
    if n_rows < 2 * SMALLEST_SIDE:
        rows = "1 row" if n_rows == 1 else f"{n_rows} rows"
        why = f" ({n_left_out} more miss a cell)" if n_left_out else ""
        yield subject.finding(
            "rows",
            Severity.ERROR,
            f"it has {rows} of values{why}: {2 * SMALLEST_SIDE} are needed, two a side",
            "bring more rows",
        )


@check("types", stops_run=True)
def find_wrong_types(subject: Subject) -> Iterator[Finding]:
    """Find columns that mix numbers, booleans and text, and a target that is no number."""
    for column in subject.columns:
        if column.kind == Kind.MIXED:
            yield _find_odd_cells(subject, column)
        elif column.is_target and column.kind != Kind.NUMERIC:
            is_what = "text" if column.kind == Kind.CATEGORICAL else "true or false"
            yield subject.finding(
                "types",
                Severity.ERROR,
                f"{column.label}, is {is_what}, and a regression predicts numbers",
                "name a column of numbers with --target",
                column=column,
            )


def _find_odd_cells(subject: Subject, column: Column) -> Finding:
    """Find the cells that are not of the kind that most cells of the column are."""
    kinds = np.array(["" if c is None else _CELL_KINDS.get(type(c), "?") for c in column.values])
    counts = {kind: int((kinds == kind).sum()) for kind in _CELL_KINDS.values()}
    # Of equal counts the first: a column is of numbers if it can be.
    expected = max(counts, key=lambda kind: counts[kind])
    odd = (kinds != expected) & (kinds != "")
    what = f"not {expected}, as {counts[expected]} others are"
    if not counts[expected]:
        what = "neither a number, true or false, nor text"
    elif expected == "number":
        odd |= np.isinf(column.numbers)
        what = "not a finite number"
    at = np.flatnonzero(odd)
    named = subject.name_cells(column, at)
    return subject.finding(
        "types",
        Severity.ERROR,
        f"column {column.name!r}: {count_cells(len(at), what)}: {named}",
        "mend the cells" + ("" if column.is_target else ", or leave the column out with --drop"),
        column=column,
        at=at,
    )


@check("categories", stops_run=True)
def find_too_many_categories(subject: Subject) -> Iterator[Finding]:
    """Find text that names the rows rather than kinds of rows."""
    n_rows = len(subject.y)
    n_encoded = 0
    for column in subject.features:
        if column.kind != Kind.CATEGORICAL:
            continue
        n_categories = len({*column.values} - {None})
        n_encoded += n_categories
        too_many = n_categories > MOST_CATEGORIES
        if too_many or 2 * n_categories > n_rows:
            than = f"more than {MOST_CATEGORIES:,}" if too_many else "more than half as many"
            yield subject.finding(
                "categories",
                Severity.ERROR if too_many else Severity.WARNING,
                f"{column.label}: {n_categories:,} categories in {n_rows:,} rows, {than}: "
                "it names rows rather than kinds of rows",
                "leave the column out with --drop",
                column=column,
            )
    if 8 * n_rows * n_encoded > MOST_ENCODED:
        yield subject.finding(
            "categories",
            Severity.ERROR,
            f"its text has {n_encoded:,} categories in all, a column each: in {n_rows:,} rows they "
            f"would take {8 * n_rows * n_encoded / 1e9:.1f} GB, more than {MOST_ENCODED / 1e9:g}",
            "leave out columns with --drop, or bring fewer rows",
        )


@check("missing", stops_run=True)
def find_missing_cells(subject: Subject) -> Iterator[Finding]:
    """Find cells without a value; they stop a run that is not told what to do about them."""
    for column in subject.columns:
        if column.is_ordinary or not column.missing.any():
            continue
        at = np.flatnonzero(column.missing)
        severity = Severity.WARNING if subject.missing else Severity.ERROR
        counted = f"{count_cells(len(at), 'missing or NaN')}: {subject.name_rows(at)}"
        if len(at) == len(subject.y):
            severity, counted = Severity.ERROR, "every cell is missing or NaN"
            remedy = "name another --target" if column.is_target else "leave it out with --drop"
        elif subject.missing is None:
            remedy = "fill them in, or say what to do: --missing drop or --missing impute"
        elif subject.missing == Missing.DROP or column.is_target:
            remedy = "a run leaves these rows out, and counts them"
        else:
            remedy = "a run fills them in, and counts them"
        yield subject.finding(
            "missing",
            severity,
            f"column {column.name!r}: {counted}",
            remedy,
            column=column,
            at=at,
        )


@check("finite", stops_run=True)
def find_infinite_values(subject: Subject) -> Iterator[Finding]:
    """Find numbers that are infinite."""
    for column in subject.columns:
        if column.is_ordinary or not column.is_of_numbers:
            continue
        at = np.flatnonzero(np.isinf(column.values))
        if len(at):
            counted = count_cells(len(at), "not a finite number")
            yield subject.finding(
                "finite",
                Severity.ERROR,
                f"column {column.name!r}: {counted}: {subject.name_cells(column, at)}",
                "mend the cells",
                column=column,
                at=at,
            )


@check("magnitude", stops_run=True)
def find_too_large_values(subject: Subject) -> Iterator[Finding]:
    """Find finite numbers whose square is not."""
    for column in subject.columns:
        if column.is_ordinary or column.kind == Kind.CATEGORICAL:
            continue
        numbers = column.numbers
        at = np.flatnonzero(np.isfinite(numbers) & (np.abs(numbers) > LARGEST_MAGNITUDE))
        if len(at):
            limit = f"beyond ±{LARGEST_MAGNITUDE:g}, too large to be squared"
            named = subject.name_cells(column, at)
            yield subject.finding(
                "magnitude",
                Severity.ERROR,
                f"column {column.name!r}: {count_cells(len(at), limit)}: {named}",
                "rescale the column",
                column=column,
                at=at,
            )


@check("range", stops_run=True)
def find_target_out_of_range(subject: Subject) -> Iterator[Finding]:
    """Find values of the target beyond the range that was given."""
    target = subject.target
    if not subject.target_range:
        return
    low, high = subject.target_range
    y = target.numbers
    at = np.flatnonzero((y < low) | (y > high))
    at = at[np.isfinite(y[at])]  # what is not finite has been named
    if len(at):
        counted = count_cells(len(at), f"out of the range {low:g} to {high:g}")
        yield subject.finding(
            "range",
            Severity.ERROR,
            f"{target.label}: {counted}: {subject.name_cells(target, at)}",
            "mend them, or set another target range",
            column=target,
            at=at,
        )


@check("target", stops_run=True)
def find_constant_target(subject: Subject) -> Iterator[Finding]:
    """Find that there is nothing to learn."""
    target = subject.target
    y = target.values[~subject.left_out] if subject.missing else target.values
    if target.is_of_numbers and len(y) and np.all(y == y[0]):
        yield subject.finding(
            "target",
            Severity.ERROR,
            f"{target.label}, is constant ({y[0]}): there is nothing to learn",
            "name another with --target",
            column=target,
        )
