import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mlstages.checks import check_dataset
from mlstages.data import Layout, load_dataset
from mlstages.errors import DataError

FINITE = st.floats(-1e150, 1e150)


def layout_of(X, *, first_row=1):
    columns = (*(f"x{i}" for i in range(X.shape[1])), "y")
    return Layout("data.csv", columns, ("numeric",) * len(columns), first_row == 2, first_row, "")


def faults_of(content, *, target_range=None, missing=None, **options):
    X, y, layout = load_dataset(content.encode(), name="data.csv", **options)
    with pytest.raises(DataError) as raised:
        check_dataset(X, y, layout, target_range, missing)
    return raised.value.message


@st.composite
def tables(draw):
    shape = draw(st.tuples(st.integers(4, 30), st.integers(1, 4)))
    X = draw(npst.arrays(np.float64, shape, elements=FINITE))
    return X, draw(npst.arrays(np.float64, shape[0], elements=FINITE))


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
    for row, column in at:
        found = [
            reason
            for reason in raised.value.message.split("\n")
            if f"column 'x{column}'" in reason
            and ("missing" in reason) == math.isnan(X[row, column])
        ]
        assert len(found) == 1
        # A column that has nothing else names no rows.
        every = math.isnan(X[row, column]) and all(map(math.isnan, X[:, column]))
        assert "every cell" in found[0] if every else f" {row + 2}" in found[0]


def test_every_reason_is_given_and_not_the_first():
    message = faults_of(
        "a,b,c\n1,x,5\nnan,inf,6\n3,1e200,700\n4,5,\xe9\n,,7\n", target_range=(0, 100)
    )
    assert message.splitlines() == [
        "data.csv has 6 faults: mend each",
        "  - column 'b': 2 cells are not a finite number: rows 2 ('x'), 3 (inf); mend the cells, "
        "or leave the column out with --drop",
        "  - column 'c': 1 cell is not a finite number: row 5 ('é'); mend the cells",
        "  - column 'a': 2 cells are missing or NaN: rows 3, 6; fill them in, or say what to do: "
        "--missing drop or --missing impute",
        "  - column 'b': 1 cell is missing or NaN: row 6; fill them in, or say what to do: "
        "--missing drop or --missing impute",
        "  - column 'b': 1 cell is beyond ±1e+150, too large to be squared: row 4 (1e+200); "
        "rescale the column",
        "  - the target, column 'c': 1 cell is out of the range 0 to 100: row 4 (700.0); "
        "mend them, or set another target range",
    ]


def test_at_most_ten_rows_are_named_and_all_are_counted():
    X = np.zeros((300, 1))
    X[:299] = np.inf
    with pytest.raises(DataError) as raised:
        check_dataset(X, np.arange(300.0), layout_of(X), None)
    assert "299 cells are not a finite number" in raised.value.message
    assert raised.value.message.count("(inf)") == 10
    assert "10 (inf) and 289 more" in raised.value.message


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ("1 2 3 abc", "1 cell is not a finite number: row 4 ('abc')"),
        ("1 2 3 true", "1 cell is not a finite number: row 4 ('true')"),
        ("red blue red 7", "1 cell is not text, as 3 others are: row 4 (7.0)"),
        ("1 2 red blue", "2 cells are not a finite number: rows 3 ('red'), 4 ('blue')"),
    ],
)
def test_a_mixed_column_names_the_cells_that_are_not_as_most_are(cells, named):
    content = "".join(f"{cell},{i}\n" for i, cell in enumerate(cells.split()))
    assert f"data.csv: column '0': {named}" in faults_of(content, header=False)


def test_the_cells_that_no_column_may_have_are_named():
    content = "".join(f'{{"a": [{i}], "b": {i}}}\n' for i in range(4)).encode()
    X, y, layout = load_dataset(content, name="data.jsonl")
    with pytest.raises(DataError, match=r"4 cells are neither a number, true or false, nor text: "):
        check_dataset(X, y, layout, None)


@pytest.mark.parametrize(("cells", "what"), [("red blue", "text"), ("true false", "true or false")])
def test_a_target_that_is_no_number_is_refused(cells, what):
    content = "x,y\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells.split() * 3))
    message = faults_of(content)
    assert f"the target, column 'y', is {what}, and a regression predicts numbers" in message
    assert "--target" in message


def test_text_that_names_rows_is_refused_beyond_a_thousand_categories():
    rows = [f"user{i},{i % 7}\n" for i in range(1_001)]
    message = faults_of("user,y\n" + "".join(rows))
    assert "column 'user': 1,001 categories in 1,001 rows, more than 1,000" in message
    X, y, layout = load_dataset(("user,y\n" + "".join(rows[1:])).encode(), name="data.csv")
    check_dataset(X, y, layout, None)


def test_categories_that_would_fill_the_memory_are_refused():
    X = np.empty((300_000, 1), dtype=object)
    X[:, 0] = [f"c{i % 1_000}" for i in range(300_000)]
    layout = Layout("data.csv", ("x", "y"), ("categorical", "numeric"), True, 2, "")
    with pytest.raises(DataError, match=r"1,000 categories in all.* would take 2\.4 GB"):
        check_dataset(X, np.arange(300_000.0), layout, None)
    check_dataset(X[:200_000], np.arange(200_000.0), layout, None)


def test_missing_cells_are_named_by_row_and_column_unless_told_what_to_do():
    content = "colour,size,y\nred,1,1\n,2,2\nblue,,3\nred,4,\nred,5,5\nblue,6,6\nred,7,9\n"
    message = faults_of(content)
    for column, row in (("colour", 3), ("size", 4), ("y", 5)):
        assert f"column '{column}': 1 cell is missing or NaN: row {row}; " in message
    X, y, layout = load_dataset(content.encode(), name="data.csv")
    for missing in ("drop", "impute"):
        check_dataset(X, y, layout, None, missing)


def test_a_column_without_any_value_is_refused_even_where_missing_cells_are_not():
    content = "a,b,y\n" + "".join(f"{i},,{i}\n" for i in range(9))
    assert "column 'b': every cell is missing or NaN; leave it out with --drop" in faults_of(
        content, missing="impute"
    )


def test_what_is_left_of_the_rows_must_do():
    content = "a,y\n1,1\n2,2\n3,3\n,4\n5,\n"
    message = faults_of(content, missing="drop")
    assert "it has 3 rows of values (2 more miss a cell): 4 are needed" in message
    X, y, layout = load_dataset(content.encode(), name="data.csv")
    check_dataset(X, y, layout, None, "impute")
    constant = "a,y\n1,5\n2,5\n3,5\n4,5\n,6\n"
    assert "is constant (5.0)" in faults_of(constant, missing="drop")


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
