"""Whether a model is linear, and by which arithmetic its numbers give every bit of `predict`."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlstages.release.linear import Arithmetic, LinearForm, Term
from mlstages.trained import TrainedModel

_FAR: Final = (10.0, -10.0, 1000.0)

COMPARED_ROWS: Final = 500
"""Rows on which the form must equal the model to the bit, of each of three kinds."""


def extract_linear(trained: TrainedModel) -> LinearForm | None:
    """Return the model as plain numbers, or None if it must be asked itself.

    Parameters
    ----------
    trained : TrainedModel

    Returns
    -------
    LinearForm or None
        Equal to ``predict`` on one row, to the bit, on rows of the test side, of the
        training side, and on rows mixed of the training values.

    Notes
    -----
    ``predict`` on many rows may differ from it in the last bits: BLAS sums in another order.
    """
    form = _read_form(trained.model, len(trained.columns))
    if form is None:
        return None
    rows = list(_choose_rows(trained))
    with np.errstate(all="ignore"):  # far outside, other models than linear ones may overflow
        expected = [float(trained.predict([row])[0]) for row in rows]
    for arithmetic in Arithmetic:
        candidate = replace(form, arithmetic=arithmetic)
        function = candidate.to_function()
        if all(
            function(row) == y_predicted for row, y_predicted in zip(rows, expected, strict=True)
        ):
            return candidate
    return None


def to_plain(row: Sequence[Any]) -> list[Any]:
    """Return a row as JSON has it: None where a value is missing."""
    cells = (cell.item() if isinstance(cell, np.generic) else cell for cell in row)
    return [None if cell is None or cell != cell else cell for cell in cells]


def _choose_rows(trained: TrainedModel) -> Iterator[list[Any]]:
    random = np.random.default_rng(0)
    for X in (trained.X_test, trained.X_train):
        chosen = random.permutation(len(X))[:COMPARED_ROWS]
        yield from (to_plain(row) for row in X[chosen])
    columns = [
        column[random.integers(len(column), size=COMPARED_ROWS)] for column in trained.X_train.T
    ]
    yield from (to_plain(row) for row in zip(*columns, strict=True))
    yield from _vary(to_plain(trained.X_test[0]), trained.X_train)


def _vary(row: list[Any], X: NDArray[np.object_]) -> Iterator[list[Any]]:
    """Yield a row with a cell missing where the training rows miss some, and far outside."""
    for i, cells in enumerate(X.T):
        values = to_plain(cells.tolist())
        if None in values:
            yield [*row[:i], None, *row[i + 1 :]]
        numbers = [one for one in values if isinstance(one, float)]
        if numbers and not isinstance(row[i], bool):
            for factor in _FAR:
                yield [*row[:i], factor * max(map(abs, numbers)), *row[i + 1 :]]


def _read_form(model: Any, n_features: int) -> LinearForm | None:
    from sklearn.pipeline import Pipeline

    steps = [step for _, step in model.steps] if type(model) is Pipeline else [model]
    *preparations, regressor = steps
    if not _is_linear(regressor):
        return None
    terms: list[Term] | None = [Term(field=i, coefficient=0.0) for i in range(n_features)]
    for preparation in preparations:
        terms = _prepare(preparation, terms) if terms is not None else None
    if terms is None or len(terms) != len(regressor.coef_):
        return None
    return LinearForm(
        terms=tuple(
            replace(term, coefficient=coefficient)
            for term, coefficient in zip(terms, regressor.coef_.tolist(), strict=True)
        ),
        intercept=float(regressor.intercept_),
    )


def _is_linear(regressor: Any) -> bool:
    # A class of somebody's own may answer otherwise far from the rows that are compared.
    return (
        type(regressor).__module__.startswith("sklearn.linear_model.")
        and hasattr(regressor, "coef_")
        and np.ndim(regressor.coef_) == 1
        and np.ndim(regressor.intercept_) == 0
    )


def _prepare(step: Any, terms: list[Term]) -> list[Term] | None:
    """Return the terms after a step of a pipeline, or None if it is none of those known."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    if type(step) not in (
        str,
        Pipeline,
        ColumnTransformer,
        SimpleImputer,
        StandardScaler,
        OneHotEncoder,
    ):
        return None  # a class of somebody's own may do otherwise
    match step:
        case "passthrough":
            return terms
        case Pipeline():
            prepared: list[Term] | None = terms
            for _, inner in step.steps:
                prepared = _prepare(inner, prepared) if prepared is not None else None
            return prepared
        case ColumnTransformer():
            return _prepare_columns(step, terms)
        case SimpleImputer() if _fills_what_is_missing(step, terms):
            fills = step.statistics_.tolist()
            return [replace(term, fill=fill) for term, fill in zip(terms, fills, strict=True)]
        case StandardScaler() if not any(term.category for term in terms):
            means = step.mean_.tolist() if step.with_mean else [0.0] * len(terms)
            scales = step.scale_.tolist() if step.with_std else [1.0] * len(terms)
            return [
                replace(term, mean=mean, scale=scale)
                for term, mean, scale in zip(terms, means, scales, strict=True)
            ]
        case OneHotEncoder() if _encodes_plain_categories(step):
            return [
                replace(term, category=category)
                for term, categories in zip(terms, step.categories_, strict=True)
                for category in categories.tolist()
            ]
    return None


def _fills_what_is_missing(step: Any, terms: list[Term]) -> bool:
    missing = step.missing_values
    return (
        (missing is None or missing != missing)  # NaN
        and not step.add_indicator
        and len(step.statistics_) == len(terms)
        # What comes after a scaler or another imputer is in other units.
        and all(term == Term(field=term.field, coefficient=0.0) for term in terms)
    )


def _encodes_plain_categories(step: Any) -> bool:
    if step.drop is not None or step.handle_unknown != "ignore":
        return False
    categories = [category for column in step.categories_ for category in column.tolist()]
    return all(category is not None and category == category for category in categories)


def _prepare_columns(step: Any, terms: list[Term]) -> list[Term] | None:
    prepared: list[Term] = []
    for _, transformer, columns in step.transformers_:
        if isinstance(transformer, str) and transformer == "drop":
            continue
        if not isinstance(columns, list) or not all(type(one) is int for one in columns):
            return None
        chosen = _prepare(transformer, [terms[column] for column in columns])
        if chosen is None:
            return None
        prepared += chosen
    return prepared
