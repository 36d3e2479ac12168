"""The table that every reader returns, and the careful way to fill it.

`CellCollector` is what the slow readers share: it takes a row at a time and finds out of
what kind each column is. The same text means the same in every format.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlstages.errors import DataError
from mlstages.missing import is_missing_text
from mlstages.source import Source

if TYPE_CHECKING:  # imported where it is used: most tasks of a flow read no table
    import polars as pl

REPORTED_ROWS: Final = 10
"""Of all faults of one kind this many rows are named, and all are counted."""

_BOOLEAN_TEXTS: Final = {"true": True, "false": False}  # in upper and lower case
_LONGEST_EXCERPT: Final = 40
_BUFFERED_ROWS: Final = 50_000


class Kind(StrEnum):
    """What the cells of a column are."""

    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"
    """Text, none of it a number."""
    MIXED = "mixed"
    """Cells of several kinds, or of none of these: no column to learn from."""


class Table(NamedTuple):
    """Values in named columns, and where they stood in the file."""

    columns: tuple[str, ...]
    values: pl.DataFrame
    """Float64 (NaN is missing), Boolean and String (null is missing), or Object: mixed."""
    has_header: bool | None
    """Whether the first row was taken as names; None where the format carries names."""
    first_row: int
    """The 1-based row of the file in which the values begin."""
    sha256: str

    def kind(self, column: str) -> Kind:
        """Return of what kind the column is."""
        dtype = self.values.schema[column]
        return _KINDS[str(dtype.base_type())]

    def to_matrix(self, columns: Sequence[str]) -> NDArray[Any]:
        """Return the columns, ndarray of shape (n_rows, n_columns).

        It is of float64 where all are numeric or boolean (0 and 1), and missing cells are
        NaN. Otherwise it is of objects as in the file: float, bool, str; missing cells
        are NaN in a numeric column and None in the others.
        """
        frame = self.values.select(columns)
        kinds = {self.kind(column) for column in columns}
        if kinds == {Kind.NUMERIC}:
            return frame.to_numpy(order="c")
        if kinds <= {Kind.NUMERIC, Kind.BOOLEAN}:
            import polars as pl

            return frame.cast(pl.Float64).fill_null(math.nan).to_numpy(order="c")
        matrix = np.empty(frame.shape, dtype=object)
        for i, column in enumerate(frame.iter_columns()):
            # Not np.array: it would take apart cells that are lists.
            matrix[:, i] = np.fromiter(column.to_list(), dtype=object, count=len(column))
        return matrix


_KINDS: Final = {
    "Float64": Kind.NUMERIC,
    "Boolean": Kind.BOOLEAN,
    "String": Kind.CATEGORICAL,
    "Object": Kind.MIXED,
}
"""By the name of polars' type."""


class CellCollector:
    """Columns that grow by rows.

    Parameters
    ----------
    columns : tuple of str
        Names; each row brings as many cells.
    """

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self._collected = [ColumnCollector() for _ in columns]
        self._rows: list[Sequence[Any]] = []

    def add_row(self, cells: Sequence[Any]) -> None:
        """Append one row."""
        self._rows.append(cells)
        if len(self._rows) == _BUFFERED_ROWS:
            self._flush()

    def _flush(self) -> None:
        # A column at a time is ten times faster than a cell at a time.
        for column, cells in zip(self._collected, zip(*self._rows, strict=True), strict=False):
            column.extend(cells)
        self._rows.clear()

    def to_table(self, source: Source, *, has_header: bool | None, first_row: int) -> Table:
        """Return what was collected."""
        import polars as pl

        self._flush()
        values = pl.DataFrame(
            [
                column.to_series(name)
                for name, column in zip(self.columns, self._collected, strict=True)
            ]
        )
        return Table(self.columns, values, has_header, first_row, source.sha256)


class ColumnCollector:
    """The cells of one column: an array as long as all are numbers, else a list."""

    def __init__(self) -> None:
        self._numbers = array("d")
        self._cells: list[Any] | None = None
        self._known: dict[str, Any] = {}

    def extend(self, cells: Sequence[Any]) -> None:
        """Append cells."""
        if self._cells is None:
            numbers = _to_numbers(cells)
            if numbers is not None:
                self._numbers.extend(numbers)
                return
            self._cells = [None if math.isnan(number) else number for number in self._numbers]
        self._cells += map(self._convert, cells)

    def _convert(self, cell: Any) -> Any:
        """Return the cell, float where it is a number, None where it is missing."""
        if not isinstance(cell, str):
            return _convert(cell)
        # Categories repeat: each text is looked at once, and kept once.
        if cell not in self._known:
            self._known[cell] = _convert(cell)
        return self._known[cell]

    def to_series(self, name: str) -> pl.Series:
        """Return the column as `Table` keeps it."""
        import polars as pl

        if self._cells is None:
            # An empty array has no buffer that polars accepts.
            return pl.Series(name, self._numbers if self._numbers else [], dtype=pl.Float64)
        kinds = {type(cell) for cell in self._cells} - {type(None)}
        if kinds == {bool}:
            return pl.Series(name, self._cells, dtype=pl.Boolean)
        if kinds != {str}:
            return pl.Series(name, self._cells, dtype=pl.Object)
        texts = {cell.lower() for cell in set(self._cells) if cell is not None}
        if texts <= _BOOLEAN_TEXTS.keys():
            flags = [None if cell is None else _BOOLEAN_TEXTS[cell.lower()] for cell in self._cells]
            return pl.Series(name, flags, dtype=pl.Boolean)
        return pl.Series(name, self._cells, dtype=pl.String)


def _to_numbers(cells: Iterable[Any]) -> array[float] | None:
    """Return the numbers, NaN where one is missing; None if there is anything else."""
    if bool in set(map(type, cells)):  # float() would take it
        return None
    try:
        return array("d", map(float, cells))
    except (TypeError, ValueError, OverflowError):
        pass
    try:
        return array("d", (math.nan if is_missing(cell) else float(cell) for cell in cells))
    except (TypeError, ValueError, OverflowError):
        return None


def _convert(cell: Any) -> Any:
    number = to_float(cell)
    if number is not None:
        return None if math.isnan(number) else number
    return None if is_missing(cell) else cell


def is_missing(cell: Any) -> bool:
    """Return whether a cell of a file holds no value: null, or a text that says so.

    Examples
    --------
    >>> is_missing(" NA "), is_missing(None), is_missing("0")
    (True, True, False)
    """
    return cell is None or (isinstance(cell, str) and is_missing_text(cell))


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
    text = repr(cell)
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
