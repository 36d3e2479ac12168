"""What trust must not be wrong about: chance, repeated rows, codes, labels, empty checks."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mlstages.errors import DataError
from mlstages.release.extraction import extract_linear
from mlstages.trained import ColumnKind, Container, TrainedModel
from mlstages.trust.declaration import (
    Declaration,
    DirectionalExpectation,
    Invariance,
    MinimumFunctionality,
    Slices,
)
from mlstages.trust.report import check_model
from mlstages.trust.verdict import Kind


def make_trained(model, X, y, n_test=120, **changes):
    X, at = np.asarray(X), len(y) - n_test
    with np.errstate(all="ignore"):
        model.fit(X[:at], y[:at])
    trained = TrainedModel(
        run="F/1",
        model=model,
        X_train=X[:at].astype(object),
        X_test=X[at:].astype(object),
        y_train=y[:at],
        y_test=y[at:],
        columns=tuple(f"x{i}" for i in range(X.shape[1])),
        kinds=(ColumnKind.NUMERIC,) * X.shape[1],
        container=Container.NUMBERS,
        target="y",
        is_classifier=hasattr(model, "classes_"),
    )
    return replace(trained, **changes)


def judge(trained, kind, *declared, released=None):
    report = check_model(trained, Declaration(checks=declared), released=released)
    return [verdict for verdict in report.checks if verdict.kind is kind]


def test_chance_alone_makes_no_slice_fail():
    alarms = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        X = random.normal(size=(700, 5))
        y = np.where(X[:, 0] > 0, "yes", "no")
        wrong = random.random(700) < 0.05
        y[wrong] = np.where(y[wrong] == "yes", "no", "yes")
        trained = make_trained(LogisticRegression(), X, y, n_test=300)
        alarms += judge(trained, Kind.SLICES)[0].passed is False
    assert alarms <= 1


def test_a_column_of_codes_is_cut_at_each_code():
    random = np.random.default_rng(0)
    code = (random.random(1000) < 0.2).astype(float)
    X = np.column_stack([random.normal(size=1000), code])
    y = X[:, 0] + random.normal(0, np.where(code == 1, 3.0, 0.2))
    (verdict,) = judge(make_trained(LinearRegression(), X, y, n_test=400), Kind.SLICES)
    assert verdict.passed is False
    assert [failure.case.partition(" (")[0] for failure in verdict.failures] == ["x1 = 1"]


def test_rows_of_few_values_repeat_without_being_a_leak():
    random = np.random.default_rng(0)
    X = random.integers(0, 3, size=(1000, 2)).astype(float)
    y = X[:, 0] + X[:, 1]
    assert judge(make_trained(LinearRegression(), X, y), Kind.DATA)[0].passed


def test_a_feature_that_tells_the_class_is_a_leak():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 600)
    X = np.column_stack([random.normal(size=600) + y, 10.0 * y])
    (verdict,) = judge(make_trained(LogisticRegression(), X, y), Kind.DATA)
    assert [failure.case for failure in verdict.failures] == ["column 'x1'"]


def test_one_is_one_as_a_class_whatever_its_type():
    X = np.random.default_rng(0).normal(size=(300, 1))
    trained = make_trained(LogisticRegression(), X, (X[:, 0] > 0).astype(float))
    case = MinimumFunctionality(says="clear", row={"x0": 2}, expected=1)
    rises = DirectionalExpectation(
        says="more", increase={"x0": 1}, prediction="must not fall", of=1
    )
    assert judge(trained, Kind.MINIMUM_FUNCTIONALITY, case)[0].passed
    assert judge(trained, Kind.DIRECTIONAL_EXPECTATION, rises)[0].passed
    assert judge(trained, Kind.ROBUSTNESS)[0].passed


def test_classes_and_numbers_are_not_compared():
    X = np.random.default_rng(0).normal(size=(300, 1))
    numbers = make_trained(LinearRegression(), X, X[:, 0])
    classes = make_trained(LogisticRegression(), X, np.where(X[:, 0] > 0, "a", "b"), run="F/0")
    assert judge(numbers, Kind.REGRESSION, released=classes)[0].passed is None
    assert judge(classes, Kind.REGRESSION, released=numbers)[0].passed is None


def test_exact_models_do_not_get_worse_by_their_rounding():
    X = np.random.default_rng(0).normal(size=(300, 2))
    y = X @ [1.0, 2.0]
    exact = make_trained(LinearRegression(), X, y)
    other = make_trained(make_pipeline(StandardScaler(), LinearRegression()), X, y, run="F/0")
    assert judge(exact, Kind.REGRESSION, released=other)[0].passed
    assert judge(other, Kind.REGRESSION, released=exact)[0].passed


def test_a_declared_check_that_nothing_can_be_tried_on_fails():
    X = np.random.default_rng(0).normal(size=(300, 1))
    typo = Invariance(says="a typing error", replace=[["Aple", "Siemens"]])
    said = judge(make_trained(LinearRegression(), X, X[:, 0]), Kind.INVARIANCE, typo)
    assert [verdict.passed for verdict in said if verdict.says == "a typing error"] == [False]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"x0": "far"}, "x0: a finite number .*, and it is 'far'"),
        ({"x0": 1, "x1": 2}, "x1: no field of this name"),
        ({}, "x0: a finite number .*, and it is nothing"),
    ],
)
def test_a_row_that_is_none_is_refused_in_words(row, message):
    X = np.random.default_rng(0).normal(size=(300, 1))
    case = MinimumFunctionality(says="a case", row=row, expected=1.0)
    with pytest.raises(DataError, match=message):
        judge(make_trained(LinearRegression(), X, X[:, 0]), Kind.MINIMUM_FUNCTIONALITY, case)


def test_a_cell_that_may_be_missing_may_be_left_out_of_a_case():
    X = np.random.default_rng(0).normal(size=(300, 2))
    y = X[:, 0].copy()
    X[::7, 1] = np.nan
    model = make_pipeline(SimpleImputer(), LinearRegression())
    case = MinimumFunctionality(says="a case", row={"x0": 1.0}, expected=1.0, tolerance=0.1)
    assert judge(make_trained(model, X, y), Kind.MINIMUM_FUNCTIONALITY, case)[0].passed


def test_slices_of_a_named_column_alone():
    X = np.random.default_rng(0).normal(size=(600, 2))
    trained = make_trained(LinearRegression(), X, X[:, 0] + X[:, 1])
    (verdict,) = judge(trained, Kind.SLICES, Slices(says="ours", columns=["x1"], quantiles=2))
    assert verdict.n_cases == 2


class Clipped(Pipeline):
    def predict(self, X):
        return np.clip(super().predict(X), -5, 5)


class ClippedScaler(StandardScaler):
    def transform(self, X):
        return np.clip(super().transform(X), -4, 4)


def scale_then_fill():
    return make_pipeline(StandardScaler(), SimpleImputer(), LinearRegression())


OTHERWISE = {
    "a pipeline that clips": lambda: Clipped([("regress", LinearRegression())]),
    "a scaler that clips": lambda: make_pipeline(ClippedScaler(), LinearRegression()),
    "nothing counts as missing": lambda: make_pipeline(
        SimpleImputer(missing_values=0), LinearRegression()
    ),
    "filled in other units": scale_then_fill,
}


@pytest.mark.parametrize("case", OTHERWISE)
def test_what_answers_otherwise_somewhere_is_no_formula(case):
    X = np.random.default_rng(0).normal(10, 1, size=(300, 2))
    y = X @ [1.0, 2.0]
    if case == "filled in other units":
        X[5, 1] = np.nan
    assert extract_linear(make_trained(OTHERWISE[case](), X, y)) is None
