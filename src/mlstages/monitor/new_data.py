"""Accepted feedback as rows of a new version of the data set; the old version stays as it is."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path, PurePath
from typing import Any, Final

from mlstages.errors import DataError, FileError
from mlstages.monitor.cases import Handed, split_fitting
from mlstages.records import Feedback
from mlstages.release.released import Released
from mlstages.table import Kind, Table, read_table
from mlstages.table.cells import is_missing, to_float

_DELIMITERS: Final = {".txt": "\t", ".tsv": "\t", ".csv": ","}
_FORMATS: Final = (*_DELIMITERS, ".jsonl")

_EXACT: Final = 2.0**53
"""Whole numbers below are floats exactly."""

Row = dict[str, Any]


def add_rows(
    path: Path,
    name: str,
    old: Path | bytes,
    accepted: Sequence[Feedback],
    released: Released,
    *,
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
) -> Handed:
    """Have a new file hold the rows of the old one, byte for byte, and below them the accepted.

    Parameters
    ----------
    path : Path
        A file that is not there yet, of the old one's extension.
    name : str
        What the old file is called.
    old : Path or bytes
        Where it is, or its bytes.
    accepted : sequence of Feedback
    released : Released
    columns : mapping of str to str or None, default=None
        The column of a field, where it is called otherwise in the file.
    values : mapping of str to str or None, default=None
        What a truth is in the file, where it is written otherwise.

    Returns
    -------
    Handed
        Nothing was written where nothing was added.

    Raises
    ------
    FileError
        If the new file is there, or a file cannot be read or written.
    DataError
        If the old file is no table, has other columns, or would change by what is added.
    """
    _require_new(path, name)
    content = _read(name, old)
    table, places = _read_columns(name, content, released, columns or {})
    fitting, refused = split_fitting(accepted, released)
    rows = {told.number: _to_row(told, released, places, values or {}) for told in fitting}
    for number, row in tuple(rows.items()):
        faults = list(_find_misread(row, table, path.suffix.lower()))
        if faults:
            refused[number] = "; ".join(faults)
            del rows[number]
    known = _find_known(table, places, rows)
    added = {number: row for number, row in rows.items() if number not in known}
    if added:
        whole_columns = {column for column in table.columns if _is_whole(table, column)}
        lines = [_write_whole(row, whole_columns) for row in added.values()]
        whole = _join(content, _format(path, table.columns, lines, content))
        _require_same_kinds(name, table, whole)
        _write(path, whole)
    empty = [column for column in table.columns if column not in places.values()]
    notes = [f"no value is known for {', '.join(empty)}: left empty"] if empty and added else []
    return Handed(
        path=str(path),
        added=tuple(added),
        known=tuple(sorted(known)),
        refused=refused,
        notes=tuple(notes),
    )


def _require_new(path: Path, name: str) -> None:
    if path.exists() or path.is_symlink():
        raise FileError(f"{path} is there already, and nothing is overwritten: give another name")
    extension = PurePath(name).suffix.lower()
    if extension not in _FORMATS:
        raise DataError(f"{name}: rows can be added to {', '.join(_FORMATS)}: export it as one")
    if path.suffix.lower() != extension:
        raise DataError(f"{path} holds the rows of {name} as they are: end it in {extension}")


def _read(name: str, old: Path | bytes) -> bytes:
    try:
        return old if isinstance(old, bytes) else old.read_bytes()
    except OSError as error:
        raise FileError(f"{name} cannot be read: {error.strerror}") from None


def _read_columns(
    name: str, content: bytes, released: Released, columns: Mapping[str, str]
) -> tuple[Table, dict[str, str]]:
    """Return the table, and the column of each field and of the target."""
    schema = released.schema
    names = [*(field.name for field in schema.fields), schema.target.name]
    unknown = [field for field in columns if field not in names]
    if unknown:
        raise DataError(
            f"the released model has no {', '.join(unknown)}: it has {', '.join(names)}"
        )
    places = {field: columns.get(field, field) for field in names}
    # Whether the first row is names was said when the run was made; its columns show it.
    headers = (None,) if name.lower().endswith(".jsonl") else (None, True, False)
    tables = [read_table(name, content, header) for header in headers[:1]]
    for header in headers[1:]:
        if not set(places.values()) <= set(tables[-1].columns):
            tables.append(read_table(name, content, header))
    if not set(places.values()) <= set(tables[-1].columns):
        lacking = [field for field, place in places.items() if place not in tables[0].columns]
        raise DataError(
            f"{name} has no column {', '.join(lacking)}: its columns are "
            f"{', '.join(tables[0].columns)}; say which is meant: --column {lacking[0]}=COLUMN"
        )
    return tables[-1], places


def _to_row(
    told: Feedback, released: Released, places: Mapping[str, str], values: Mapping[str, str]
) -> Row:
    row = {places[field.name]: told.row.get(field.name) for field in released.schema.fields}
    return row | {places[released.schema.target.name]: values.get(str(told.truth), told.truth)}


def _write_whole(row: Row, whole_columns: Set[str]) -> Row:
    """Return the row with 4 instead of 4.0 in columns that have whole numbers alone."""
    whole = {
        column: int(cell)
        for column, cell in row.items()
        if column in whole_columns and isinstance(cell, float)
        if cell.is_integer() and abs(cell) < _EXACT
    }
    return row | whole


def _is_whole(table: Table, column: str) -> bool:
    if table.kind(column) is not Kind.NUMERIC:
        return False
    known = table.values[column].drop_nulls().drop_nans()
    return bool((known == known.floor()).all())


def _find_misread(row: Row, table: Table, extension: str) -> Iterator[str]:
    """Yield why a row would come back otherwise from the file that it is written to."""
    for column, cell in row.items():
        if not isinstance(cell, str) or table.kind(column) is not Kind.CATEGORICAL:
            continue
        if is_missing(cell):
            yield f"{column}: {cell!r} is read as a missing cell"
        elif to_float(cell) is not None:
            yield f"{column}: {cell!r} is read as a number"
        elif extension in _DELIMITERS and ("\r" in cell.replace("\r\n", "") or "\0" in cell):
            yield f"{column}: it has a character that {extension} cannot hold"


def _find_known(table: Table, places: Mapping[str, str], rows: Mapping[int, Row]) -> set[int]:
    """Return which rows the table has already, with the same target."""
    names = list(places.values())
    keys: dict[tuple[Any, ...], list[int]] = {}
    for number, row in rows.items():
        keys.setdefault(tuple(_normalise(row[name]) for name in names), []).append(number)
    # Of two pieces of feedback that say the same, the second is known by then.
    known = {number for numbers in keys.values() for number in numbers[1:]}
    for cells in table.values.select(names).iter_rows():
        known.update(keys.get(tuple(map(_normalise, cells)), ()))
    return known


def _normalise(cell: Any) -> Any:
    number = to_float(cell)
    if number is None:
        return str(cell).lower() if isinstance(cell, bool) else cell
    return None if number != number else number


def _format(path: Path, columns: Sequence[str], rows: Any, content: bytes) -> bytes:
    end = "\r\n" if b"\r\n" in content else "\n"
    text = io.StringIO(newline="")
    if path.suffix.lower() == ".jsonl":
        for row in rows:
            cells = {column: row.get(column) for column in columns}
            text.write(json.dumps(cells, ensure_ascii=False, allow_nan=False) + end)
    else:
        delimiter = _DELIMITERS[path.suffix.lower()]
        writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
        writer.writerows([row.get(column) for column in columns] for row in rows)
    return text.getvalue().encode()


def _join(content: bytes, addition: bytes) -> bytes:
    # Blank lines at the end are forgiven there, and nowhere else.
    end = b"\r\n" if b"\r\n" in content else b"\n"
    return content.rstrip(b"\r\n") + end + addition


def _require_same_kinds(name: str, table: Table, whole: bytes) -> None:
    new = read_table(name, whole, table.has_header)
    changed = [
        f"column {column!r} was {table.kind(column)} and would be {new.kind(column)}"
        for column in table.columns
        if new.kind(column) is not table.kind(column)
    ]
    if changed:
        raise DataError(
            f"{name}: {'; '.join(changed)}: where a truth is written otherwise in the file, "
            "say how: --value TRUTH=CELL"
        )


def _write(path: Path, whole: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(whole)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}") from None
