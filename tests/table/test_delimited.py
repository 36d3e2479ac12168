import math
import os
import struct
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstages.errors import DataError
from mlstages.table import Kind, read_table

TEXT = st.characters(codec="utf-8", exclude_characters='\0\r\n,"')


def read(content, name="data.csv", header=None):
    return read_table(name, content.encode() if isinstance(content, str) else content, header)


def bits(values):
    return [struct.pack("<d", value) for value in values]


@given(
    st.lists(
        st.tuples(
            *[
                st.floats(allow_nan=False).map(repr)
                | st.from_regex(
                    r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
                )
            ]
            * 2
        ),
        min_size=1,
        max_size=20,
    )
)
def test_every_value_is_what_float_gives_to_the_bit(rows):
    table = read("".join(f"{a},{b}\n" for a, b in rows))
    for i in range(2):
        expected = [float(row[i]) for row in rows]
        assert bits(table.values.to_series(i).to_list()) == bits(expected)


@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=False).map(repr),
            st.text(
                st.characters(codec="utf-8", exclude_characters='\0\r\n,"'), min_size=1, max_size=6
            ),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_a_cell_is_what_float_gives_or_stays_as_it_is(rows):
    table = read("".join(f"{a},{b}\n" for a, b in rows), header=False)
    for (_, text), value in zip(rows, table.values["1"].to_list(), strict=True):
        if isinstance(value, str):
            assert value == text
            with pytest.raises(ValueError, match="could not convert"):
                float(text)
        elif value is None or isinstance(value, bool) or math.isnan(value):
            assert text.strip().lower() in {"", "na", "n/a", "nan", "+nan", "-nan", "true", "false",
                                            "null", "none"}  # fmt: skip
        else:
            assert bits([value]) == bits([float(text)])


@pytest.mark.parametrize(
    ("content", "has_header"),
    [
        ("width,height\n1,2\n", True),
        ("1,2\n3,4\n", False),
        ("width,2\n3,4\n", False),  # one cell is a number: values, of which one is at fault
        ("nan,inf\n3,4\n", False),  # numbers for float()
        ("2020-01-01,b\n3,4\n", True),
    ],
)
def test_the_first_row_is_a_header_only_if_none_of_its_cells_is_a_number(content, has_header):
    table = read(content)
    assert table.has_header is has_header
    assert table.first_row == (2 if has_header else 1)


def test_the_option_decides_about_the_header():
    assert read("1,2\n3,4\n", header=True).columns == ("1", "2")
    assert read("a,b\n3,4\n", header=False).values["0"].to_list() == ["a", 3.0]


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n3,4\n",
        "a,b\n1,2\n3,4",  # no line feed at the end
        "a,b\r\n1,2\r\n3,4\r\n",
        "a,b\r1,2\r3,4\r",
        "a,b\r1,2\n3,4\n",
        "\ufeffa,b\n1,2\n3,4\n",  # byte order mark
        "a,b\n1,2\n3,4\n\n\n",  # blank lines at the end
        '"a","b"\n"1","2"\n3,4\n',
        " a , b \n 1 , 2 \n3,4\n",
        "a,b\n1_0e-1,2\n3,4\n",  # float() takes underscores, polars does not
        '"a","b"\r\n1,2\r\n3,4\r\n',  # a header as R writes it
    ],
)
def test_every_way_to_write_a_table_gives_the_same_table(content):
    table = read(content)
    assert table.columns == ("a", "b")
    assert table.values.rows() == [(1.0, 2.0), (3.0, 4.0)]
    assert set(table.values.dtypes) == {pl.Float64}


def test_a_quoted_line_feed_in_a_header_does_not_shift_the_rows():
    table = read('"a\nb",c\n1,2\n3,4\n')
    assert table.columns == ("a\nb", "c")
    assert table.values.rows() == [(1.0, 2.0), (3.0, 4.0)]


LETTERS = st.sampled_from(["1", "2", ",", "\n", "\r", '"', "-0", ".5", "e3", "x", " "])


@given(st.lists(LETTERS, max_size=14))
def test_whatever_stands_in_a_file_it_is_a_table_or_refused(letters):
    content = "1,2\n" + "".join(letters)
    try:
        table = read(content, header=False)
    except DataError:
        return
    if '"' in content or "\r" in content:
        return
    # One more column, of text, has the careful reader take the rest as well.
    marked = "".join(f"{line},_\n" for line in content.rstrip("\n").split("\n"))
    careful = read(marked, header=False)
    for column in table.columns:
        ours, theirs = careful.values[column].to_list(), table.values[column].to_list()
        assert list(map(repr, ours)) == list(map(repr, theirs))


