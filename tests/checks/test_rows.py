import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlstages.checks import Severity, Subject, find_duplicate_rows, find_rows_on_both_sides
from mlstages.data import Layout, load_dataset, split_dataset

CELLS = st.tuples(
    st.sampled_from(["1", "2", ""]),
    st.sampled_from(["red", "blue", "NA"]),
    st.sampled_from(["true", "false"]),
    st.sampled_from(["3", "4", "5"]),
)


def subject_of(rows, **options):
    content = "a,b,c,y\n" + "".join(",".join(row) + "\n" for row in rows)
    X, y, layout = load_dataset(content.encode(), name="data.csv")
    return Subject(X=X, y=y, layout=layout, **options)


@given(st.lists(CELLS, min_size=4, max_size=40))
def test_every_row_that_repeats_an_earlier_one_is_found(rows):
    repeated = [i + 2 for i, row in enumerate(rows) if row in rows[:i]]
    found = list(find_duplicate_rows(subject_of(rows)))
    assert [finding.n_rows for finding in found] == ([len(repeated)] if repeated else [])
    assert [row for finding in found for row in finding.rows] == repeated[:10]


@given(st.lists(CELLS, min_size=10, max_size=40), st.integers(0, 99))
def test_every_test_row_that_equals_a_training_row_is_found(rows, seed):
    subject = subject_of(rows, missing="impute", random_state=seed)
    (found,) = list(find_rows_on_both_sides(subject)) or [None]
    if found is not None and found.severity is Severity.ERROR:
        assert "constant" in found.message
        return
    at = np.arange(len(rows)).reshape(-1, 1)
    train, test, _, _ = split_dataset(at, np.arange(float(len(rows))), 0.2, seed)
    known = {rows[i] for i in train[:, 0]}
    # No other row of these has the same cells: "" and "NA" are both missing, in one column each.
    expected = sorted(i + 2 for i in test[:, 0] if rows[i] in known)
    assert (list(found.rows) if found else []) == expected


def test_rows_that_cannot_be_parted_would_stop_a_run():
    X = np.arange(10.0).reshape(-1, 1)
    layout = Layout("data.csv", ("x", "y"), ("numeric", "numeric"), False, 1, "")
    subject = Subject(X=X, y=np.arange(10.0), layout=layout, test_size=0.95)
    (found,) = find_rows_on_both_sides(subject)
    assert found.severity is Severity.ERROR
    assert "each side needs 2" in found.message
