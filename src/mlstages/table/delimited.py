"""Tables of text with a delimiter: ``.txt`` and ``.tsv`` (tab), ``.csv`` (comma).

Quotes are as Python's `csv` reads them. Blank lines are forgiven only at the end. Polars
reads tables of numbers; one with text, booleans or missing cells is read carefully.
"""

from __future__ import annotations

import csv
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

from mlstages.errors import DataError
from mlstages.source import Source
from mlstages.table.cells import (
    REPORTED_ROWS,
    CellCollector,
    Table,
    list_rows,
    require_unique,
    to_float,
)

if TYPE_CHECKING:  # imported where it is used: most tasks of a flow read no table
    import polars as pl

_NAMES: Final = {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "spaces", "|": "bars"}


def read_delimited(source: Source, delimiter: str, header: bool | None) -> Table:
    """Return the table that the text holds; see `mlstages.table.read_table`."""
    source.require_text()
    records = _records(source, delimiter)
    _line, first = next(records, (0, []))
    records.close()
    has_header = header if header is not None else _is_header(first)
    columns = (
        tuple(cell.strip() or str(i) for i, cell in enumerate(first))
        if has_header
        else _numbered(len(first))
    )
    require_unique(source, columns, names_are_given=header is True)
    _require_columns(source, columns, first, delimiter)
    values = _read_fast(source, delimiter, columns, has_header)
    first_row = 2 if has_header else 1
    if values is not None:
        return Table(columns, values, has_header, first_row, source.sha256)
    return _read_carefully(source, delimiter, columns, has_header)


def _is_header(cells: list[str]) -> bool:
    return bool(cells) and all(to_float(cell) is None for cell in cells)


def _numbered(n_columns: int) -> tuple[str, ...]:
    return tuple(str(i) for i in range(n_columns))


def _require_columns(
    source: Source, columns: tuple[str, ...], first: list[str], delimiter: str
) -> None:
    if len(columns) > 1:
        return
    if not first:
        raise DataError(f"{source.name}:1: the first row is blank: delete it")
    others = [name for mark, name in _NAMES.items() if mark != delimiter and mark in first[0]]
    found = f", though its first row has {' and '.join(others)}" if others else ""
    raise DataError(
        f"{source.name}:1: one column, where a feature and a target are needed: the extension "
        f"says that {_NAMES[delimiter]} separate the columns{found}. "
        "Tabs go with .txt and .tsv, commas with .csv"
    )


def _read_fast(
    source: Source, delimiter: str, columns: tuple[str, ...], has_header: bool
) -> pl.DataFrame | None:
    """Return the numbers, or None where polars refused or may have been silent."""
    import polars as pl

    n_rows = source.n_lines - has_header
    if n_rows == 0 or source.n_lone_returns or not _quotes_are_in_a_header(source, has_header):
        return None
    try:
        values = pl.read_csv(
            source.for_polars(),
            has_header=False,
            skip_rows=int(has_header),
            separator=delimiter,
            schema=dict.fromkeys(columns, pl.Float64),
            glob=False,
        )
    except pl.exceptions.PolarsError:
        return None
    # A short row and a blank line are rows of nulls; a quoted line feed changes the height.
    complete = values.height == n_rows and not any(values.null_count().row(0))
    return values if complete else None


def _quotes_are_in_a_header(source: Source, has_header: bool) -> bool:
    """Whether the rows have no quotes: around those polars (2.1) may be silent, or panic."""
    if not source.n_quotes:
        return True
    with source.open() as stream:
        line = stream.readline()
    # polars skips a header up to the first line feed; a quoted one would not end it.
    return has_header and line.count(b'"') == source.n_quotes and source.n_quotes % 2 == 0


def _read_carefully(
    source: Source, delimiter: str, columns: tuple[str, ...], has_header: bool
) -> Table:
    collector = CellCollector(columns)
    ragged: list[str] = []
    n_ragged = 0
    blank: list[int] = []
    for row, cells in _records(source, delimiter):
        if row == 1 and has_header:
            continue
        if not cells:
            blank.append(row)
            continue
        faults = [(at, "blank") for at in blank]
        blank.clear()
        if len(cells) != len(columns):
            faults.append((row, f"{len(cells)} cells"))
        else:
            collector.add_row(cells)
        n_ragged += len(faults)
        ragged += [f"{at} ({what})" for at, what in faults][: REPORTED_ROWS - len(ragged)]
    if n_ragged:
        count = "1 row has" if n_ragged == 1 else f"{n_ragged} rows have"
        raise DataError(
            f"{source.name}: {count} not the {len(columns)} cells of the first: "
            f"{list_rows(ragged, n_ragged)}; mend or delete them"
        )
    return collector.to_table(source, has_header=has_header, first_row=2 if has_header else 1)


def _records(source: Source, delimiter: str) -> Generator[tuple[int, list[str]], None, None]:
    """Yield the number of each row and its cells; a blank line has none."""
    lines = source.lines_of_text()
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    row = 0
    try:
        for row, cells in enumerate(reader, start=1):
            yield row, cells
    except csv.Error as error:
        raise DataError(f"{source.name}:{row + 1}: {error}: mend the quotes of this row") from None
