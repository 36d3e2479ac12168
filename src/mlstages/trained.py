"""A trained model with the rows that it learnt from and was tested on.

Decides what a row of any run is (its columns, what kind each is) and how rows become what
the model's ``predict`` takes. Where the parts come from is for `mlstages.runs.trained`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlstages.errors import RunUnusableError

LONG_TEXT: Final = 40
"""A column of text whose values are longer than this in the mean holds sentences."""


class ColumnKind(StrEnum):
    """What the cells of a feature are."""

    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"
    TEXT = "text"


class Container(StrEnum):
    """What a model's ``predict`` takes rows in."""

    NUMBERS = "numbers"
    """An ndarray of float64, shape (n_samples, n_features)."""
    OBJECTS = "objects"
    """An ndarray of objects, the same shape."""
    FRAME = "frame"
    """A pandas DataFrame."""
    TEXTS = "texts"
    """A list of texts, one a row."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedModel:
    """A model and its rows, whatever flow made them.

    Parameters
    ----------
    run : str
        ``<flow>/<run id>``.
    model : object
        Anything with ``predict``.
    X_train, X_test : ndarray of shape (n_samples, n_features)
        Of objects; one column of texts where the model takes texts.
    y_train, y_test : ndarray of shape (n_samples,)
        Of float64, or of objects where the model tells classes.
    columns : tuple of str
        The features in the order of X.
    kinds : tuple of ColumnKind
        One a feature.
    container : Container
    target : str
    is_classifier : bool
    data_sha256 : str or None
        Of the file that it learnt from.
    """

    run: str
    model: Any
    X_train: NDArray[np.object_]
    X_test: NDArray[np.object_]
    y_train: NDArray[Any]
    y_test: NDArray[Any]
    columns: tuple[str, ...]
    kinds: tuple[ColumnKind, ...]
    container: Container
    target: str
    is_classifier: bool
    data_sha256: str | None = None

    def contain(self, rows: Sequence[Sequence[Any]] | NDArray[np.object_]) -> Any:
        """Return rows as the model's ``predict`` takes them; see `contain`."""
        return contain(rows, self.container, self.columns, self.kinds)

    def predict(self, rows: Sequence[Sequence[Any]] | NDArray[np.object_]) -> NDArray[Any]:
        """Return the model's predictions, ndarray of shape (n_rows,)."""
        return np.asarray(self.model.predict(self.contain(rows))).ravel()

    def guess_constant(self, n_rows: int) -> NDArray[Any]:
        """Return what no model would say: the mean of the training target, or its commonest class.

        Classes are texts, as `to_labels` has them.
        """
        if not self.is_classifier:
            return np.full(n_rows, self.y_train.astype(float).mean())
        labels, counts = np.unique(to_labels(self.y_train), return_counts=True)
        return np.full(n_rows, labels[counts.argmax()])

    def fit_again(self, X: NDArray[np.object_], y: NDArray[Any]) -> "TrainedModel":
        """Return a model of the same kind and settings, fitted to other rows.

        Raises
        ------
        RunUnusableError
            If it is none that can be made anew (`sklearn.base.clone`), or not of these rows.
        """
        from sklearn.base import clone

        try:
            model = clone(self.model)
            model.fit(self.contain(X), y)
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise RunUnusableError(f"the model cannot be trained again: {error}") from None
        return replace(self, model=model)


def contain(
    rows: Sequence[Sequence[Any]] | NDArray[np.object_],
    container: Container,
    columns: Sequence[str],
    kinds: Sequence[ColumnKind],
) -> Any:
    """Return rows as a model takes them.

    Parameters
    ----------
    rows : sequence of sequences, or ndarray of shape (n_rows, n_features)
        Values in the order of the columns; a missing one is None or NaN.
    container : Container
    columns : sequence of str
    kinds : sequence of ColumnKind

    Returns
    -------
    ndarray, DataFrame or list of str
    """
    if container is Container.TEXTS:
        return [row[0] for row in rows]
    if container is Container.NUMBERS:
        if isinstance(rows, np.ndarray):
            return rows.astype(np.float64)
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(columns))
    if container is Container.OBJECTS:
        X = np.empty((len(rows), len(columns)), dtype=object)
        for i, (kind, column) in enumerate(zip(kinds, zip(*rows, strict=True), strict=True)):
            # As `load_dataset` keeps them: NaN in a numeric column, None in others.
            missing = np.nan if kind is ColumnKind.NUMERIC else None
            X[:, i] = [missing if cell is None else cell for cell in column]
        return X
    import pandas as pd  # type: ignore[import-untyped] # who has frames has pandas

    frame = pd.DataFrame([list(row) for row in rows], columns=list(columns))
    for name, kind in zip(columns, kinds, strict=True):
        if kind is ColumnKind.NUMERIC:
            frame[name] = frame[name].astype(float)
    return frame


def to_numbers(cells: NDArray[Any]) -> NDArray[np.float64]:
    """Return the cells of a numeric or boolean column, NaN where one is missing."""
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)


def count_words(cells: NDArray[Any]) -> NDArray[np.float64]:
    """Return the number of words of each text, 0 where it is missing."""
    return np.array([0 if cell is None else len(cell.split()) for cell in cells], dtype=np.float64)


def to_labels(y: NDArray[Any]) -> NDArray[Any]:
    """Return classes as texts, ndarray of shape (n_samples,): 1, 1.0 and "1" are one.

    Examples
    --------
    >>> to_labels(np.array([1.0, 2.0])).tolist(), to_labels(np.array(["a"])).tolist()
    (['1', '2'], ['a'])
    """
    return np.array([to_label(one) for one in y.tolist()], dtype=np.str_)


def to_label(value: Any) -> str:
    """Return a class as a text."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def name_kind(cells: NDArray[Any]) -> ColumnKind | None:
    """Return what kind of column these cells make; None if of no one kind.

    Examples
    --------
    >>> name_kind(np.array([1.0, 2.5])).value, name_kind(np.array(["red", "blue"])).value
    ('numeric', 'categorical')
    """
    known = [cell for cell in cells.tolist() if cell is not None and cell == cell]
    if known and all(isinstance(cell, bool) for cell in known):
        return ColumnKind.BOOLEAN
    if known and all(isinstance(cell, (int, float)) for cell in known):
        return ColumnKind.NUMERIC
    if not known or not all(isinstance(cell, str) for cell in known):
        return None
    mean_length = sum(len(str(cell)) for cell in known) / len(known)
    return ColumnKind.TEXT if mean_length > LONG_TEXT else ColumnKind.CATEGORICAL
