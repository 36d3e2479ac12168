"""A linear model as plain numbers gives every bit of predict, or is not taken for one."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso, LinearRegression, PoissonRegressor, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from mlstages.release.extraction import extract_linear, to_plain
from mlstages.release.linear import LinearForm
from mlstages.train import train_model
from mlstages.trained import Container, TrainedModel, name_kind


def make_trained(model, X, y, container=Container.NUMBERS):
    X = np.asarray(X, dtype=object)
    return TrainedModel(
        run="F/1",
        model=model,
        X_train=X,
        X_test=X[:40],
        y_train=y,
        y_test=y[:40],
        columns=tuple(map(str, range(X.shape[1]))),
        kinds=tuple(map(name_kind, X.T)),
        container=container,
        target="y",
        is_classifier=False,
    )


def numbers(n_features, n_rows=300, seed=0):
    random = np.random.default_rng(seed)
    X = random.normal(10, 5, (n_rows, n_features))
    return X, X @ random.normal(size=n_features) + random.normal(size=n_rows)


LINEAR = {
    "one feature": (lambda: LinearRegression(), 1),
    "two features": (lambda: LinearRegression(), 2),
    "twenty features": (lambda: Ridge(), 20),
    "a penalty that makes some nothing": (lambda: Lasso(), 5),
    "scaled first": (lambda: make_pipeline(StandardScaler(), LinearRegression()), 3),
    "filled in first": (lambda: make_pipeline(SimpleImputer(), LinearRegression()), 3),
    "centred first": (
        lambda: make_pipeline(StandardScaler(with_std=False), LinearRegression()),
        2,
    ),
}


@pytest.mark.parametrize("case", LINEAR)
def test_each_bit_is_the_models_own(case):
    make_model, n_features = LINEAR[case]
    X, y = numbers(n_features)
    model = make_model().fit(X, y)
    form = extract_linear(make_trained(model, X, y))
    assert form is not None
    answer = LinearForm.from_dict(form.to_dict()).to_function()
    unseen, _ = numbers(n_features, n_rows=1000, seed=1)
    assert [answer(row) for row in unseen.tolist()] == [
        model.predict(row[None])[0] for row in unseen
    ]


def test_categories_and_missing_cells_are_as_in_the_pipeline():
    random = np.random.default_rng(0)
    colours = random.choice(["red", "blue", None], 200)
    sizes = random.normal(5, 2, 200)
    X = np.empty((200, 2), dtype=object)
    X[:, 0], X[:, 1] = colours, sizes
    X[::9, 1] = np.nan
    y = sizes * 2 + (colours == "red")
    model = train_model(X, y, ["categorical", "numeric"], "impute")
    trained = make_trained(model, X, y, Container.OBJECTS)
    form = extract_linear(trained)
    assert form is not None
    answer = form.to_function()
    rows = [*(to_plain(row) for row in X), ["green", 1.0], [None, None]]
    assert [answer(row) for row in rows] == [trained.predict([row])[0] for row in rows]


NOT_LINEAR = {
    "trees": lambda: HistGradientBoostingRegressor(max_iter=5),
    "a link between": lambda: PoissonRegressor(),
    "powers": lambda: make_pipeline(PolynomialFeatures(2), LinearRegression()),
}


@pytest.mark.parametrize("case", NOT_LINEAR)
def test_what_is_not_linear_in_its_columns_is_asked_itself(case):
    X, y = numbers(2)
    model = NOT_LINEAR[case]().fit(X, np.abs(y))
    assert extract_linear(make_trained(model, X, np.abs(y))) is None


def test_a_linear_model_that_answers_otherwise_is_asked_itself():
    class Rounded(LinearRegression):
        def predict(self, X):
            return super().predict(X).round(3)

    X, y = numbers(1)
    assert extract_linear(make_trained(Rounded().fit(X, y), X, y)) is None
