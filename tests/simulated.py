"""A model in use: trained here, released into a folder, asked for weeks."""

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlstages.records import Prediction, Records, find_records
from mlstages.release.description import describe_release
from mlstages.release.log import ReleaseLog
from mlstages.release.released import Released
from mlstages.trained import ColumnKind, Container, TrainedModel

FLOW = "HouseFlow"
MONDAY = datetime(2026, 11, 2, tzinfo=UTC).timestamp()
DAY = 86400.0
COLOURS = ("red", "green", "blue", "black")


@dataclass(frozen=True, kw_only=True)
class World:
    """How rows come about; a drift changes some of it."""

    size: float = 50.0
    spread: float = 10.0
    red: float = 0.4
    slope: float = 3.0

    def draw(self, random, n):
        X = np.empty((n, 3), dtype=object)
        X[:, 0] = random.normal(self.size, self.spread, n)
        X[:, 1] = random.poisson(3.0, n).astype(float)
        others = (1.0 - self.red) / 3
        X[:, 2] = random.choice(COLOURS, n, p=[self.red, others, others, others])
        y = self.slope * X[:, 0].astype(float) + 5.0 * (X[:, 2] == "red") + random.normal(0, 5, n)
        return X, y


@functools.cache
def train(seed=0, n=1000, *, is_classifier=False):
    random = np.random.default_rng(seed)
    X, y = World().draw(random, n)
    if is_classifier:
        y = np.where(y > 150, "dear", np.where(y > 140, "fair", "cheap")).astype(object)
    n_train = n * 8 // 10
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), [2]), remainder=StandardScaler()),
        LogisticRegression() if is_classifier else LinearRegression(),
    )
    return TrainedModel(
        run=f"{FLOW}/{seed}",
        model=model.fit(X[:n_train], y[:n_train]),
        X_train=X[:n_train],
        X_test=X[n_train:],
        y_train=y[:n_train],
        y_test=y[n_train:],
        columns=("size", "rooms", "colour"),
        kinds=(ColumnKind.NUMERIC, ColumnKind.NUMERIC, ColumnKind.CATEGORICAL),
        container=Container.OBJECTS,
        target="price",
        is_classifier=is_classifier,
    )


def release(trained, history: Path) -> Released:
    described = describe_release(
        trained, who="ann", when="2026-11-01T10:00:00+00:00", why="a test", forced=False, checks=()
    )
    return ReleaseLog(history, FLOW).publish(described)


def answer(trained, released, X, at):
    """Return the predictions that a server would keep of rows."""
    fields = released.schema.fields
    predicted = trained.predict(X).tolist()
    return [
        Prediction(
            id=f"{moment}-{i}",
            at=moment,
            run=released.run,
            row={field.name: value for field, value in zip(fields, values, strict=True)},
            prediction=prediction,
            outside=tuple(released.schema.find_outside(values)),
            seconds=0.002,
        )
        for i, (moment, values, prediction) in enumerate(
            zip(at, X.tolist(), predicted, strict=True)
        )
    ]


def ask(trained, released, days, seed, *, a_day=300, drifted=(), world=None):
    """Return the predictions of so many days from a Monday; those of some days of a new world."""
    random = np.random.default_rng(seed + 1000)
    predictions = []
    for day in range(days):
        chosen = world if day in drifted else World()
        X, _y = chosen.draw(random, a_day)
        at = MONDAY + DAY * day + np.sort(random.uniform(0, DAY, a_day))
        predictions += answer(trained, released, X, at.tolist())
    return predictions


def keep(predictions, history: Path) -> Records:
    records = Records(find_records(history, FLOW))
    records.add_predictions(predictions)
    return records
