import collections
import fractions
import os
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

from mlstages.runs.pickles import describe_pickle, describe_value, read_plain_value


class RunsCode:
    def __reduce__(self):
        return os.mkdir, ("was-run",)


class OwnList(list):
    pass


# name: (value, its type, its shape, its preview)
VALUES = {
    "whole number": (3, "int", None, "3"),
    "float": (0.1, "float", None, "0.1"),
    "nothing": (None, "NoneType", None, "None"),
    "text": ("a b", "str", (3,), "'a b'"),
    "bytes": (b"x" * 500, "bytes", (500,), "b'xxx'…"),
    "list": ([1, "a"], "list", (2,), "[1, 'a']"),
    "tuple": ((1.5,), "tuple", (1,), "(1.5,)"),
    "set": ({1}, "set", (1,), "{1}"),
    "ordered dict": (
        collections.OrderedDict(a=1),
        "collections.OrderedDict",
        (1,),
        repr(collections.OrderedDict(a=1)),
    ),
    "array": (np.zeros((3, 4)), "numpy.ndarray", (3, 4), None),
    "array in the order of columns": (np.zeros((3, 2), order="F"), "numpy.ndarray", (3, 2), None),
    "array of objects": (np.array(["a", 1], dtype=object), "numpy.ndarray", (2,), None),
    "number of NumPy": (np.float64(2), "numpy scalar", (), None),
    "model": (LinearRegression(), "sklearn.linear_model._base.LinearRegression", None, None),
    "table": (pl.DataFrame({"a": [1]}), "polars.dataframe.frame.DataFrame", None, None),
    "fraction": (fractions.Fraction(1, 3), "fractions.Fraction", None, None),
    "list of one's own": (OwnList([1]), f"{__name__}.OwnList", None, None),
    "class": (fractions.Fraction, "class fractions.Fraction", None, None),
}


@pytest.mark.parametrize("protocol", [4, 5])
@pytest.mark.parametrize(("value", "kind", "shape", "preview"), VALUES.values(), ids=VALUES.keys())
def test_a_value_is_described_from_its_pickle(value, kind, shape, preview, protocol):
    described = describe_pickle(pickle.dumps(value, protocol))
    assert described == (kind, shape, preview)


NUMBERS = pd.DataFrame(np.zeros((7, 5)), columns=list("abcde"))
FRAMES = {
    "numbers": (NUMBERS, (7, 5)),
    "other types": (NUMBERS.assign(n=1, t="x"), (7, 7)),
    "every second row": (NUMBERS.iloc[::2], (4, 5)),
    "no rows": (NUMBERS[NUMBERS["a"] > 1], (0, 5)),
    "nothing": (pd.DataFrame(), (0, 0)),
    "rows with names": (pd.DataFrame({"a": [1, 2]}, index=["p", "q"]), (2, 1)),
    "days": (pd.DataFrame({"a": pd.to_datetime(["2020-01-01"])}), (1, 1)),
    "columns the other way round": (NUMBERS.iloc[:, ::-1], (7, 5)),
    "rows of two levels": (NUMBERS.set_index(["a", "b"]), (7, 3)),
    "categories": (NUMBERS.assign(kind=pd.Categorical(["x"] * 7)), (7, 6)),
}


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize(("frame", "shape"), FRAMES.values(), ids=FRAMES.keys())
def test_a_table_of_pandas_has_rows_and_columns(frame, shape, protocol):
    assert describe_pickle(pickle.dumps(frame, protocol)).shape == shape == frame.shape


class DataFrame:
    """Looks like pandas' own, and has a manager that it cannot have."""

    def __init__(self, *manager):
        self._mgr = Manager(*manager)


class Manager:
    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return Manager, self.arguments


class Block(Manager):
    def __reduce__(self):
        return Block, self.arguments


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ((1,), [None, None]),
        ((Block(np.zeros((1, 2)), slice(0, 10**30)),), [None, None]),
        ((Block(np.zeros((1, 2)), slice("a", "b")),), [None, None]),
        ((Block("x", np.zeros(3)),), [None, None]),
    ],
)
def test_what_only_looks_like_such_a_table_has_none(arguments):
    own = pickle.dumps(DataFrame(*arguments))
    as_pandas = own.replace(__name__.encode(), b"pandas.".ljust(len(__name__), b"s"))
    for blob in (own, as_pandas):
        described = describe_pickle(blob)
        assert described.type.endswith(".DataFrame")
        assert described.shape is None


def test_what_is_inside_a_plain_value_is_named():
    described = describe_pickle(pickle.dumps({"model": LinearRegression(), "x": np.zeros(2)}))
    assert described.preview == (
        "{'model': <sklearn.linear_model._base.LinearRegression>, 'x': <numpy.ndarray>}"
    )


@pytest.mark.parametrize(
    "value", [RunsCode(), [RunsCode()], {"a": RunsCode()}], ids=["bare", "in a list", "in a dict"]
)
def test_nothing_that_a_pickle_names_is_run(value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blob = pickle.dumps(value)
    describe_pickle(blob)
    read_plain_value(blob)
    assert not list(tmp_path.iterdir())
    pickle.loads(blob)  # the same pickle does run code for those who load it
    assert [path.name for path in tmp_path.iterdir()] == ["was-run"]


DAMAGED = {
    "nothing": b"",
    "text": b"hello",
    "cut off": pickle.dumps(list(range(1000)))[:-50],
    "an instruction for more than there is": b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0",
}


@pytest.mark.parametrize("blob", DAMAGED.values(), ids=DAMAGED.keys())
def test_bytes_that_are_no_pickle_are_damaged(blob):
    assert describe_pickle(blob) == ("damaged", None, None)
    assert read_plain_value(blob) == "<damaged>"


def test_a_value_that_json_cannot_carry_is_named():
    assert read_plain_value(pickle.dumps([1, {"a": None}])) == [1, {"a": None}]
    assert read_plain_value(pickle.dumps(np.zeros(2))) == "<numpy.ndarray>"


def test_arrays_are_not_dumped_and_long_texts_are_cut():
    assert describe_value(np.arange(1_000_000)).preview == "array([0, 1, 2])"
    assert len(describe_value("x" * 1000).preview) == 200
