"""The rows of a request that is a table: CSV, Parquet or Arrow.

CSV is read here; Parquet and Arrow, whose readers can abort or fill the memory, by a process of
their own.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from mlstages.missing import is_missing_text
from mlstages.release.schema import BOOLEAN, NUMERIC, Field, Schema
from mlstages.serve.answer import Fault, Refused
from mlstages.serve.decoder import Decoder
from mlstages.serve.rows import MOST_FAULTS, Rows, check_rows, require_rows


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


def read_binary(decoder: Decoder, kind: str, body: bytes, schema: Schema, max_rows: int) -> Rows:
    """Return the rows of a file of Parquet, or of a stream of Arrow's: another process reads it.

    Parameters
    ----------
    decoder : Decoder
    kind : str
        ``parquet`` or ``arrow``.
    body : bytes
    schema : Schema
    max_rows : int
    """
    found = decoder.read(kind, body, [field.name for field in schema.fields], max_rows)
    if "error" in found:
        raise Refused(400, f"the body cannot be read: {found['error']}")
    if "n_bytes" in found:
        raise Refused(413, f"the table has {found['n_bytes']:,} bytes in JSON: send parts")
    if "rows" not in found:
        require_rows(found.get("n_rows", max_rows), max_rows)
        raise Refused(422, "the columns are not as expected", _find_faults(found, schema))
    require_rows(len(found["rows"]), max_rows)
    return Rows(check_rows(found["rows"], schema, False), False)


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
    return {
        name: _read_table_cell(cell, fields[name]) if name in fields else cell
        for name, cell in cells
    }


def _read_table_cell(text: str, field: Field) -> Any:
    """Return what a cell says; None if it reads as cells without a value do in training data.

    In place of a number that has to be there, the text itself, which then is named as a fault.
    """
    if is_missing_text(text) and (field.optional or field.kind not in (NUMERIC, BOOLEAN)):
        return None
    return read_cell(text, field)


def _find_faults(found: Mapping[str, Mapping[str, str]], schema: Schema) -> list[Fault]:
    expected = {field.name: field.expected for field in schema.fields}
    faults = [
        Fault(None, name[:100], "no field of this name", f"a column of {kind}"[:100])
        for name, kind in found["unknown"].items()
    ] + [
        Fault(None, name, expected[name], f"a column of {kind}"[:100])
        for name, kind in found["nested"].items()
        if name in expected
    ]
    return faults[:MOST_FAULTS]
