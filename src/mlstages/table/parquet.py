"""Tables in Parquet: typed columns, where text means what it means in the other formats."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

from mlstages.errors import DataError
from mlstages.source import Source
from mlstages.table.cells import ColumnCollector, Table

if TYPE_CHECKING:  # imported where it is used: most tasks of a flow read no table
    import polars as pl


def read_parquet(source: Source) -> Table:
    """Return the table that the file holds; see `mlstages.table.read_table`."""
    import polars as pl

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
    values = pl.DataFrame([_read_column(column) for column in frame.iter_columns()])
    return Table(tuple(frame.columns), values, None, 1, source.sha256)


def _read_column(column: pl.Series) -> pl.Series:
    import polars as pl

    # A decimal is a number for float() too; a cast would round it twice.
    if column.dtype.is_numeric() and not column.dtype.is_decimal():
        return column.cast(pl.Float64).fill_null(math.nan)
    collector = ColumnCollector()
    collector.extend(column.to_list())
    return collector.to_series(column.name)
