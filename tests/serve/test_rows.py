"""Rows in JSON: no value is dropped, whatever the quick way does not see."""

import pytest

from mlstages.release.schema import Field, Schema
from mlstages.serve.answer import Refused
from mlstages.serve.rows import make_reader

TARGET = Field(name="price", kind="numeric")


def make_reader_of(*fields):
    return make_reader(Schema(fields=fields, target=TARGET), 10)


@pytest.fixture
def read():
    """Return a reader of rows with a number, and a text that may be missing."""
    return make_reader_of(
        Field(name="size", kind="numeric"), Field(name="said", kind="text", optional=True)
    )


@pytest.mark.parametrize(
    ("body", "values"),
    [
        (b'{"size": 3}', [(3.0, None)]),
        (b'{"said": null, "size": 3}', [(3.0, None)]),
        (b'{"size": 3, "said": "a: b: c"}', [(3.0, "a: b: c")]),
        (b'[{"size": 1}, {"size": 2, "said": "b"}]', [(1.0, None), (2.0, "b")]),
        (b'{"s\\u0069ze": 3, "said": "\\u003a"}', [(3.0, ":")]),
    ],
)
def test_rows_are_read_whatever_their_texts_and_names(read, body, values):
    assert [tuple(row) for row in read(body).values] == values


@pytest.mark.parametrize(
    "body",
    [
        b'{"size": 3, "size": 3}',  # as many colons as there are fields
        b'{"size": 3, "size": 4, "said": "a"}',
        b'{"size": 3, "said": "a", "said": null}',
        b'{"size": 3, "said": ":", "s\\u0069ze": 4}',
        b'[{"size": 1, "said": "a"}, {"size": 2, "size": 3}]',
    ],
)
def test_of_two_values_of_one_name_none_is_taken(read, body):
    with pytest.raises(Refused, match="more than once") as refused:
        read(body)
    assert refused.value.status == 422


def test_a_colon_in_a_name_does_not_hide_a_second_value():
    read = make_reader_of(Field(name="a:b", kind="numeric"))
    assert list(read(b'{"a\\u003ab": 1}').values[0]) == [1.0]
    with pytest.raises(Refused, match="more than once"):
        read(b'{"a\\u003ab": 1, "a\\u003ab": 2}')
