"""Digests are equal where values hold the same, and only there."""

import cmath
import copy
import datetime
import functools
import math
import pickle
import types

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KDTree

from mlstages.refactor.inside.digests import describe, describe_all, digest_of
from mlstages.refactor.inside.observer import find_shared


class Box:
    def __init__(self, content):
        self.content = content


class Empty:
    pass


def fitted(n):
    X = np.arange(2.0 * n).reshape(n, 2) ** 1.5
    return LinearRegression().fit(X, X.sum(axis=1))


class Bunch(dict):
    """Its attributes are its items, and no longer after it was pickled."""

    def __init__(self, **items):
        super().__init__(items)
        self.__dict__ = self


GAPS = pl.DataFrame({"a": [1, None, 3], "b": ["x", None, "z"]})

VALUES = {
    "a table of polars with gaps": GAPS.fill_null(0),
    "a table of polars without its gaps": GAPS.drop_nulls(),
    "a dictionary with attributes": Bunch(a=1, b=[2]),
    "numbers": [1, 2.5, float("nan"), 1j, True, None, -0.0],
    "nested": {"a": [1, (2, {3})], "b": frozenset({"x"})},
    "an array": np.arange(6.0).reshape(2, 3),
    "an array of objects": np.array(["a", None, 3], dtype=object),
    "a table": pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
    "a table of every kind": pd.DataFrame(
        {
            "number": [1.5, float("nan")],
            "whole": pd.array([1, None], dtype="Int64"),
            "text": ["é", None],
            "mixed": [1, "1"],
            "day": pd.to_datetime(["2020-01-01", None]),
            "zone": pd.to_datetime(["2020-01-01", None]).tz_localize("Europe/Berlin"),
            "time": pd.to_timedelta([1, 2], unit="s"),
            "class": pd.Categorical(["a", None]),
            "sparse": pd.arrays.SparseArray([0, 1]),
            "interval": pd.interval_range(0, 2),
            "month": pd.period_range("2020-01", periods=2, freq="M"),
        },
        index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]),
    ),
    "an index of times": pd.Series(
        [1, 2], index=pd.date_range("2020-01-01", periods=2, tz="Europe/Berlin")
    ),
    "an index of classes": pd.Series([1, 2], index=pd.CategoricalIndex(["a", "b"])),
    "times of polars": pl.DataFrame({"t": [datetime.datetime(2020, 1, 1), None]}),
    "an estimator": fitted(5),
    "an object": Box([1, Box("inner")]),
    "a generator of numbers": np.random.default_rng(3),
    "text": "é\n",
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_value_and_its_pickled_self_have_one_digest(value):
    again = pickle.loads(pickle.dumps(value))
    assert describe(value)["digest"] == describe(again)["digest"]
    assert not describe(value)["partial"]


def test_how_long_it_took_to_fit_is_no_part_of_a_search():
    X, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
    one, other = (GridSearchCV(Ridge(), {"alpha": [0, 1]}, cv=2).fit(X, y) for _ in range(2))
    assert one.cv_results_["mean_fit_time"].sum() != other.cv_results_["mean_fit_time"].sum()
    assert describe(one)["digest"] == describe(other)["digest"]
    other.cv_results_["mean_test_score"][0] += 1
    assert describe(one)["digest"] != describe(other)["digest"]
    times = np.array([0.1]), np.array([0.2])
    mine, its = ({"fit_time": t, "score_time": t, "test_score": [1]} for t in times)
    assert describe(mine)["digest"] == describe(its)["digest"]
    own = ({"fit_time": n, "score_time": n} for n in (1, 2))
    assert len({describe(each)["digest"] for each in own}) == 2
    box = Box(1)
    box.refit_time_, box.cv_results_ = 1.0, {"mean_fit_time": 2}
    assert describe(box)["digest"] != describe(Box(1))["digest"]


