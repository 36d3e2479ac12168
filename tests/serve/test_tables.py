"""Rows in CSV: what a cell without a value reads is what it reads in a file to learn from."""

import pytest

from mlstages.release.schema import Field, Schema
from mlstages.serve.answer import Refused
from mlstages.serve.tables import read_csv

TARGET = Field(name="price", kind="numeric")


def read(body, *, optional):
    fields = [
        Field(name="size", kind="numeric", optional=optional),
        Field(name="new", kind="boolean", optional=optional),
        Field(name="said", kind="text", optional=optional),
    ]
    rows = read_csv(body, Schema(fields=tuple(fields), target=TARGET), 10)
    return [tuple(row) for row in rows.values]


@pytest.mark.parametrize("text", ["", "NA", "N/A", "NaN", "nan", "null", "None", " NA "])
def test_a_cell_without_a_value_is_missing_where_that_may_be(text):
    body = f"size,new,said\n1.5,TRUE,good\n{text},{text},{text}\n".encode()
    assert read(body, optional=True) == [(1.5, True, "good"), (None, None, None)]


@pytest.mark.parametrize("text", ["NA", "NaN", ""])
@pytest.mark.parametrize("name", ["size", "new", "said"])
def test_and_a_fault_where_it_may_not(text, name):
    cells = {"size": "1.5", "new": "true", "said": "good"} | {name: text}
    body = f"size,new,said\n{','.join(cells.values())}\n".encode()
    with pytest.raises(Refused) as refused:
        read(body, optional=False)
    assert refused.value.status == 422
    assert [(fault.row, fault.field) for fault in refused.value.faults] == [(1, name)]
