"""A file as a table, read fast and to the bit.

Decides which format a file has (by its extension, never by guessing) and which reader
takes it. Every number equals what Python's `float` gives for the cell, to the bit. A
column is of numbers, of true and false, or of text; one that mixes them keeps its cells
for `mlstages.checks` to refuse. What the columns mean is for `mlstages.data`.

Each text format has two readers. The fast one is polars, which accepts only a part of
what `float` accepts and agrees with it there. Whatever polars refuses or is silent
about is read again, a row at a time, by a reader that can say where the fault is.
"""

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Final

from mlstages.errors import DataError, OptionError
from mlstages.source import Source, scan
from mlstages.table.cells import Kind, Table
from mlstages.table.delimited import read_delimited
from mlstages.table.jsonl import read_jsonl
from mlstages.table.parquet import read_parquet

__all__ = ["FORMATS", "Kind", "Table", "read_table", "scan"]

FORMATS: Final[dict[str, Callable[[Source, bool | None], Table]]] = {
    ".txt": lambda source, header: read_delimited(source, "\t", header),
    ".tsv": lambda source, header: read_delimited(source, "\t", header),
    ".csv": lambda source, header: read_delimited(source, ",", header),
    ".jsonl": lambda source, header: read_jsonl(source),
    ".parquet": lambda source, header: read_parquet(source),
}
"""Extension to reader; the header option is for text tables alone."""

_CARRY_NAMES: Final = (".jsonl", ".parquet")


def read_table(name: str, content: Path | bytes, header: bool | None = None) -> Table:
    r"""Return the values, the column names and the SHA-256 of a file.

    Parameters
    ----------
    name : str
        What messages call the file; its extension says the format.
    content : Path or bytes
        Where the bytes are, or the bytes themselves.
    header : bool or None, default=None
        Whether the first row of a text file holds names. None decides by the row: it is
        a header if none of its cells is a number.

    Returns
    -------
    Table
        One column for each column of the file, of the kind that its cells have.

    Raises
    ------
    OptionError
        If `header` is given for a format that carries the names.
    FileError
        If the file is missing, is a folder or cannot be read.
    DataError
        If it is no table: unknown extension, empty, binary, not UTF-8, ragged rows,
        duplicate column names.

    Examples
    --------
    >>> table = read_table("sizes.csv", b"width,height\n1,2\n3,4.5\n")
    >>> table.columns, table.has_header, table.first_row
    (('width', 'height'), True, 2)
    >>> table.values.rows()
    [(1.0, 2.0), (3.0, 4.5)]
    """
    source = scan(name, content)
    extension = PurePath(name).suffix.lower()
    if extension not in FORMATS:
        known = ", ".join(FORMATS)
        raise DataError(
            f"{name}: the extension {extension!r} is none of {known}: "
            "export the table as one of these"
        )
    if header is not None and extension in _CARRY_NAMES:
        raise OptionError(
            f"{name}: a table of {extension} carries the names of its columns, and has no first "
            "row that could hold them: leave --header and --no-header out"
        )
    if source.n_lines == 0:
        raise DataError(f"{name} is empty: it needs at least four rows of values")
    return FORMATS[extension](source, header)