def test_a_file_whose_name_is_not_utf8_is_read(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/h\xff.csv"))
    path.write_text("1,2\n3,4\n")
    assert read_table("data.csv", path).values.rows() == [(1.0, 2.0), (3.0, 4.0)]


@pytest.mark.parametrize("extension", [".txt", ".tsv"])
def test_tabs_go_with_txt_and_tsv(extension):
    assert read("1\t2\n", name=f"data{extension}").values.rows() == [(1.0, 2.0)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2\n3\n4,5,6\n", "data.csv: 2 rows have not the 2 cells of the first: "
                            "rows 2 (1 cells), 3 (3 cells)"),
        ("1,2\n\n3,4\n", "1 row has not the 2 cells of the first: row 2 (blank)"),
        ("1,2\n" + "3\n" * 12, "rows 2 (1 cells), 3 (1 cells), 4 (1 cells), 5 (1 cells), "
                               "6 (1 cells), 7 (1 cells), 8 (1 cells), 9 (1 cells), "
                               "10 (1 cells), 11 (1 cells) and 2 more"),
        ("\n1,2\n", "data.csv:1: the first row is blank"),
        ("", "data.csv is empty"),
        ("a,a\n1,2\n", "data.csv:1: duplicate column names 'a'"),
        ("a\n1\n", "data.csv:1: one column"),
        ("1;2\n3;4\n", "commas separate the columns, though its first row has semicolons"),
        ("1\t2\n", "though its first row has tabs"),
        (b"1,2\n\xff\n", "data.csv:2: byte 0xff is not UTF-8"),
        (b"1,2\n\0\n", "data.csv is binary, not text: byte 4 is NUL"),
        ('1,2\n"3,4\n', "data.csv:2: unexpected end of data: mend the quotes"),
        ('1,2\n3,4\n5,"', "data.csv:3: unexpected end of data: mend the quotes"),
        ("1,2\n3,4\r\r\n5,6\n", "1 row has not the 2 cells of the first: row 3 (blank)"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_its_place(content, message):
    with pytest.raises(DataError) as raised:
        read(content)
    assert message in raised.value.message


def test_an_unknown_extension_is_refused_with_the_known_ones():
    with pytest.raises(DataError, match=r"\.txt, \.tsv, \.csv, \.jsonl, \.parquet"):
        read("1,2\n", name="data.xls")


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", " 2 "], Kind.NUMERIC, [1.0, 2.0]),
        (["1", "inf"], Kind.NUMERIC, [1.0, math.inf]),
        (["red", " red"], Kind.CATEGORICAL, ["red", " red"]),
        (["red", "", "NA", "N/A", "NaN", "nan", "null", "None", " "], Kind.CATEGORICAL,
         ["red", None, None, None, None, None, None, None, None]),
        (["True", "false", "", "TRUE"], Kind.BOOLEAN, [True, False, None, True]),
        (["true", "maybe"], Kind.CATEGORICAL, ["true", "maybe"]),
        (["1", "red", ""], Kind.MIXED, [1.0, "red", None]),
        (["1", "true"], Kind.MIXED, [1.0, "true"]),
        (["red", "0E0"], Kind.MIXED, ["red", 0.0]),
        (["none", "Na"], Kind.CATEGORICAL, ["none", "Na"]),
    ],
    ids=str,
)  # fmt: skip
def test_the_cells_say_of_what_kind_a_column_is(cells, kind, values):
    table = read("".join(f"{cell},0\n" for cell in cells), header=False)
    assert table.kind("0") is kind
    assert table.values["0"].to_list() == values


def test_what_is_missing_in_a_column_of_numbers_is_nan():
    table = read("1,2\n,3\nNA,4\nnan,5\n")
    assert table.kind("0") is Kind.NUMERIC
    assert str(table.values["0"].to_list()) == "[1.0, nan, nan, nan]"


def test_a_column_without_any_value_is_of_numbers():
    table = read("1,\n2,NA\n")
    assert table.kind("1") is Kind.NUMERIC
    assert str(table.values["1"].to_list()) == "[nan, nan]"


def test_a_table_of_text_alone_works():
    table = read("colour,shape\nred,round\nblue,square\n")
    assert (table.has_header, table.columns) == (True, ("colour", "shape"))
    assert table.values.rows() == [("red", "round"), ("blue", "square")]
    assert read("red,round\nblue,square\n", header=False).values.height == 2


def test_a_kind_that_shows_late_is_that_of_the_whole_column():
    rows = ["1,2\n"] * 60_000 + [",2\n"] + ["x,2\n"]
    table = read("".join(rows))
    assert table.kind("0") is Kind.MIXED
    cells = table.values["0"].to_list()
    assert cells[59_999:] == [1.0, None, "x"]


def test_a_matrix_is_of_floats_unless_there_is_text():
    table = read("a,b,c\n1,true,red\n,,\n3,false,blue\n")
    assert str(table.to_matrix(["a", "b"]).tolist()) == "[[1.0, 1.0], [nan, nan], [3.0, 0.0]]"
    assert table.to_matrix(["a", "b"]).dtype == "float64"
    mixed = table.to_matrix(["c", "b", "a"])
    assert mixed.dtype == object
    assert str(mixed.tolist()) == "[['red', True, 1.0], [None, None, nan], ['blue', False, 3.0]]"
