"""Whether machine learning is needed at all: four signs that it is not, measured or asked.

A simple rule does as well; there is no data, or no way to get it; one wrong prediction costs
too much; how good the model is cannot be measured.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlstages.errors import RunUnusableError
from mlstages.trained import ColumnKind, Container, TrainedModel, count_words, to_numbers
from mlstages.trust.declaration import Need
from mlstages.trust.error import measure_error, name_error
from mlstages.trust.trial import Trial

AS_GOOD: Final = 0.95
"""A rule is as good as the model if the model's error is more than this share of the rule's."""

FEW_ROWS: Final = 100
UNSTEADY: Final = 0.1
"""Spread over splits, as a share of the baseline's error, beyond which a figure says little."""

SHARES: Final = (0.25, 0.5)
"""Of the training rows, for the learning curve; the model itself is its end."""

_MOST_CATEGORIES: Final = 100

QUESTIONS: Final = {
    "cost_of_error": "What does one wrong prediction cost, and whom?",
    "more_data": "How can more data be had?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One sign that a project does not need machine learning.

    Parameters
    ----------
    sign : str
    present : bool or None
        None where it cannot be measured: people have to say.
    measured : str
    """

    sign: str
    present: bool | None
    measured: str

    def to_dict(self) -> dict[str, Any]:
        """Return the sign as JSON can carry it."""
        return asdict(self)


def find_signs(trial: Trial, need: Need, seeds_errors: Sequence[float]) -> tuple[Sign, ...]:
    """Return the four signs.

    Parameters
    ----------
    trial : Trial
    need : Need
        What people answered.
    seeds_errors : sequence of float
        Errors on other splits of the rows; none if there is no way to train again.
    """
    return (
        _find_rule(trial),
        _find_lack_of_data(trial, need),
        Sign(
            sign="one wrong prediction costs too much",
            present=None,
            measured=need.cost_of_error or f"not answered: {QUESTIONS['cost_of_error']}",
        ),
        _find_unsteadiness(trial, seeds_errors),
    )


def _find_rule(trial: Trial) -> Sign:
    """Find whether one rule on one feature, or one word, does as well."""
    trained = trial.trained
    ours = measure_error(trained, trained.y_test, trial.y_predicted)
    y_rule = _predict_by_rule(trained)
    rule = measure_error(trained, trained.y_test, y_rule)
    return Sign(
        sign="a simple rule does as well",
        present=ours > AS_GOOD * rule,
        measured=f"{name_error(trained)} {ours:.6g}, the best single rule {rule:.6g}",
    )


def _predict_by_rule(trained: TrainedModel) -> NDArray[Any]:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    stump = (
        DecisionTreeClassifier(max_depth=1, random_state=0)
        if trained.is_classifier
        else DecisionTreeRegressor(max_depth=1, random_state=0)
    )
    train, test = _encode(trained)
    y_rule: NDArray[Any] = stump.fit(train, trained.y_train).predict(test)
    return y_rule


def _encode(trained: TrainedModel) -> tuple[Any, Any]:
    """Return the training and the test rows as numbers that a rule can ask for."""
    if trained.container is Container.TEXTS:
        from sklearn.feature_extraction.text import CountVectorizer

        count = CountVectorizer(binary=True, min_df=2)
        return count.fit_transform(trained.X_train[:, 0]), count.transform(trained.X_test[:, 0])
    columns = [
        encode_column(kind, train, test)
        for kind, train, test in zip(
            trained.kinds, trained.X_train.T, trained.X_test.T, strict=True
        )
    ]
    encoded = [np.hstack([pair[side] for pair in columns]) for side in (0, 1)]
    return encoded[0], encoded[1]


def encode_column(
    kind: ColumnKind, train: NDArray[Any], test: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a column of the training and the test rows as numbers, ndarrays of two dimensions."""
    if kind in (ColumnKind.NUMERIC, ColumnKind.BOOLEAN):
        numbers, numbers_test = to_numbers(train), to_numbers(test)
        middle = float(np.nanmedian(numbers))
        filled, filled_test = (
            np.nan_to_num(one, nan=middle)[:, None] for one in (numbers, numbers_test)
        )
        return filled, filled_test
    if kind is ColumnKind.TEXT:
        return count_words(train)[:, None], count_words(test)[:, None]
    commonest = Counter(map(str, train)).most_common(_MOST_CATEGORIES)
    categories = sorted(category for category, _n in commonest)
    encoded, encoded_test = (
        np.array([[float(str(cell) == category) for category in categories] for cell in cells])
        for cells in (train, test)
    )
    return encoded, encoded_test


def _find_lack_of_data(trial: Trial, need: Need) -> Sign:
    trained = trial.trained
    n_rows = len(trained.y_train)
    curve = _measure_curve(trial)
    shown = ", ".join(f"{n} rows {error:.4g}" for n, error in curve)
    learns = f"; {name_error(trained)} by rows learnt from: {shown}" if curve else ""
    way = f"; more: {need.more_data}" if need.more_data else ""
    return Sign(
        sign="there is no data, or no practical way to get it",
        present=n_rows < FEW_ROWS,
        measured=f"{n_rows} rows to learn from{learns}{way}",
    )


def _measure_curve(trial: Trial) -> list[tuple[int, float]]:
    trained = trial.trained
    order = trial.random.permutation(len(trained.y_train))
    curve = []
    for share in SHARES:
        chosen = order[: max(2, int(share * len(order)))]
        try:
            again = trained.fit_again(trained.X_train[chosen], trained.y_train[chosen])
        except RunUnusableError:  # cannot be made anew, or not of so few rows
            continue
        y_predicted = again.predict(trained.X_test)
        curve.append((len(chosen), measure_error(trained, trained.y_test, y_predicted)))
    whole = measure_error(trained, trained.y_test, trial.y_predicted)
    return [*curve, (len(order), whole)]


def _find_unsteadiness(trial: Trial, errors: Sequence[float]) -> Sign:
    sign = "how good the model is cannot be measured"
    if not errors:
        return Sign(sign=sign, present=None, measured="the model cannot be trained again here")
    spread = trial.measure_spread(errors)
    return Sign(
        sign=sign,
        present=spread > UNSTEADY,
        measured=f"{name_error(trial.trained)} {np.mean(errors):.6g} ± {np.std(errors):.3g} over "
        f"{len(errors)} splits of all rows, {len(trial.trained.y_test)} tested on",
    )
