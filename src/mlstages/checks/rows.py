"""Checks of whole rows, and of the two sides into which they will be parted."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mlstages.checks.finding import Finding, Severity, Subject, check
from mlstages.data import split_dataset
from mlstages.errors import DataError, OptionError


@check("duplicates")
def find_duplicate_rows(subject: Subject) -> Iterator[Finding]:
    """Find rows that repeat an earlier one, cell by cell."""
    _codes, first, code_of_row = np.unique(
        subject.row_codes, return_index=True, return_inverse=True
    )
    at = np.flatnonzero(first[code_of_row] != np.arange(len(subject.y)))
    if len(at):
        yield subject.finding(
            "duplicates",
            Severity.WARNING,
            f"{_count_rows(len(at), 'repeats', 'repeat')} an earlier one: {subject.name_rows(at)}",
            "delete them, unless they are measurements of their own",
            at=at,
        )


@check("split")
def find_rows_on_both_sides(subject: Subject) -> Iterator[Finding]:
    """Find test rows that equal a training row, or that the rows cannot be parted."""
    kept = np.flatnonzero(~subject.left_out)
    if not len(kept):
        return  # said by another check
    try:
        split = split_dataset(
            kept.reshape(-1, 1), subject.y[kept], subject.test_size, subject.random_state
        )
    # The step that parts the rows stops a run over it; here it is one finding of many.
    except (DataError, OptionError) as error:
        yield subject.finding("split", Severity.ERROR, error.message, "part the rows otherwise")
        return
    train: NDArray[np.intp] = split.X_train[:, 0]
    test: NDArray[np.intp] = np.sort(split.X_test[:, 0])
    codes = subject.row_codes
    at = test[np.isin(codes[test], codes[train])]
    if len(at):
        yield subject.finding(
            "split",
            Severity.WARNING,
            f"{_count_rows(len(at), 'stands', 'stand')} on both sides of the split, to learn from "
            f"and to test on: {subject.name_rows(at)}",
            "the metrics flatter the model: delete the duplicates",
            at=at,
        )


def _count_rows(count: int, verb: str, verbs: str) -> str:
    return f"1 row {verb}" if count == 1 else f"{count} rows {verbs}"
