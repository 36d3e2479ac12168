import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mlstages.data import (
    count_unseen,
    handle_missing,
    join_columns,
    load_dataset,
    split_dataset,
)
from mlstages.errors import DataError, OptionError

FINITE = st.floats(-1e150, 1e150)


@st.composite
def tables(draw, elements=FINITE, min_rows=4):
    shape = draw(st.tuples(st.integers(min_rows, 30), st.integers(1, 4)))
    X = draw(npst.arrays(np.float64, shape, elements=elements))
    y = draw(npst.arrays(np.float64, shape[0], elements=elements))
    return X, y


# ---- load ----


@given(tables(elements=st.floats(allow_nan=False), min_rows=1), st.booleans())
def test_loading_gives_back_what_was_written(table, with_header):
    X, y = table
    header = ",".join(f"c{i}" for i in range(X.shape[1])) + ",target\n"
    rows = "".join(",".join(map(repr, row)) + "\n" for row in join_columns(X, y).tolist())
    content = ((header if with_header else "") + rows).encode()
    X_loaded, y_loaded, layout = load_dataset(content, name="data.csv")
    assert X_loaded.tobytes() == X.tobytes()
    assert y_loaded.tobytes() == y.tobytes()
    assert layout.has_header is with_header
    assert X_loaded.flags.c_contiguous


@pytest.mark.parametrize(
    ("target", "expected"),
    [(None, "c"), ("a", "a"), ("0", "a"), ("1", "b"), ("-1", "c"), ("-3", "a"), ("c", "c")],
)
def test_the_target_is_a_name_or_an_index(target, expected):
    X, y, layout = load_dataset(b"a,b,c\n1,2,3\n", name="data.csv", target=target)
    assert layout.columns[-1] == expected
    assert dict(zip(layout.columns, [*X[0], y[0]], strict=True)) == {"a": 1, "b": 2, "c": 3}


def test_a_name_wins_over_an_index():
    _X, y, _layout = load_dataset(b"1,0\n5,6\n", name="data.csv", header=True, target="0")
    assert y.tolist() == [6.0]


@pytest.mark.parametrize("target", ["d", "3", "-4", "1.0", ""])
def test_no_such_column_is_refused_with_those_there_are(target):
    with pytest.raises(DataError, match=r"no column .*: give one of 'a', 'b', 'c', or an index"):
        load_dataset(b"a,b,c\n1,2,3\n", name="data.csv", target=target)


def test_a_file_that_has_changed_is_refused_with_both_hashes(tmp_path):
    with pytest.raises(DataError, match=r"has changed: its SHA-256 is 492d.* and was ab12"):
        load_dataset(b"a,b\n1,2\n", name="data.csv", sha256="ab12")


FLOWERS = b"id,colour,fresh,height,price\n7,red,true,3,1.5\n8,blue,false,4,2.5\n"


def test_rows_come_as_they_are_in_the_file():
    X, y, layout = load_dataset(FLOWERS, name="data.csv")
    assert X.tolist() == [[7.0, "red", True, 3.0], [8.0, "blue", False, 4.0]]
    assert y.tolist() == [1.5, 2.5]
    assert layout.columns == ("id", "colour", "fresh", "height", "price")
    assert layout.kinds == ("numeric", "categorical", "boolean", "numeric", "numeric")


def test_a_table_without_text_is_of_floats():
    X, _y, layout = load_dataset(FLOWERS, name="data.csv", drop=("colour",))
    assert X.dtype == np.float64
    assert X.tolist() == [[7.0, 1.0, 3.0], [8.0, 0.0, 4.0]]
    assert layout.kinds == ("numeric", "boolean", "numeric", "numeric")


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ({"features": ("height", "colour")}, ("height", "colour", "price")),
        ({"features": ("3", "-4")}, ("height", "colour", "price")),
        ({"drop": ("id",)}, ("colour", "fresh", "height", "price")),
        ({"drop": ("0", "fresh")}, ("colour", "height", "price")),
        ({"drop": ("colour",), "target": "id"}, ("fresh", "height", "price", "id")),
    ],
)
def test_columns_are_chosen_by_name_or_index(options, columns):
    X, _y, layout = load_dataset(FLOWERS, name="data.csv", **options)
    assert layout.columns == columns
    assert X.shape == (2, len(columns) - 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ("heihgt",)}, "has no column 'heihgt': give one of 'id', 'colour'"),
        ({"drop": ("9",)}, "has no column '9'"),
        ({"features": ("price", "id")}, "column 'price' is the target and cannot be a feature"),
        ({"drop": ("4",)}, "column 'price' is the target and cannot be left out"),
        ({"drop": ("0", "1", "2", "3")}, "no feature is left beside the target 'price'"),
    ],
)
def test_a_choice_that_makes_no_table_is_refused(options, message):
    with pytest.raises(DataError) as raised:
        load_dataset(FLOWERS, name="data.csv", **options)
    assert message in raised.value.message


# ---- missing cells and unseen categories ----

GAPS = b"colour,size,y\nred,1,1\n,2,2\nblue,,3\n,,\ngreen,5,\nred,6,6\n"


