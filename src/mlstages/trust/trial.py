"""What a check tries: the model, rows of it, and the model that is released now."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlstages.errors import DataError
from mlstages.release.description import describe_schema
from mlstages.release.extraction import to_plain
from mlstages.release.schema import Schema
from mlstages.trained import TrainedModel, to_label, to_labels
from mlstages.trust.error import measure_error
from mlstages.trust.verdict import Failure, describe_row, show_value

SEEDS: Final = 5
SIDES: Final = ("train", "test")
MOST_ROWS: Final = 1000
"""Test rows on which changes are tried."""

Rows = list[list[Any]]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What the checks look at.

    Parameters
    ----------
    trained : TrainedModel
    released : TrainedModel or None
        The released model, whose predictions are compared on the same rows.
    random_state : int, default=0
    """

    trained: TrainedModel
    released: TrainedModel | None = None
    random_state: int = 0

    @cached_property
    def y_predicted(self) -> NDArray[Any]:
        """The model's predictions for the test rows."""
        return self.trained.predict(self.trained.X_test)

    @cached_property
    def rows(self) -> Rows:
        """Test rows to try changes on, as plain values."""
        return [to_plain(row) for row in self.trained.X_test[:MOST_ROWS]]

    @cached_property
    def schema(self) -> Schema:
        """What a row must be."""
        return describe_schema(self.trained)

    @property
    def random(self) -> np.random.Generator:
        """Chance, the same each time."""
        return np.random.default_rng(self.random_state)

    @cached_property
    def errors_of_splits(self) -> list[float]:
        """Errors of models of `SEEDS` other splits of all rows.

        Raises
        ------
        RunUnusableError
            If the model cannot be trained again.
        """
        return [self.split_again(seed) for seed in range(SEEDS)]

    @cached_property
    def error_of_constant(self) -> float:
        """The error of always predicting the same on the test rows."""
        y_test = self.trained.y_test
        return measure_error(self.trained, y_test, self.trained.guess_constant(len(y_test)))

    def measure_spread(self, errors: Sequence[float]) -> float:
        """Return the standard deviation of errors as a share of the constant's."""
        return float(np.std(errors)) / self.error_of_constant if self.error_of_constant else 0.0

    def split_again(self, seed: int) -> float:
        """Return the error of a model of another split of all rows."""
        from sklearn.model_selection import train_test_split

        trained = self.trained
        X = np.concatenate([trained.X_train, trained.X_test])
        y = np.concatenate([trained.y_train, trained.y_test])
        labels = to_labels(y) if trained.is_classifier else None
        if labels is not None and np.unique(labels, return_counts=True)[1].min() < len(SIDES):
            labels = None  # a class of one row cannot be on both sides
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, test_size=len(trained.y_test), random_state=seed, stratify=labels
        )
        return measure_error(trained, y_test, trained.fit_again(X_train, y_train).predict(X_test))

    def order(self, rows: Sequence[Mapping[str, Any]], says: str) -> Rows:
        """Return declared rows in the order of the columns.

        Raises
        ------
        DataError
            If a row has another column, or lacks one.
        """
        for row in rows:
            faults = self.schema.find_faults(row)
            if faults:
                listed = "; ".join(
                    f"{fault.field}: {fault.expected}, and it is {fault.got}" for fault in faults
                )
                raise DataError(f"check {says!r}: the row {dict(row)}: {listed}")
        return [self.schema.to_values(row) for row in rows]

    def require_columns(self, names: Mapping[str, Any] | Sequence[str], says: str) -> None:
        """Return if the model has all of these columns.

        Raises
        ------
        DataError
            If it has not.
        """
        unknown = [name for name in names if name not in self.trained.columns]
        if unknown:
            raise DataError(
                f"check {says!r}: no column {', '.join(map(repr, unknown))}: the model has "
                f"{', '.join(map(repr, self.trained.columns))}"
            )

    def predict(self, rows: Rows) -> list[Any]:
        """Return a prediction for each row."""
        return self.trained.predict(rows).tolist() if rows else []

    def score(self, rows: Rows, of: Any, says: str) -> list[Any]:
        """Return what a direction is measured by: the prediction, or the score of a class.

        Raises
        ------
        DataError
            If the model tells classes and it is not said which, or has no scores.
        """
        if not self.trained.is_classifier:
            return self.predict(rows)
        model = self.trained.model
        classes = [to_label(name) for name in np.asarray(getattr(model, "classes_", ())).tolist()]
        ask: Callable[[Any], Any] | None = getattr(
            model, "predict_proba", getattr(model, "decision_function", None)
        )
        if to_label(of) not in classes or ask is None:
            raise DataError(
                f"check {says!r}: the model tells classes: say of = which of them is to move, "
                f"{', '.join(map(repr, classes))}; or becomes = one of them"
            )
        scores = np.asarray(ask(self.trained.contain(rows)))
        if scores.ndim == 1:  # of two classes, decision_function gives the second's alone
            return list((scores if classes.index(to_label(of)) == 1 else -scores).tolist())
        if (
            getattr(model, "decision_function_shape", "") == "ovo"
            and ask.__name__ != "predict_proba"
        ):
            raise DataError(f"check {says!r}: the model has scores of pairs of classes alone")
        return list(scores[:, classes.index(to_label(of))].tolist())

    def fail(self, row: Sequence[Any], got: Any, expected: str) -> Failure:
        """Return a failure of a row."""
        return Failure(describe_row(self.trained.columns, row), show_value(got), expected)


def find_learnt(trained: TrainedModel, by: TrainedModel) -> NDArray[np.bool_]:
    """Return which of a model's test rows a model learnt from, ndarray of shape (n_test,)."""
    known = {to_key(row, y) for row, y in zip(by.X_train, by.y_train, strict=True)}
    pairs = zip(trained.X_test, trained.y_test, strict=True)
    return np.array([to_key(row, y) in known for row, y in pairs], dtype=np.bool_)


def to_key(row: Sequence[Any], y: Any) -> tuple[Any, ...]:
    """Return what two rows have in common that are the same, with their target."""
    return (*to_plain(row), to_label(y))


def replace_texts(rows: Rows, pairs: Sequence[Sequence[str]]) -> tuple[Rows, Rows]:
    """Return the rows in which there is something to replace, before and after.

    Examples
    --------
    >>> replace_texts([["a profit"], ["a day"]], [["profit", "loss"]])
    ([['a profit']], [['a loss']])
    """
    new: dict[str, str] = {pair[0]: pair[1] for pair in pairs}
    anyone = re.compile("|".join(map(_to_pattern, new)))
    before, after = [], []
    for row in rows:
        changed = [
            anyone.sub(lambda found: new[found[0]], cell) if isinstance(cell, str) else cell
            for cell in row
        ]
        if changed != row:
            before.append(row)
            after.append(changed)
    return before, after


def _to_pattern(text: str) -> str:
    """Return a pattern that finds the text, and where it is of words no part of another word."""
    begin = r"\b" if re.match(r"\w", text) else ""
    end = r"\b" if re.search(r"\w$", text) else ""
    return f"{begin}{re.escape(text)}{end}"
