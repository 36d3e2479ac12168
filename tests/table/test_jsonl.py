import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstages.errors import DataError
from mlstages.table import Kind, read_table


def read(content):
    return read_table("data.jsonl", content.encode())


@given(st.lists(st.tuples(st.floats(), st.integers()), min_size=1, max_size=20))
def test_every_number_is_what_float_gives_to_the_bit(rows):
    table = read("".join(json.dumps({"a": a, "b": b}) + "\n" for a, b in rows))
    floats = [struct.pack("<d", float(repr(a))) for a, _ in rows]
    integers = [struct.pack("<d", float(str(b))) for _, b in rows]
    assert [struct.pack("<d", value) for value in table.values["a"].to_list()] == floats
    assert [struct.pack("<d", value) for value in table.values["b"].to_list()] == integers


def test_minus_nought_keeps_its_sign():
    for text in ("-0", "-0.0", "-00"):
        try:
            table = read(f'{{"a": 1, "b": {text}}}\n{{"b": {text} , "a": 3}}\n')
        except DataError:
            assert text == "-00"  # no JSON
            continue
        assert [math.copysign(1, value) for value in table.values["b"].to_list()] == [-1, -1]


def test_the_order_of_keys_does_not_matter():
    table = read('{"a": 1, "b": 2}\n{"b": 4, "a": 3}\n')
    assert table.values.rows() == [(1.0, 2.0), (3.0, 4.0)]
    assert (table.columns, table.has_header, table.first_row) == (("a", "b"), None, 1)


@pytest.mark.parametrize("cell", ["true", '"x"', "[1]", '{"c": 1}'])
def test_a_cell_of_another_kind_makes_a_mixed_column(cell):
    table = read(f'{{"a": 1, "b": 2}}\n{{"a": 3, "b": {cell}}}\n')
    assert table.kind("b") is Kind.MIXED
    assert table.values["b"].to_list() == [2.0, json.loads(cell)]


@pytest.mark.parametrize("cell", ["null", '""', '"NA"', "NaN"])
def test_a_cell_without_a_value_is_missing(cell):
    table = read(f'{{"a": 1, "b": "x"}}\n{{"a": {cell}, "b": {cell}}}\n')
    assert str(table.values.rows()) == "[(1.0, 'x'), (nan, None)]"


def test_booleans_and_text_are_kinds_of_their_own():
    table = read('{"a": true, "b": "x"}\n{"a": false, "b": "y"}\n')
    assert (table.kind("a"), table.kind("b")) == (Kind.BOOLEAN, Kind.CATEGORICAL)
    assert table.values.rows() == [(True, "x"), (False, "y")]


def test_blank_lines_at_the_end_are_forgiven():
    assert read('{"a": 1, "b": 2}\n\n').values.rows() == [(1.0, 2.0)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1, "b": 2}\n{"a": 1, "c": 2}\n', "row 2 (no 'b', also 'c')"),
        ('{"a": 1, "b": 2}\n{"a": 1}\n', "row 2 (no 'b')"),
        ('{"a": 1, "b": 2}\n{"a": 1, "b": 2, "c": 3}\n', "row 2 (also 'c')"),
        # polars drops a repeated or unknown key in silence; here they even out
        ('{"a": 1, "b": 2}\n{"a": 1, "a": 2}\n', "data.jsonl:2: duplicate column names 'a'"),
        ('{"a": 1, "b": 2}\n\n{"a": 1, "b": 2}\n', "data.jsonl:2: the row is blank"),
        ("\n\n", "has only blank lines"),
        ("[1, 2]\n", "data.jsonl:1: no JSON object"),
        ('{"a": 1,\n', "data.jsonl:1: no JSON: "),
        ("[" * 100_000, "data.jsonl:1: nested too deeply"),
        ('{"a": 1}\n', "data.jsonl:1: 1 key(s), where a feature and a target are needed"),
        ('{"\\ud800": 1, "b": 2}\n', "data.jsonl:1: half a character in the name"),
        ("\0", "is binary"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(content, message):
    with pytest.raises(DataError) as raised:
        read(content)
    assert message in raised.value.message
