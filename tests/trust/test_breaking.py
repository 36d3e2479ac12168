"""A sound model passes every check; one that is broken in one way fails just the check of it."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression

from mlstages.trained import ColumnKind, Container, TrainedModel
from mlstages.trust.declaration import (
    Data,
    Declaration,
    DirectionalExpectation,
    Invariance,
    MinimumFunctionality,
    Regression,
    Slices,
    Stability,
)
from mlstages.trust.report import check_model
from mlstages.trust.verdict import Kind

RANDOM = np.random.default_rng(0)
N_ROWS = 600
SIZE = RANDOM.uniform(20, 120, N_ROWS)
ROOMS = RANDOM.integers(1, 6, N_ROWS).astype(float)
ROOF = RANDOM.integers(0, 3, N_ROWS).astype(float)  # tells nothing of the price
X = np.column_stack([SIZE, ROOMS, ROOF])
y = 3 * SIZE + 20 * ROOMS + RANDOM.normal(0, 5, N_ROWS)

DECLARED = (
    MinimumFunctionality(
        says="A flat of 50 m² with 2 rooms costs about 190",
        row={"size": 50, "rooms": 2, "roof": 1},
        expected=190,
        tolerance=10,
    ),
    Invariance(says="The roof does not matter", irrelevant=["roof"], tolerance=3),
    DirectionalExpectation(
        says="A larger flat costs more", increase={"size": 10}, prediction="must rise"
    ),
)


class Wrapped(BaseEstimator, RegressorMixin):
    """A linear model whose answers are spoilt in one way."""

    def __init__(self, spoil=None):
        self.spoil = spoil

    def fit(self, X, y):
        self.inner_ = LinearRegression().fit(X, y)
        return self

    def predict(self, X):
        return self.spoil(X, self.inner_.predict(X))


def make_trained(model=None, X=X, y=y, **changes):
    at = 480
    model = (model or LinearRegression()).fit(X[:at], y[:at])
    trained = TrainedModel(
        run="HouseFlow/1",
        model=model,
        X_train=X[:at].astype(object),
        X_test=X[at:].astype(object),
        y_train=y[:at],
        y_test=y[at:],
        columns=("size", "rooms", "roof"),
        kinds=(ColumnKind.NUMERIC,) * 3,
        container=Container.NUMBERS,
        target="price",
        is_classifier=False,
    )
    return replace(trained, **changes)


def find_failed(trained, declared=DECLARED, released=None):
    report = check_model(trained, Declaration(checks=declared), released=released)
    assert report.trusted == all(verdict.passed is not False for verdict in report.checks)
    return {verdict.kind for verdict in report.checks if verdict.passed is False}


def test_a_sound_model_passes_every_check():
    report = check_model(
        make_trained(), Declaration(checks=DECLARED), released=make_trained(run="HouseFlow/0")
    )
    assert [verdict.says for verdict in report.checks if verdict.passed is not True] == []
    assert {verdict.kind for verdict in report.checks} == set(Kind)
    assert report.trusted


def answer_wrongly_at(X, y_predicted):
    case = (X == [50, 2, 1]).all(axis=1)
    return np.where(case, 500.0, y_predicted)


def heed_the_roof(X, y_predicted):
    return y_predicted + 2 * (X[:, 2] == 2) - 2 * (X[:, 2] == 0)


def fall_for_large(X, y_predicted):
    """The model is right where there is data, and turns beyond what the test rows have."""
    return np.where(X[:, 0] > 120, y_predicted - 200, y_predicted)


def miss_the_large(X, y_predicted):
    return y_predicted + np.where(X[:, 0] > 95.5, 30, 0)


def raise_on_large(X, y_predicted):
    if (X[:, 0] > 10_000).any():
        raise KeyError("no such size")
    return y_predicted


BROKEN = {
    "a case that people know is answered wrongly": (
        answer_wrongly_at,
        Kind.MINIMUM_FUNCTIONALITY,
    ),
    "what must not matter does": (heed_the_roof, Kind.INVARIANCE),
    "more of a thing brings less": (fall_for_large, Kind.DIRECTIONAL_EXPECTATION),
    "one part of the rows is predicted badly": (miss_the_large, Kind.SLICES),
    "an extreme value breaks it": (raise_on_large, Kind.ROBUSTNESS),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_each_way_of_breaking_fails_just_its_check(broken):
    spoil, kind = BROKEN[broken]
    assert find_failed(make_trained(Wrapped(spoil))) == {kind}


def test_a_model_that_is_no_better_than_the_mean_fails_the_baseline():
    noise = np.random.default_rng(1).normal(200, 20, N_ROWS)
    assert find_failed(make_trained(y=noise), declared=()) == {Kind.BASELINE}


def test_a_model_that_is_worse_than_the_released_one_fails_regression():
    def drift(X, y_predicted):
        return y_predicted + 8

    trained = make_trained(Wrapped(drift))
    assert find_failed(trained) == set()
    assert find_failed(trained, released=make_trained(run="HouseFlow/0")) == {Kind.REGRESSION}


def test_test_rows_that_were_learnt_from_fail_data():
    twice = np.concatenate([X[:480], X[:120]])
    trained = make_trained(X=twice, y=np.concatenate([y[:480], y[:120]]))
    assert find_failed(trained) == {Kind.DATA}


def test_a_feature_that_gives_the_target_away_fails_data():
    leak = np.column_stack([SIZE, ROOMS, y])
    noise_free = (Invariance(says="The order does not matter", order=True),)
    assert Kind.DATA in find_failed(make_trained(X=leak), declared=noise_free)


def test_a_model_of_chance_fails_stability():
    class Chance(Wrapped):
        seed = 0

        def fit(self, X, y):
            super().fit(X, y)
            Chance.seed += 1
            self.shift_ = Chance.seed / 100
            return self

        def predict(self, X):
            return self.inner_.predict(X) + self.shift_

    assert find_failed(make_trained(Chance())) == {Kind.STABILITY}


def test_units_do_not_matter_to_a_linear_model_and_do_to_one_that_is_penalised():
    from sklearn.linear_model import Ridge

    units = (Invariance(says="Feet are as good as metres", units={"size": 10.764}),)
    assert find_failed(make_trained(), declared=units) == set()
    assert find_failed(make_trained(Ridge(alpha=1e5)), declared=units) >= {Kind.INVARIANCE}


def test_a_failure_shows_the_row_the_prediction_and_the_sentence():
    report = check_model(make_trained(Wrapped(answer_wrongly_at)), Declaration(checks=DECLARED))
    (failed,) = [verdict for verdict in report.checks if verdict.passed is False]
    assert failed.says == "A flat of 50 m² with 2 rooms costs about 190"
    assert failed.failures[0] == ("size 50, rooms 2, roof 1", "500", "190 ± 10")


def test_declared_checks_of_the_whole_take_the_place_of_derived_ones():
    declared = (
        Slices(says="ours", quantiles=2),
        Data(says="ours"),
        Regression(says="ours"),
        Stability(says="ours", seeds=2),
    )
    report = check_model(make_trained(), Declaration(checks=declared))
    said = {verdict.kind: verdict.says for verdict in report.checks if verdict.kind in Kind}
    assert [said[kind] for kind in (Kind.SLICES, Kind.DATA, Kind.STABILITY)] == ["ours"] * 3
    assert sum(verdict.kind is Kind.SLICES for verdict in report.checks) == 1


def test_a_rule_that_does_as_well_is_a_sign_against_the_model():
    step = np.where(SIZE > 70, 300.0, 100.0)
    signs = check_model(make_trained(y=step), Declaration()).signs
    assert signs[0].present is True
    assert check_model(make_trained()).signs[0].present is False
