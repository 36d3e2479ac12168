import math

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

from mlstages.runs.values import compare_values

X = np.arange(6.0).reshape(3, 2)
EQUAL = {
    "floats": (0.1, 0.1),
    "NaN": (math.nan, math.nan),
    "texts": ("a", "a"),
    "arrays": (X, X.copy()),
    "arrays with NaN": (np.array([1, np.nan]), np.array([1, np.nan])),
    "arrays of text": (np.array(["a"]), np.array(["a"])),
    "lists of many kinds": ([1, "a", [2.5]], [1, "a", [2.5]]),
    "dicts in another order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "models": (LinearRegression().fit(X, [1, 2, 4]), LinearRegression().fit(X, [1, 2, 4])),
    "nothing": (None, None),
    "integers beyond 64 bits": (10**30, 10**30),
}


@pytest.mark.parametrize(("a", "b"), EQUAL.values(), ids=EQUAL.keys())
def test_equal_values_do_not_differ(a, b):
    assert compare_values(a, b) is None


# name: (a, b, how, largest absolute, largest relative difference)
DIFFERENT = {
    "one bit": (1.0, math.nextafter(1.0, 2.0), "became", 2**-52, 2**-52),
    "another type": (1, 1.0, "int became float", None, None),
    "an element": ([1.0, 2.0], [1.0, 2.5], "1 of 2 elements differ", 0.5, 0.25),
    "a shape": (X, X[1:], r"shape (3, 2) became (2, 2)", None, None),
    "a number type": (X, X.astype("f4"), "float64 became float32", None, None),
    "infinity": (np.array([1.0]), np.array([math.inf]), "1 of 1 elements differ", None, None),
    "from nought": (0.0, 1.0, "0.0 became 1.0", 1.0, None),
    "text": ("a", "b", "another value", None, None),
    "a length": (["a"], ["a", "b"], "1 elements became 2", None, None),
    "a key": ({"a": 1}, {"b": 1}, "'a' is in one of them alone", None, None),
    "inside": ({"a": [1, "x"]}, {"a": [3, "x"]}, "['a']: [0]: 1 became 3", 2.0, 2.0),
    "a model": (LinearRegression(), LinearRegression(positive=True), "another value", None, None),
    "integers beyond 64 bits": (10**30, 10**30 + 1, "another value", None, None),
}


@pytest.mark.parametrize(
    ("a", "b", "how", "absolute", "relative"), DIFFERENT.values(), ids=DIFFERENT.keys()
)
def test_it_is_said_how_values_differ(a, b, how, absolute, relative):
    found = compare_values(a, b)
    assert how in found.how
    assert (found.largest_absolute, found.largest_relative) == (absolute, relative)


def test_an_address_within_a_model_is_no_difference():
    texts = ["good news", "bad news"]
    a, b = (make_pipeline(TfidfVectorizer(), LogisticRegression()) for _ in range(2))
    for model, address in ((a, 140_000_000_000_000), (b, 150_000_000_000_000)):
        model.fit(texts, [1, 0])
        model[0]._stop_words_id = address  # as another process has it
    assert compare_values(a, b) is None
    assert compare_values({"model": a}, {"model": b}) is None
    b[0].vocabulary_["news"] = 0
    assert compare_values(a, b).how == "another value"
