import io
from decimal import Decimal

import polars as pl
import pytest

from mlstages.errors import DataError
from mlstages.table import read_table


def read(columns):
    stream = io.BytesIO()
    pl.DataFrame(columns, strict=False).write_parquet(stream)
    return read_table("data.parquet", stream.getvalue())


def test_numbers_of_every_type_become_what_float_gives():
    table = read(
        {
            "integers": pl.Series([1, 2**63 - 1]),
            "halves": pl.Series([0.1, 2.0], dtype=pl.Float32),
            "decimals": pl.Series([Decimal("0.10"), Decimal("123456789012345678.9")]),
        }
    )
    assert table.values["integers"].to_list() == [1.0, float(2**63 - 1)]
    assert table.values["halves"].to_list() == [0.10000000149011612, 2.0]
    assert table.values["decimals"].to_list() == [0.1, float("123456789012345678.9")]
    assert (table.unreadable, table.has_header, table.first_row) == ({}, None, 1)


@pytest.mark.parametrize("cells", [["x", "y"], [True, False], [[1], [2]]])
def test_a_column_of_another_type_is_unreadable_from_end_to_end(cells):
    table = read({"a": cells, "b": [1.0, 2.0]})
    assert table.unreadable["a"].n_cells == 2


def test_a_null_is_reported_with_its_row():
    assert read({"a": [1.0, None], "b": [1, 2]}).unreadable["a"].examples == ((2, "null"),)


@pytest.mark.parametrize("content", [b"hello", b"PAR1" + b"x" * 40 + b"PAR1"])
def test_a_file_that_is_no_parquet_is_refused(content):
    with pytest.raises(DataError, match=r"data\.parquet is no Parquet file"):
        read_table("data.parquet", content)


def test_one_column_is_not_enough():
    with pytest.raises(DataError, match="a feature and a target are needed"):
        read({"a": [1.0]})
