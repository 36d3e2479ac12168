import math
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mlstages.data import Layout, check_dataset, join_columns, load_dataset, split_dataset
from mlstages.errors import DataError, OptionError

FINITE = st.floats(-1e150, 1e150)


def layout_of(X, *, first_row=1, unreadable=None):
    columns = (*(f"x{i}" for i in range(X.shape[1])), "y")
    return Layout("data.csv", columns, first_row == 2, first_row, unreadable or {}, "")


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


# ---- check ----


@given(tables())
def test_finite_data_with_a_varying_target_passes(table):
    X, y = table
    assume(len(set(y.tolist())) > 1)
    check_dataset(X, y, layout_of(X), None)


@given(tables(), st.data())
def test_every_bad_value_is_found_with_its_row(table, data):
    X, y = table
    rows_and_columns = st.tuples(st.integers(0, X.shape[0] - 1), st.integers(0, X.shape[1] - 1))
    at = data.draw(st.sets(rows_and_columns, min_size=1, max_size=8))
    for row, column in at:
        X[row, column] = data.draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    with pytest.raises(DataError) as raised:
        check_dataset(X, y, layout_of(X, first_row=2), None)
    for column in {column for _, column in at}:
        rows = sorted(row for row, other in at if other == column)
        cells = "1 cell is" if len(rows) == 1 else f"{len(rows)} cells are"
        word = "row" if len(rows) == 1 else "rows"
        named = ", ".join(f"{row + 2} ({float(X[row, column])!r})" for row in rows)
        expected = f"column 'x{column}': {cells} not a finite number: {word} {named}"
        assert expected in raised.value.message


def test_every_reason_is_given_and_not_the_first():
    content = b"a,b,c\n1,x,5\nnan,inf,6\n3,1e200,700\n4,5,\xc3\xa9\n"
    X, y, layout = load_dataset(content, name="data.csv")
    with pytest.raises(DataError) as raised:
        check_dataset(X, y, layout, (0, 100))
    assert raised.value.message.splitlines() == [
        "data.csv has 5 faults: mend each",
        "  - column 'a': 1 cell is not a finite number: row 3 (nan)",
        "  - column 'b': 2 cells are not a finite number: rows 2 ('x'), 3 (inf)",
        "  - column 'b': 1 cell is beyond ±1e+150, too large to be squared: row 4 (1e+200)",
        "  - column 'c': 1 cell is not a finite number: row 5 ('é')",
        "  - the target, column 'c': 1 cell is out of the range 0 to 100: row 4 (700.0); "
        "mend them, or set another target range",
    ]


def test_at_most_ten_rows_are_named_and_all_are_counted():
    X = np.full((300, 1), np.nan)
    with pytest.raises(DataError) as raised:
        check_dataset(X, np.arange(300.0), layout_of(X), None)
    assert "300 cells are not a finite number" in raised.value.message
    assert raised.value.message.count("(nan)") == 10
    assert raised.value.message.endswith("10 (nan) and 290 more")


def test_the_ends_of_the_target_range_are_inside():
    X = np.zeros((4, 1))
    check_dataset(X, np.array([0.0, 1.0, 2.0, 3.0]), layout_of(X), (0.0, 3.0))


@pytest.mark.parametrize("n_rows", [0, 1, 3])
def test_too_few_rows_are_refused(n_rows):
    X = np.zeros((n_rows, 1))
    with pytest.raises(DataError, match=rf"it has {n_rows} rows? of values: 4 are needed"):
        check_dataset(X, np.arange(float(n_rows)), layout_of(X), None)


def test_a_constant_target_is_refused():
    X = np.arange(4.0).reshape(-1, 1)
    with pytest.raises(DataError, match=r"column 'y', is constant \(2\.0\)"):
        check_dataset(X, np.full(4, 2.0), layout_of(X), None)


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
    with pytest.raises(OptionError, match=r"choose from 0\.002 to 0\.998|not between 0 and 1"):
        split_dataset(X, X[:, 0], test_size, 42)


@given(st.integers(4, 3000))
def test_the_sizes_that_are_recommended_are_accepted(n_rows):
    y = np.arange(float(n_rows))
    with pytest.raises(OptionError) as raised:
        split_dataset(y.reshape(-1, 1), y, 1e-9, 42)
    low, high = re.search(r"choose from (\S+) to (\S+)$", raised.value.message).groups()
    for test_size in (float(low), float(high)):
        split = split_dataset(y.reshape(-1, 1), y, test_size, 42)
        assert min(len(split.y_train), len(split.y_test)) >= 2


def test_a_target_that_is_constant_on_the_test_rows_is_refused():
    X = np.arange(50.0).reshape(-1, 1)
    y = np.zeros(50)
    y[7] = 1.0
    seeds_with_row_7_in_training = [
        seed for seed in range(20) if 7.0 not in split_dataset(X, X[:, 0], 0.1, seed).y_test
    ]
    with pytest.raises(DataError, match=r"is constant \(0\.0\) on the 5 test rows"):
        split_dataset(X, y, 0.1, seeds_with_row_7_in_training[0])
