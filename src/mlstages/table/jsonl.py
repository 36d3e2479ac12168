"""Tables of JSON lines: each line one flat object, each with the same keys."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

from mlstages.errors import DataError
from mlstages.source import Source
from mlstages.table.cells import REPORTED_ROWS, CellCollector, Table, list_rows

if TYPE_CHECKING:  # imported where it is used: most tasks of a flow read no table
    import polars as pl

_NEGATIVE_ZERO: Final = re.compile(rb"-0+\s*[,}]")


def read_jsonl(source: Source) -> Table:
    """Return the table that the lines hold; see `mlstages.table.read_table`."""
    source.require_text()
    rows = _rows(source)
    _row, first = next(rows)
    rows.close()
    columns = tuple(first)
    if len(columns) < 2:
        raise DataError(
            f"{source.name}:1: {len(columns)} key(s), where a feature and a target are needed"
        )
    values = _read_fast(source, columns)
    if values is not None:
        return Table(columns, values, None, 1, source.sha256)
    return _read_carefully(source, columns)


def _read_fast(source: Source, columns: tuple[str, ...]) -> pl.DataFrame | None:
    """Return the numbers, or None where polars refused or may have been silent."""
    import polars as pl

    # polars drops unknown and repeated keys in silence; the colons tell.
    if source.n_colons != source.n_lines * len(columns) or _has_negative_zero(source):
        return None
    try:
        values = pl.read_ndjson(source.for_polars(), schema=dict.fromkeys(columns, pl.Float64))
    except pl.exceptions.PolarsError:
        return None
    complete = values.height == source.n_lines and not any(values.null_count().row(0))
    return values if complete else None


def _has_negative_zero(source: Source) -> bool:
    # polars (2.1) reads the whole number -0 as 0, and float() as -0.0.
    with source.open() as stream:
        return any(_NEGATIVE_ZERO.search(line) for line in stream)


def _read_carefully(source: Source, columns: tuple[str, ...]) -> Table:
    collector = CellCollector(columns)
    keys = set(columns)
    different: list[str] = []
    n_different = 0
    for row, cells in _rows(source):
        if cells.keys() == keys:
            collector.add_row([cells[name] for name in columns])
            continue
        n_different += 1
        if len(different) < REPORTED_ROWS:
            missing = ", ".join(f"no {name!r}" for name in columns if name not in cells)
            extra = ", ".join(f"also {name!r}" for name in cells if name not in keys)
            different.append(f"{row} ({', '.join(filter(None, (missing, extra)))})")
    if n_different:
        raise DataError(
            f"{source.name}: the keys of the first row are not those of "
            f"{list_rows(different, n_different)}; give each row the same"
        )
    return collector.to_table(source, has_header=None, first_row=1)


def _rows(source: Source) -> Generator[tuple[int, dict[str, Any]], None, None]:
    """Yield the number of each line and its object; blank lines only end a file."""
    blank = None
    for row, line in enumerate(source.lines_of_text(), start=1):
        if not line.strip():
            blank = blank or row
            continue
        if blank is not None:
            raise DataError(f"{source.name}:{blank}: the row is blank: delete it")
        yield row, _parse(source, row, line)
    if blank == 1:
        raise DataError(f"{source.name} has only blank lines: it needs at least four rows")


def _parse(source: Source, row: int, line: str) -> dict[str, Any]:
    def to_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        cells = dict(pairs)
        if len(cells) != len(pairs):
            twice = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
            raise DataError(
                f"{source.name}:{row}: duplicate column names {twice!r}: give each column its own"
            )
        return cells

    try:
        # Integers as floats at once: Python's own would refuse 5,000 digits.
        value = json.loads(line.strip(), parse_int=float, object_pairs_hook=to_dict)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{source.name}:{row}: no JSON: {error.msg} at character {error.pos + 1}"
        ) from None
    except RecursionError:
        raise DataError(f"{source.name}:{row}: nested too deeply: write one flat object") from None
    if not isinstance(value, dict):
        raise DataError(f'{source.name}:{row}: no JSON object: write {{"x": 1.5, "y": 2}}')
    for name in value:
        if not name.isascii() and "\\ud" in ascii(name):
            raise DataError(f"{source.name}:{row}: half a character in the name {name!a}")
    return value