@pytest.mark.parametrize("option", ["features", "drop"])
def test_a_column_that_is_given_by_its_name_and_by_its_index_is_given_twice(option):
    named = f"data.csv: {option} names column 'colour' more than once, as 'colour' and '1': give"
    with pytest.raises(OptionError, match=named):
        load_dataset(FLOWERS, name="data.csv", **{option: ("id", "colour", "1")})


def test_dropping_leaves_out_each_row_that_misses_a_cell_and_counts_it():
    X, y, layout = load_dataset(GAPS, name="data.csv")
    handled = handle_missing(X, y, layout, "drop")
    assert handled.X.tolist() == [["red", 1.0], ["red", 6.0]]
    assert handled.y.tolist() == [1.0, 6.0]
    assert handled.missing == ({"colour": 2, "size": 2, "y": 2}, 4, 0)


def test_imputing_leaves_out_only_the_rows_without_a_target():
    X, y, layout = load_dataset(GAPS, name="data.csv")
    handled = handle_missing(X, y, layout, "impute")
    assert str(handled.X.tolist()) == "[['red', 1.0], [None, 2.0], ['blue', nan], ['red', 6.0]]"
    assert handled.y.tolist() == [1.0, 2.0, 3.0, 6.0]
    assert handled.missing == ({"colour": 2, "size": 2, "y": 2}, 2, 2)


@pytest.mark.parametrize("missing", [None, "drop", "impute"])
def test_where_nothing_is_missing_the_arrays_are_not_copied(missing):
    X, y, layout = load_dataset(b"a,b\n1,2\n3,4\n", name="data.csv")
    handled = handle_missing(X, y, layout, missing)
    assert handled.X is X
    assert handled.y is y
    assert handled.missing == ({}, 0, 0)


def test_test_cells_of_a_category_that_no_training_row_has_are_counted():
    content = b"colour,shape,n,y\nred,a,1,1\nblue,a,2,2\nred,a,3,3\ngreen,a,4,4\nteal,a,5,5\n"
    X, _y, layout = load_dataset(content, name="data.csv")
    assert count_unseen(X[:2], X[2:], layout) == {"colour": 2}
    assert count_unseen(X, X, layout) == {}
    gap = np.array([[None, "a", 1.0]], dtype=object)
    assert count_unseen(X, gap, layout) == {}  # no value is no category


# ---- split ----


@given(st.integers(4, 200), st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_the_split_parts_all_rows_and_is_the_same_for_the_same_seed(n_rows, test_size, seed):
    X = np.arange(2.0 * n_rows).reshape(-1, 2)
    y = X[:, 0] * 3
    n_test = math.ceil(n_rows * test_size)
    if not 2 <= n_test <= n_rows - 2:
        with pytest.raises(OptionError, match="each side needs 2"):
            split_dataset(X, y, test_size, seed)
        return
    split = split_dataset(X, y, test_size, seed)
    assert len(split.y_test) == n_test
    rows = np.concatenate([split.X_train, split.X_test])
    assert sorted(rows[:, 0].tolist()) == X[:, 0].tolist()
    assert (rows[:, 0] * 3).tolist() == [*split.y_train.tolist(), *split.y_test.tolist()]
    again = split_dataset(X, y, test_size, seed)
    assert all(np.array_equal(one, other) for one, other in zip(split, again, strict=True))


def test_another_seed_gives_another_split():
    X = np.arange(100.0).reshape(-1, 1)
    first, other = (split_dataset(X, X[:, 0], 0.2, seed) for seed in (1, 2))
    assert not np.array_equal(first.y_test, other.y_test)


@pytest.mark.parametrize("test_size", [0.00001, 0.9995, 0.0, 1.0, 1.5, -0.1, math.nan])
def test_a_side_of_fewer_than_two_rows_is_refused_with_the_sizes_that_do(test_size):
    X = np.arange(1000.0).reshape(-1, 1)
    with pytest.raises(
        OptionError, match=r"choose a test size from 0\.002 to 0\.998|not between 0 and 1"
    ):
        split_dataset(X, X[:, 0], test_size, 42)


@given(st.integers(4, 3000))
def test_the_sizes_that_are_recommended_are_accepted(n_rows):
    y = np.arange(float(n_rows))
    with pytest.raises(OptionError) as raised:
        split_dataset(y.reshape(-1, 1), y, 1e-9, 42)
    low, high = re.search(r"choose a test size from (\S+) to (\S+)$", raised.value.message).groups()
    for test_size in (float(low), float(high)):
        split = split_dataset(y.reshape(-1, 1), y, test_size, 42)
        assert min(len(split.y_train), len(split.y_test)) >= 2


def test_a_side_to_learn_from_that_is_too_small_is_refused():
    y = np.arange(1000.0)
    with pytest.raises(OptionError, match="parts 1000 rows into 0 to learn from and 1000 to test"):
        split_dataset(y.reshape(-1, 1), y, 0.9995, 42)


def test_a_target_that_is_constant_on_the_test_rows_is_refused():
    X = np.arange(50.0).reshape(-1, 1)
    y = np.zeros(50)
    y[7] = 1.0
    seeds_with_row_7_in_training = [
        seed for seed in range(20) if 7.0 not in split_dataset(X, X[:, 0], 0.1, seed).y_test
    ]
    with pytest.raises(DataError, match=r"is constant \(0\.0\) on the 5 test rows"):
        split_dataset(X, y, 0.1, seeds_with_row_7_in_training[0])
