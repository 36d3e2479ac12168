"""The table that every reader returns, and the careful way to fill it.

`CellCollector` is what the slow readers share: it takes a row at a time, keeps NaN for
what `float` refuses, and remembers where.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import polars as pl

from mlstages.errors import DataError
from mlstages.table.source import Source

REPORTED_ROWS: Final = 10
"""Of all faults of one kind this many rows are named, and all are counted."""

_LONGEST_EXCERPT: Final = 40


class UnreadableCells(NamedTuple):
    """The cells of one column that are no numbers."""

    n_cells: int
    examples: tuple[tuple[int, str], ...]
    """Row as in the file, and the text of the cell; the first ten."""


class Table(NamedTuple):
    """Numbers in named columns, and where they stood in the file."""

    columns: tuple[str, ...]
    values: pl.DataFrame
    """Float64 columns without nulls; NaN where a cell could not be read."""
    has_header: bool | None
    """Whether the first row was taken as names; None where the format carries names."""
    first_row: int
    """The 1-based row of the file in which the values begin."""
    unreadable: dict[str, UnreadableCells]
    """By column; only columns at fault."""
    sha256: str


class CellCollector:
    """Columns of floats that grow by rows.

    Parameters
    ----------
    columns : tuple of str
        Names; each row brings as many cells.
    """

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self._values = [array("d") for _ in columns]
        self._counts = [0 for _ in columns]
        self._examples: list[list[tuple[int, str]]] = [[] for _ in columns]

    def add_row(self, row: int, cells: Iterable[Any]) -> None:
        """Append one row; `row` is its number in the file."""
        for i, cell in enumerate(cells):
            value = to_float(cell)
            if value is None:
                self._counts[i] += 1
                if len(self._examples[i]) < REPORTED_ROWS:
                    self._examples[i].append((row, excerpt(cell)))
                value = math.nan
            self._values[i].append(value)

    def to_table(self, source: Source, *, has_header: bool | None, first_row: int) -> Table:
        """Return what was collected."""
        values = pl.DataFrame(
            {
                # An empty array has no buffer that polars accepts.
                name: pl.Series(name, column if column else [], dtype=pl.Float64)
                for name, column in zip(self.columns, self._values, strict=True)
            }
        )
        unreadable = {
            name: UnreadableCells(count, tuple(examples))
            for name, count, examples in zip(
                self.columns, self._counts, self._examples, strict=True
            )
            if count
        }
        return Table(self.columns, values, has_header, first_row, unreadable, source.sha256)


def to_float(cell: Any) -> float | None:
    """Return `float(cell)`, or None where it is no number; True and False are none.

    Examples
    --------
    >>> to_float(" 1e3 "), to_float("1,5"), to_float(True), to_float(None)
    (1000.0, None, None, None)
    """
    if isinstance(cell, bool):
        return None
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return None


def excerpt(cell: Any) -> str:
    """Return the text of a cell as a message can carry it: short, quoted if it is text."""
    text = "null" if cell is None else repr(cell)
    return text if len(text) <= _LONGEST_EXCERPT else f"{text[: _LONGEST_EXCERPT - 1]}…"


def list_rows(rows: list[str], count: int) -> str:
    """Return ``row 3, row 9 and 12 more`` for the rows that are named, of `count` in all.

    Examples
    --------
    >>> list_rows(["3", "9"], 14)
    'rows 3, 9 and 12 more'
    """
    word = "row" if count == 1 else "rows"
    more = f" and {count - len(rows)} more" if count > len(rows) else ""
    return f"{word} {', '.join(rows)}{more}"


def require_unique(source: Source, columns: tuple[str, ...], *, names_are_given: bool) -> None:
    """Refuse duplicate column names."""
    twice = sorted(name for name, count in Counter(columns).items() if count > 1)
    if twice:
        names = ", ".join(repr(name) for name in twice)
        hint = "; if the first row holds values, add --no-header" if not names_are_given else ""
        raise DataError(
            f"{source.name}:1: duplicate column names {names}: give each column its own{hint}"
        )
