"""A released model that answers: its numbers, their range, and what lies outside.

Decides how a release becomes a function, and that it is used only if it gives the release's
examples to the bit. A linear model needs nothing but the standard library; any other one is
unpickled from its run.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from mlstages.errors import RunUnusableError
from mlstages.release.log import ReleaseLog
from mlstages.release.places import find_history
from mlstages.release.released import Released

REFUSALS: Final = (ValueError, TypeError, ArithmeticError)
"""What a model raises over a row that it cannot take, though the schema can."""


class Outcome(NamedTuple):
    """What is said of one row."""

    prediction: Any
    range: tuple[float, float] | None
    probabilities: dict[str, float] | None
    outside: list[str]


class NotFiniteError(ValueError):
    """The model gave no number for a row."""


class Predictor:
    """One release, ready to answer; it never changes.

    Parameters
    ----------
    released : Released
    model : object or None
        None where the release has the model as numbers.
    cache : int
        Rows whose answers are remembered.

    Attributes
    ----------
    is_quick : bool
        Whether a row takes microseconds, so that no thread is worth its price.
    """

    def __init__(self, released: Released, model: Any, cache: int = 0) -> None:
        self.released = released
        self.model = model
        self.names = [field.name for field in released.schema.fields]
        self.is_quick = released.form is not None
        if released.form is not None:
            self._ask: Callable[[Sequence[Any]], Any] = released.form.to_function()
        else:
            self._ask = self._ask_model
        # Read at each row, and slow to look up in a frozen dataclass's chain.
        self._error_range = released.error_range
        self._find_outside = released.schema.find_outside
        self.has_probabilities = released.is_classifier and hasattr(model, "predict_proba")
        self._remember = _remember(self._predict, cache) if cache else None

    def predict_row(self, values: Sequence[Any]) -> Outcome:
        """Return what is said of a row without faults.

        Raises
        ------
        NotFiniteError
            If that is no finite number.
        """
        if self._remember is not None:
            return self._remember(values)
        return self._predict(values)

    def predict_rows(self, rows: Sequence[Sequence[Any]]) -> list[Outcome]:
        """Return what is said of each row; a model that is no formula is asked once for all."""
        if self.is_quick or len(rows) == 1:
            return [self.predict_row(row) for row in rows]
        contained = self._contain(rows)
        predictions = [_to_plain(one) for one in self.model.predict(contained)]
        probabilities = self._find_probabilities(contained, len(rows))
        return [
            self._describe(row, prediction, chances, place)
            for place, (row, prediction, chances) in enumerate(
                zip(rows, predictions, probabilities, strict=True), start=1
            )
        ]

    def _predict(self, values: Sequence[Any]) -> Outcome:
        prediction = self._ask(values)
        chances = None
        if self.has_probabilities:
            (chances,) = self._find_probabilities(self._contain([values]), 1)
        return self._describe(values, prediction, chances, None)

    def _describe(
        self,
        values: Sequence[Any],
        prediction: Any,
        chances: dict[str, float] | None,
        place: int | None,
    ) -> Outcome:
        span = None
        outside = self._find_outside(values)
        # How far off the test rows were says nothing of rows that are not like them.
        if self._error_range is not None and not outside:
            low, high = self._error_range
            span = (prediction + low, prediction + high)
            if not (math.isfinite(span[0]) and math.isfinite(span[1])):
                raise _say_not_finite(place)
        if isinstance(prediction, float) and not math.isfinite(prediction):
            raise _say_not_finite(place)
        if chances is not None and not all(map(math.isfinite, chances.values())):
            raise _say_not_finite(place)
        return Outcome(prediction, span, chances, outside)

    def _ask_model(self, values: Sequence[Any]) -> Any:
        return _to_plain(self.model.predict(self._contain([values]))[0])

    def _contain(self, rows: Sequence[Sequence[Any]]) -> Any:
        from mlstages.trained import ColumnKind, Container, contain

        released = self.released
        kinds = [ColumnKind(field.kind) for field in released.schema.fields]
        return contain(rows, Container(released.container), self.names, kinds)

    def _find_probabilities(self, rows: Any, n_rows: int) -> list[dict[str, float] | None]:
        if not self.has_probabilities:
            return [None] * n_rows
        classes = [str(_to_plain(one)) for one in self.model.classes_]
        return [
            dict(zip(classes, chances.tolist(), strict=True))
            for chances in self.model.predict_proba(rows)
        ]


def load_predictor(released: Released, cache: int = 0) -> Predictor:
    """Return a release, ready to answer, and the same as when it was released.

    Raises
    ------
    RunNotFoundError, RunUnusableError
        If its model is not there any more, or does not give the release's examples to the bit.
    """
    model = None
    if released.form is None:
        model = _load_model(released)
    predictor = Predictor(released, model, cache)
    check_examples(predictor)
    return predictor


def _load_model(released: Released) -> Any:
    """Return the model of the release's own file, else unpickled from its run."""
    content = ReleaseLog(find_history(), released.flow_name).read_model(released.number)
    if content is not None:
        from mlstages.release.model_file import load_model

        return load_model(content)
    from mlstages.runs.trained import read_model  # unpickles: only what was released

    return read_model(released.run)


def check_examples(predictor: Predictor) -> None:
    """Return if the examples of a release come out as they did, to the bit.

    Raises
    ------
    RunUnusableError
        If one does not.
    """
    released = predictor.released
    what = f"release {released.number} of {released.run}"
    for row, expected in released.examples:
        try:
            got = predictor.predict_row(row).prediction
        except (*REFUSALS, LookupError, AttributeError) as error:
            raise RunUnusableError(
                f"{what} cannot predict {row} ({error}): release the run again"
            ) from None
        if type(got) is not type(expected) or got != expected:
            raise RunUnusableError(
                f"{what} predicts {got!r} for {row}, and predicted {expected!r} when it was "
                "released: another version of a library, or a damaged file; release the run again"
            )


def _remember(
    predict: Callable[[Sequence[Any]], Outcome], size: int
) -> Callable[[Sequence[Any]], Outcome]:
    import pickle

    # By bytes: as keys 0.0 and -0.0 are one, and so are 1.0 and True.
    remembered = lru_cache(size)(lambda key: predict(pickle.loads(key)))
    return lambda values: remembered(pickle.dumps(tuple(values)))


def _say_not_finite(place: int | None) -> NotFiniteError:
    return NotFiniteError(
        "the model gives no finite number" + (f" for row {place}" if place else "")
    )


def _to_plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
