import io
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from mlstages.errors import DataError, OptionError
from mlstages.table import Kind, read_table


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
    assert {table.kind(column) for column in table.columns} == {Kind.NUMERIC}
    assert (table.has_header, table.first_row) == (None, 1)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["x", None], Kind.CATEGORICAL),
        (["1", "2"], Kind.NUMERIC),  # as text of a CSV
        ([True, False], Kind.BOOLEAN),
        ([[1], [2]], Kind.MIXED),
        ([date(2026, 1, 1), None], Kind.MIXED),
        (pl.Series(["x", "y"], dtype=pl.Categorical), Kind.CATEGORICAL),
    ],
    ids=["text", "numbers as text", "booleans", "lists", "dates", "dictionary"],
)
def test_a_column_is_of_the_kind_of_its_cells(cells, kind):
    table = read({"a": cells, "b": [1.0, 2.0]})
    assert table.kind("a") is kind
    assert table.to_matrix(["a", "b"]).shape == (2, 2)


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Int64, pl.Decimal(10, 2)])
def test_a_null_among_numbers_is_nan(dtype):
    table = read({"a": pl.Series([1, None], dtype=dtype), "b": [1, 2]})
    assert str(table.values["a"].to_list()) == "[1.0, nan]"


@pytest.mark.parametrize("content", [b"hello", b"PAR1" + b"x" * 40 + b"PAR1"])
def test_a_file_that_is_no_parquet_is_refused(content):
    with pytest.raises(DataError, match=r"data\.parquet is no Parquet file"):
        read_table("data.parquet", content)


def test_one_column_is_not_enough():
    with pytest.raises(DataError, match="a feature and a target are needed"):
        read({"a": [1.0]})


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("extension", ["parquet", "jsonl"])
def test_whether_there_is_a_header_is_no_question_where_a_format_carries_names(extension, header):
    content = b'{"a": 1, "b": 2}'
    named = f"data.{extension}: a table of .{extension} carries the names .* leave --header and"
    with pytest.raises(OptionError, match=named):
        read_table(f"data.{extension}", content, header)
