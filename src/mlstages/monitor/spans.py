"""Predictions and feedback of a released run, sorted into hours or days, by column."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from mlstages.records import Feedback, Prediction, Status
from mlstages.release.released import Released


class By(StrEnum):
    """How long a span is."""

    HOUR = "hour"
    DAY = "day"


@dataclass(slots=True, kw_only=True)
class Rows:
    """What a span brought, by column: a million predictions as objects would fill the memory."""

    columns: dict[str, list[Any]]
    predictions: list[Any] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    n_outside: int = 0
    answered: list[Any] = field(default_factory=list)
    truths: list[Any] = field(default_factory=list)

    @classmethod
    def empty(cls, released: Released) -> "Rows":
        """Return no rows, with the release's columns."""
        return cls(columns={one.name: [] for one in released.schema.fields})

    def add(self, prediction: Prediction) -> None:
        """Take a prediction in."""
        for name, values in self.columns.items():
            values.append(prediction.row.get(name))
        self.predictions.append(prediction.prediction)
        self.seconds.append(prediction.seconds)
        self.n_outside += bool(prediction.outside)

    def add_truth(self, feedback: Feedback) -> None:
        """Take in what is right."""
        self.answered.append(feedback.prediction)
        self.truths.append(feedback.truth)


def collect_rows(
    released: Released, predictions: Iterable[Prediction], feedback: Iterable[Feedback], by: By
) -> dict[str, Rows]:
    """Return the rows of each span, by its name; those of other runs are left aside."""
    collected: dict[str, Rows] = {}
    length = 3600 if by is By.HOUR else 86400
    names: dict[int, str] = {}

    def find_rows(at: float) -> Rows:
        place = int(at // length)
        if place not in names:
            names[place] = name_span(place * length, by)
            collected[names[place]] = Rows.empty(released)
        return collected[names[place]]

    for prediction in predictions:
        if prediction.run == released.run:
            find_rows(prediction.at).add(prediction)
    for told in _choose(feedback, released):
        find_rows(told.at).add_truth(told)
    return collected


def join_rows(released: Released, parts: Iterable[Rows]) -> Rows:
    """Return the rows of all the parts."""
    whole = Rows.empty(released)
    for part in parts:
        for name, values in whole.columns.items():
            values += part.columns[name]
        whole.predictions += part.predictions
        whole.seconds += part.seconds
        whole.n_outside += part.n_outside
        whole.answered += part.answered
        whole.truths += part.truths
    return whole


def name_span(at: float, by: By) -> str:
    """Return the hour or day of a time in seconds since 1970, in UTC.

    Examples
    --------
    >>> name_span(1_800_000_000.0, By.HOUR), name_span(1_800_000_000.0, By.DAY)
    ('2027-01-15T08', '2027-01-15')
    """
    moment = datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H" if by is By.HOUR else "%Y-%m-%d")


def _choose(feedback: Iterable[Feedback], released: Released) -> Iterator[Feedback]:
    """Yield the last word on each prediction."""
    last: dict[Any, Feedback] = {}
    for told in feedback:
        # A class may have come as a number: it is compared as a text.
        fits = released.is_classifier or released.schema.target.accepts(told.truth)
        if told.run == released.run and told.status is not Status.REJECTED and fits:
            last[told.prediction_id or told.number] = told
    yield from last.values()
