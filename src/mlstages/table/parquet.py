"""Tables in Parquet: typed columns, so that only their types can be at fault."""

import io
import math

import polars as pl

from mlstages.errors import DataError
from mlstages.table.cells import REPORTED_ROWS, Table, UnreadableCells, excerpt, to_float
from mlstages.table.source import Source


def read_parquet(source: Source) -> Table:
    """Return the table that the file holds; see `mlstages.table.read_table`."""
    content = source.for_polars()
    try:
        frame = pl.read_parquet(
            io.BytesIO(content) if isinstance(content, bytes) else content, glob=False
        )
    # polars panics on some damaged files; its PanicException is no PolarsError.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        first_line = str(error).partition("\n")[0]
        raise DataError(f"{source.name} is no Parquet file: {first_line}") from None
    if frame.width < 2:
        raise DataError(
            f"{source.name}: {frame.width} column(s), where a feature and a target are needed"
        )
    unreadable = {}
    columns = []
    for column in frame.iter_columns():
        values, faults = _to_floats(column)
        columns.append(values)
        if faults.n_cells:
            unreadable[column.name] = faults
    return Table(tuple(frame.columns), pl.DataFrame(columns), None, 1, unreadable, source.sha256)


def _to_floats(column: pl.Series) -> tuple[pl.Series, UnreadableCells]:
    if column.dtype.is_numeric() and not column.dtype.is_decimal() and not column.null_count():
        return column.cast(pl.Float64), UnreadableCells(0, ())
    if not column.dtype.is_numeric():
        examples = enumerate(column.head(REPORTED_ROWS).to_list(), start=1)
        return pl.Series(column.name, [math.nan], dtype=pl.Float64).new_from_index(
            0, len(column)
        ), UnreadableCells(len(column), tuple((row, excerpt(cell)) for row, cell in examples))
    # A decimal is a number for float() too; a cast would round it twice.
    cells = [to_float(cell) for cell in column.to_list()]
    faults = [(row, "null") for row, cell in enumerate(cells, start=1) if cell is None]
    floats = [math.nan if cell is None else cell for cell in cells]
    values = pl.Series(column.name, floats, dtype=pl.Float64)
    return values, UnreadableCells(len(faults), tuple(faults[:REPORTED_ROWS]))