def test_what_lies_between_the_fields_of_a_table_is_no_part_of_it():
    kind = np.dtype([("a", np.uint8), ("b", np.float64)], align=True)
    one, other = np.zeros(3, kind), np.frombuffer(b"\x07" * 3 * kind.itemsize, kind).copy()
    other["a"], other["b"] = 0, 0
    assert one.tobytes() != other.tobytes()
    assert describe(one)["digest"] == describe(other)["digest"]
    other["b"][1] = 2
    assert describe(one)["digest"] != describe(other)["digest"]


def test_what_holds_numpys_own_generator_is_known_with_and_without_its_copy():
    shared = Box([1, np.random.mtrand._rand])
    mine, its = describe(shared), describe(pickle.loads(pickle.dumps(shared)))
    assert (mine["generators"], its["generators"]) == (["shared"], ["own"])
    assert mine["digest"] != its["digest"]
    assert mine["without_generators"] == its["without_generators"]
    other = describe(Box([2, np.random.RandomState(0)]))
    assert other["without_generators"] != mine["without_generators"]
    assert "generators" not in describe(Box([1, 2]))


def changed_array(a):
    a[1, 2] += 1e-12
    return a


CHANGED = {
    "a number": (1.0, 1.0 + 2**-52),
    "a type": (1, 1.0),
    "a sign": (0.0, -0.0),
    "whose a function is": (math.sqrt, cmath.sqrt),
    "an item": ([1, [2]], [1, [3]]),
    "an order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "a shape": (np.zeros((2, 3)), np.zeros((3, 2))),
    "a kind of numbers": (np.zeros(2), np.zeros(2, dtype=np.float32)),
    "one element": (VALUES["an array"], changed_array(VALUES["an array"].copy())),
    "a column's name": (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
    "a fit": (fitted(5), fitted(6)),
    "an attribute": (Box(1), Box(2)),
    "a lambda's constant": ([lambda x: x + 1000], [lambda x: x + 2000]),
    "a default": ([lambda x=1: x], [lambda x=2: x]),
    "what a method is bound to": (["a".upper], ["b".upper]),
    "a unit of time": (np.datetime64(1, "D"), np.datetime64(1, "s")),
    "an index's name": (
        pd.DataFrame({"a": [1]}, index=pd.Index([0], name="i")),
        pd.DataFrame({"a": [1]}, index=pd.Index([0], name="j")),
    ),
    "a column 0 and a column '0'": (pd.DataFrame({0: [1]}), pd.DataFrame({"0": [1]})),
    "a set of categories": (
        pd.Series(pd.Categorical(["a"], categories=["a", "b"])),
        pd.Series(pd.Categorical(["a"], categories=["a", "c"])),
    ),
    "a class": (pd.Series(pd.Categorical(["a", "b"])), pd.Series(pd.Categorical(["b", "a"]))),
    "a text and a number": (pd.Series([1, "1"]), pd.Series(["1", 1])),
    "where text ends": (["ab", "c"], ["a", "bc"]),
    "a missing cell": (
        pd.Series(pd.array([1, None], dtype="Int64")),
        pd.Series(pd.array([1, 0], dtype="Int64")),
    ),
    "a missing text": (pd.Series(["a", None]), pd.Series(["a", "None"])),
    "a cell of a row": (pd.Series([1.0, 2.0]), pd.Series([1.0, 2.0 + 2**-51])),
    "a time": (pd.Series(pd.to_datetime([1, 2])), pd.Series(pd.to_datetime([1, 3]))),
    "a time in another zone": (
        pd.Series(pd.to_datetime([1, 2], utc=True)),
        pd.Series(pd.to_datetime([1, 2], utc=True)).dt.tz_convert("Europe/Berlin"),
    ),
    "a level of an index": (
        pd.Series([1], index=pd.MultiIndex.from_tuples([("a", 1)])),
        pd.Series([1], index=pd.MultiIndex.from_tuples([("a", 2)])),
    ),
    "a class of polars": (
        pl.Series(["a", "b"], dtype=pl.Categorical),
        pl.Series(["b", "a"], dtype=pl.Categorical),
    ),
    "a kind of items": ([1, True], [True, 1]),
    "a key": ({"a": 1, "b": 2}, {"a": 1, "c": 2}),
    "a number that looks like an address": (hex(123456789), hex(987654321)),
    "a drawn number": (np.random.RandomState(0), None),
}


@pytest.mark.parametrize(("one", "other"), CHANGED.values(), ids=CHANGED)
def test_values_that_differ_have_two_digests(one, other):
    if other is None:
        other = copy.deepcopy(one)
        other.rand()
    assert describe(one)["digest"] != describe(other)["digest"]


def test_what_is_masked_does_not_count_and_the_mask_does():
    one, other = (np.ma.array([1.0, x, 3.0], mask=[0, 1, 0]) for x in (2.0, 9.0))
    assert digest_of(one) == digest_of(other)
    assert digest_of(one) != digest_of(np.ma.array([1.0, 2.0, 3.0], mask=[0, 0, 0]))
    assert digest_of(one) != digest_of(np.array([1.0, 0.0, 3.0]))


def test_the_order_in_which_attributes_were_set_does_not_count():
    one, other = Box(1), Box(1)
    one.a, one.b = 2, 3
    other.b, other.a = 3, 2
    assert digest_of(one) == digest_of(other)
    other.a = 4
    assert digest_of(one) != digest_of(other)


def test_one_array_twice_is_two_equal_arrays():
    a = np.arange(3)
    assert describe([a, a])["digest"] == describe([a, a.copy()])["digest"]


def test_a_tree_of_neighbours_is_the_same_after_it_was_asked():
    X = np.arange(40.0).reshape(20, 2) ** 2
    one, other, third = KDTree(X), KDTree(X), KDTree(X + 1)
    one.query(X)
    assert describe(one)["digest"] == describe(other)["digest"] != describe(third)["digest"]


@pytest.mark.parametrize("value", [functools.partial(print, 1), Empty()], ids=["partial", "empty"])
def test_a_value_that_has_been_looked_at_is_the_same(value):
    assert describe(value) == describe(value)
    assert describe(copy.copy(value))["digest"] == describe(value)["digest"]


def test_parts_of_an_object_have_digests_of_their_own():
    one, other = describe(fitted(5)), describe(fitted(6))
    differing = {name for name in one["parts"] if one["parts"][name] != other["parts"][name]}
    assert "coef_" in differing
    assert "fit_intercept" not in differing
    assert describe(np.arange(3))["parts"] == {}
    assert describe([Box(i) for i in range(3)])["parts"] == {}


def test_a_cycle_ends():
    xs = [1]
    xs.append(xs)
    assert describe(xs)["digest"]


def test_what_cannot_be_looked_into_is_said_to_be():
    assert describe(i for i in "ab")["partial"]
    assert not describe([1, 2])["partial"]


def test_modules_and_what_the_script_defines_are_no_results():
    defined = types.FunctionType((lambda: 1).__code__, {"__name__": "__main__"}, "f")
    assert list(describe_all({"np": np, "f": defined, "x": 1, "__doc__": ""})) == ["x"]


def test_names_that_share_memory_are_found():
    a = np.arange(4)
    xs = [1]
    carried = {"a": a, "view": a[1:], "copy": a.copy(), "xs": xs, "holder": {"k": xs}, "n": 1}
    assert find_shared(carried) == [["a", "view"], ["xs", "holder"]]


class Vectorizer:
    """Remembers an address, as those of scikit-learn do."""

    def __init__(self, address, count=1):
        self._stop_words_id = address
        self.count = count


def test_an_address_that_an_object_remembers_is_none_of_its_values():
    one, other = Vectorizer(0x7F0000001000), Vectorizer(0x7F0000002000)
    assert digest_of(one) == digest_of(other)
    assert digest_of(one) != digest_of(Vectorizer(0x7F0000001000, count=2))
    assert digest_of(Vectorizer(1)) != digest_of(Vectorizer(2))  # too small for an address


def test_what_a_set_holds_and_cannot_be_looked_into_is_told():
    assert digest_of({(n for n in "a")})[1]
    assert not digest_of({1, "a"})[1]
