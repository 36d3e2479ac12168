import pickle
import subprocess
import sys

import numpy as np
import pytest

from mlstages.data import load_dataset
from mlstages.errors import DataError
from mlstages.train import describe_model, predict, train_model

NUMBERS = np.random.default_rng(0).normal(size=(60, 3))
KINDS = ("categorical", "numeric", "boolean")


def rows_with_text(n_rows=60):
    """Rows of a colour, a number and a boolean, and the target that they make."""
    rng = np.random.default_rng(1)
    X = np.empty((n_rows, 3), dtype=object)
    X[:, 0] = rng.choice(["red", "green", "blue"], n_rows).tolist()
    X[:, 1] = rng.normal(size=n_rows).tolist()
    X[:, 2] = (rng.random(n_rows) > 0.5).tolist()
    effects = {"red": -3.0, "green": 1.0, "blue": 2.0}
    y = np.array([effects[colour] + 2 * number + 5 * flag + 10 for colour, number, flag in X])
    return X, y


def test_the_plane_that_made_the_data_is_found():
    model = train_model(NUMBERS, NUMBERS @ np.array([1.0, -2.0, 0.5]) + 4.0)
    terms, coefficients, intercept = describe_model(model, ("a", "b", "c", "y"))
    assert terms == ("a", "b", "c")
    assert coefficients == pytest.approx((1.0, -2.0, 0.5))
    assert intercept == pytest.approx(4.0)
    assert predict(model, np.array([[1.0, 1.0, 2.0]])).tolist() == pytest.approx([4.0])


def test_the_description_is_made_of_plain_floats():
    model = train_model(np.array([[0.0], [1.0]]), np.array([1.0, 3.0]))
    _terms, coefficients, intercept = describe_model(model, ("x", "y"))
    assert [type(number) for number in (*coefficients, intercept)] == [float, float]


@pytest.mark.parametrize("missing", [None, "drop"])
def test_the_model_of_numbers_is_the_bare_regressor(missing):
    model = train_model(
        NUMBERS, NUMBERS[:, 0], ("numeric", "boolean", "numeric", "numeric"), missing
    )
    assert type(model).__name__ == "LinearRegression"


@pytest.mark.parametrize("missing", [None, "impute"])
def test_each_category_has_a_term_and_their_coefficients_add_up_to_zero(missing):
    X, y = rows_with_text()
    model = train_model(X, y, KINDS, missing)
    terms, coefficients, intercept = describe_model(model, ("colour", "n", "flag", "y"))
    assert terms == ("n", "flag", "colour=blue", "colour=green", "colour=red")
    assert coefficients == pytest.approx((2.0, 5.0, 2.0, 1.0, -3.0))
    assert intercept == pytest.approx(10.0)


def test_the_model_takes_rows_as_they_come_and_an_unseen_category_counts_as_none():
    model = train_model(*rows_with_text(), KINDS)
    assert model.predict([["red", 1.0, True]]) == pytest.approx([14.0])
    assert model.predict(np.array([["pink", 1, False]], dtype=object)) == pytest.approx([12.0])


def test_missing_cells_are_filled_in_with_what_the_training_rows_have():
    X = np.array(
        [["red", 1.0], ["red", 3.0], ["blue", np.nan], [None, 8.0], ["red", 4.0]], dtype=object
    )
    y = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    model = train_model(X, y, ("categorical", "numeric"), "impute")
    filled = X.copy()
    filled[2, 1], filled[3, 0] = 4.0, "red"  # the mean; the most frequent
    expected = train_model(filled, y, ("categorical", "numeric"))
    assert predict(model, X).tolist() == predict(expected, filled).tolist()
    # None is what null of JSON and Parquet is.
    assert model.predict([[None, None]]) == pytest.approx(expected.predict([["red", 4.0]]))


def test_numbers_with_gaps_become_a_model_that_fills_them_in():
    X, y = NUMBERS.copy(), NUMBERS @ np.array([1.0, -2.0, 0.5])
    X[3, 1] = np.nan
    model = train_model(X, y, missing="impute")
    terms, coefficients, _intercept = describe_model(model, ("a", "b", "c"))
    assert (terms, len(coefficients)) == (("a", "b", "c"), 3)
    assert np.isfinite(predict(model, X)).all()


def test_a_feature_without_a_value_in_training_cannot_be_filled_in():
    X = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, np.nan]])
    with pytest.raises(DataError, match="feature 1 has no value in the 3 training rows"):
        train_model(X, X[:, 0], missing="impute")


def test_the_model_can_be_loaded_where_this_package_is_not(tmp_path):
    X, y = rows_with_text()
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(train_model(X, y, KINDS, "impute")))
    code = """
import pickle, sys
sys.modules["mlstages"] = None  # to import it now is an error
model = pickle.load(open("model.pickle", "rb"))
print(model.predict([["red", 1.0, True]])[0])
"""
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert float(finished.stdout) == pytest.approx(14.0)


def test_booleans_alone_are_numbers():
    X, y, layout = load_dataset(b"flag,y\ntrue,3\nfalse,1\ntrue,3\nfalse,1\n", name="data.csv")
    model = train_model(X, y, layout.kinds)
    assert model.predict([[True], [False]]) == pytest.approx([3.0, 1.0])
