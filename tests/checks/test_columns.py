import numpy as np
import pytest

from mlstages.checks import Subject, find_constant_features, find_leaks, find_outliers
from mlstages.data import load_dataset

ROWS = 40


def subject_of(**columns):
    """The table of these columns, of which the last is the target."""
    rows = zip(*columns.values(), strict=True)
    content = ",".join(columns) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    X, y, layout = load_dataset(content.encode(), name="data.csv", header=True)
    return Subject(X=X, y=y, layout=layout)


def noise(seed=0):
    return np.random.default_rng(seed).normal(size=ROWS).tolist()


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (["7"] * ROWS, "7.0"),
        (["red"] * ROWS, "'red'"),
        (["true"] * ROWS, "1.0"),
        (["red", ""] * (ROWS // 2), "'red'"),
    ],
    ids=["a number", "text", "true", "text or nothing"],
)
def test_a_feature_with_one_value_is_found(cells, shown):
    (found,) = find_constant_features(subject_of(a=noise(), b=cells, y=noise(1)))
    assert (found.column, found.n_rows) == ("b", 0)
    assert f"every cell is {shown}" in found.message


def test_a_feature_that_varies_is_not_constant():
    assert not list(find_constant_features(subject_of(a=[1, 2] * 20, b=["x", "y"] * 20, y=noise())))


Y = noise(1)
SIZES = [i % 4 for i in range(ROWS)]


@pytest.mark.parametrize(
    ("feature", "y", "how"),
    [
        (Y, Y, "equals the target"),
        ([3 - 2 * value for value in Y], Y, "perfectly, by a straight line"),
        ([("a", "b", "c", "d")[size] for size in SIZES], SIZES, "equal cells go with equal"),
        ([size**2 for size in SIZES], SIZES, "equal cells"),
        ([value if i else "" for i, value in enumerate(Y)], Y, "equals the target"),
    ],
    ids=["equal", "a line", "a category", "a curve", "equal but for a missing cell"],
)
def test_a_leak_is_found(feature, y, how):
    (found,) = find_leaks(subject_of(other=noise(2), leak=feature, y=y))
    assert found.column == "leak"
    assert how in found.message


@pytest.mark.parametrize(
    ("feature", "y"),
    [
        (noise(2), Y),
        ([value + 0.001 * other for value, other in zip(Y, noise(3), strict=True)], Y),
        ([f"row{i}" for i in range(ROWS)], Y),  # an id tells nothing about other rows
        (["a", "b"] * 20, Y),
        ([5.0] * ROWS, Y),
        ([1e200, -1e200] * 20, Y),
    ],
    ids=["noise", "nearly equal", "an id", "a category", "a constant", "too large to be squared"],
)
def test_what_does_not_give_the_target_away_is_no_leak(feature, y):
    assert not list(find_leaks(subject_of(feature=feature, y=y)))


def test_outliers_are_found_with_their_rows():
    values = [*range(1, ROWS - 1), 1_000, -1_000]
    (found,) = find_outliers(subject_of(x=values, y=[i % 7 for i in range(ROWS)]))
    assert (found.column, found.n_rows, found.rows) == ("x", 2, (40, 41))
    assert "rows 40 (1000.0), 41 (-1000.0)" in found.message


def test_ordinary_values_booleans_and_text_have_no_outliers():
    subject = subject_of(
        x=range(ROWS), flag=["true"] + ["false"] * 39, t=["x", "y"] * 20, y=range(ROWS)
    )
    assert not list(find_outliers(subject))
