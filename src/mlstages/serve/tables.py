"""The rows of a request that is a table: CSV, Parquet or Arrow.

Bounds come before the cells: of a table that would grow in memory no more rows are read than
are taken, and no more of a text than tells that it is too long.
"""

import csv
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mlstages.release.schema import BOOLEAN, LONGEST_TEXT, NUMERIC, Field, Schema
from mlstages.serve.answer import Refused
from mlstages.serve.rows import Rows, check_rows, require_rows

if TYPE_CHECKING:
    import polars


def read_csv(body: bytes, schema: Schema, max_rows: int) -> Rows:
    """Return the rows of CSV in UTF-8, whose first line has the names of the fields."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(400, f"the body is no UTF-8: {error.reason} at byte {error.start}") from None
    try:
        header, *lines = [line for line in csv.reader(io.StringIO(text), strict=True) if line]
    except csv.Error as error:
        raise Refused(400, f"the body is no CSV: {error}") from None
    except ValueError:
        raise Refused(400, "the body is empty: send a line of names, and rows") from None
    if len(set(header)) < len(header):
        raise Refused(400, f"a name stands twice in the first line: {', '.join(header)[:200]}")
    require_rows(len(lines), max_rows)
    return Rows(check_rows([_to_row(header, line, schema) for line in lines], schema, False), False)


def read_parquet(body: bytes, schema: Schema, max_rows: int) -> Rows:
    """Return the rows of a file of Parquet."""
    import polars

    return _read_frame(
        lambda: polars.read_parquet(io.BytesIO(body), n_rows=max_rows + 1), schema, max_rows
    )


def read_arrow(body: bytes, schema: Schema, max_rows: int) -> Rows:
    """Return the rows of a stream of Arrow's."""
    import polars

    return _read_frame(
        lambda: polars.read_ipc_stream(io.BytesIO(body), n_rows=max_rows + 1), schema, max_rows
    )


def read_cell(text: str, field: Field) -> Any:
    """Return what a cell says, or the text itself where that is a fault.

    Examples
    --------
    >>> size = Field(name="size", kind="numeric", low=1.0, high=9.0)
    >>> read_cell("2.5", size), read_cell("2_5", size)
    (2.5, '2_5')
    """
    bare = text.strip()
    if field.kind == NUMERIC and "_" not in bare:  # Python's own way to write 1000 as 1_000
        try:
            return float(bare)
        except ValueError:
            return None if bare == "" else text
    if field.kind == BOOLEAN:
        return {"true": True, "false": False, "": None}.get(bare.lower(), text)
    return None if text == "" and field.optional else text


def _to_row(header: Sequence[str], line: Sequence[str], schema: Schema) -> Any:
    fields = {field.name: field for field in schema.fields}
    if len(line) != len(header):
        return line  # which is no object with the fields
    cells = zip(header, line, strict=True)
    return {name: read_cell(cell, fields[name]) if name in fields else cell for name, cell in cells}


def _read_frame(read: "Callable[[], polars.DataFrame]", schema: Schema, max_rows: int) -> Rows:
    import polars

    try:
        frame = read()
    # A Rust panic over a broken file is none of polars' errors, nor an Exception.
    except (polars.exceptions.PolarsError, OSError, ValueError, BaseExceptionGroup) as error:
        raise Refused(400, f"the body cannot be read: {str(error)[:200]}") from None
    require_rows(frame.height, max_rows)
    floats = polars.selectors.float()
    texts = polars.selectors.string()
    frame = frame.with_columns(floats.fill_nan(None), texts.str.slice(0, LONGEST_TEXT + 1))
    return Rows(check_rows(frame.to_dicts(), schema, False), False)
