"""The steps that concern data: load, handle what is missing, split.

Decides which columns are the features and the target, and how rows are parted. How a file
becomes a table is `mlstages.table`'s, which values are acceptable `mlstages.checks`'.

Here and in the other steps, scikit-learn and matplotlib are imported where they are
used: each task of a flow is a new interpreter, and one that neither splits nor fits nor
draws should not pay a second for them.
"""

import math
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlstages.config import Missing, check_test_size
from mlstages.errors import DataError, OptionError
from mlstages.result import MissingCounts
from mlstages.table import Kind, Table, read_table

Floats = NDArray[np.float64]

SMALLEST_SIDE: Final = 2
"""Rows that each side of the split needs: R² of one row is undefined."""


class Layout(NamedTuple):
    """Where the columns of a data set stood in its file. Plain types only."""

    name: str
    """The file, as messages call it."""
    columns: tuple[str, ...]
    """The features in the order of X, then the target."""
    kinds: tuple[str, ...]
    """Of each column: numeric, boolean, categorical; or mixed, to be refused."""
    has_header: bool | None
    """Whether the first row was taken as names; None where the format carries names."""
    first_row: int
    """The 1-based row of the file in which the values begin."""
    sha256: str
    """Of the file's bytes."""


class Split(NamedTuple):
    """Features and target, parted in rows to learn from and rows to test on."""

    X_train: NDArray[Any]
    """Shape (n_train, n_features), in the units of the file."""
    X_test: NDArray[Any]
    """Shape (n_test, n_features)."""
    y_train: Floats
    """Shape (n_train,), in units of the target."""
    y_test: Floats
    """Shape (n_test,)."""


class Handled(NamedTuple):
    """The rows to go on with, and the count of what was missing."""

    X: NDArray[Any]
    y: Floats
    missing: MissingCounts


def load_dataset(
    data: Path | str | bytes,
    *,
    name: str | None = None,
    target: str | None = None,
    header: bool | None = None,
    features: tuple[str, ...] | None = None,
    drop: tuple[str, ...] = (),
    sha256: str | None = None,
) -> tuple[NDArray[Any], NDArray[Any], Layout]:
    r"""Return features, target and layout of a file, unchecked.

    Parameters
    ----------
    data : Path, str or bytes
        The file, or its content.
    name : str or None, default=None
        What messages call the file; its extension says the format. Needed for bytes.
    target : str or None, default=None
        Column to predict, by name or 0-based index (negative from the end); a name wins.
        None is the last column.
    header : bool or None, default=None
        Whether the first row of a text file holds names; None decides by the row.
    features : tuple of str or None, default=None
        Columns to learn from, as `target` names one, in this order. None is all others.
    drop : tuple of str, default=()
        Columns to leave out, as `target` names one.
    sha256 : str or None, default=None
        What the file is known to be; None if nothing is known.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
        Of float64 where every feature is numeric or boolean (0 and 1); missing cells are
        NaN. With any other column, of objects as in the file: float, bool, str; missing
        cells are NaN in a numeric column, None in others.
    y : ndarray of shape (n_samples,)
        Of float64, or of objects that `mlstages.checks` refuses.
    layout : Layout

    Raises
    ------
    OptionError
        If a column is given twice, or `header` for a format that carries the names.
    FileError
        If the file cannot be read.
    DataError
        If it is no table, has no such column, is left without a feature, or is not the
        file that it was.

    Examples
    --------
    >>> X, y, layout = load_dataset(b"1\t2\n3\t4\n", name="tiny.txt")
    >>> X.tolist(), y.tolist(), layout.columns
    ([[1.0], [3.0]], [2.0, 4.0], ('0', '1'))
    """
    name = str(data) if name is None else name
    table = read_table(name, Path(data) if isinstance(data, str) else data, header)
    if sha256 not in (None, table.sha256):
        raise DataError(
            f"{name} has changed: its SHA-256 is {table.sha256} and was {sha256}; "
            "start again, or bring the file back"
        )
    target_column = table.columns[-1] if target is None else _find_column(name, table, target)
    chosen = _choose_features(name, table, target_column, features, drop)
    columns = (*chosen, target_column)
    layout = Layout(
        name=name,
        columns=columns,
        # Plain strings, so that a run that keeps them can be read without this package.
        kinds=tuple(table.kind(column).value for column in columns),
        has_header=table.has_header,
        first_row=table.first_row,
        sha256=table.sha256,
    )
    return table.to_matrix(chosen), table.to_matrix([target_column])[:, 0], layout


def join_columns(X: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """Return rows of features and target.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)

    Returns
    -------
    ndarray of shape (n_samples, n_features + 1)
    """
    return np.column_stack((X, y))


def _choose_features(
    name: str,
    table: Table,
    target: str,
    features: tuple[str, ...] | None,
    drop: tuple[str, ...],
) -> list[str]:
    chosen = _find_columns(name, table, "features", features or table.columns)
    dropped = _find_columns(name, table, "drop", drop)
    if features and target in chosen:
        raise DataError(f"{name}: column {target!r} is the target and cannot be a feature as well")
    if target in dropped:
        raise DataError(f"{name}: column {target!r} is the target and cannot be left out")
    kept = [column for column in chosen if column not in {*dropped, target}]
    if not kept:
        raise DataError(f"{name}: no feature is left beside the target {target!r}: drop less")
    return kept


def _find_columns(name: str, table: Table, option: str, given: tuple[str, ...]) -> list[str]:
    found = [_find_column(name, table, column) for column in given]
    for column, count in Counter(found).items():
        if count > 1:
            spellings = [each for each, meant in zip(given, found, strict=True) if meant == column]
            raise OptionError(
                f"{name}: {option} names column {column!r} more than once, as "
                f"{' and '.join(map(repr, spellings))}: give each column once"
            )
    return found


def _find_column(name: str, table: Table, column: str) -> str:
    if column in table.columns:
        return column
    try:
        return table.columns[int(column)]
    except (ValueError, IndexError):
        pass
    shown = ", ".join(map(repr, table.columns[:20]))
    more = f" and {len(table.columns) - 20} more" if len(table.columns) > 20 else ""
    raise DataError(
        f"{name} has no column {column!r}: give one of {shown}{more}, "
        f"or an index from 0 to {len(table.columns) - 1}"
    )


def find_missing(X: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which cells hold no value, ndarray of X's shape: NaN, or None among objects."""
    if X.dtype != object:
        missing: NDArray[np.bool_] = np.isnan(X)
        return missing
    flags = (cell is None or cell != cell for cell in X.flat)
    return np.fromiter(flags, dtype=np.bool_, count=X.size).reshape(X.shape)


def handle_missing(
    X: NDArray[Any], y: Floats, layout: Layout, missing: Missing | str | None
) -> Handled:
    """Return the rows to go on with, and the count of what was missing.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    layout : Layout
        What `load_dataset` returned with them.
    missing : Missing, str or None
        Rows to leave out: ``"drop"``, those that miss any cell; ``"impute"``, those that
        miss the target, which nobody may make up (their features are for the model to
        fill in). None where `check_dataset` has let nothing missing pass.

    Returns
    -------
    Handled
        X and y themselves where no row is left out.
    """
    if missing is None:
        return Handled(X, y, MissingCounts(cells={}, dropped_rows=0, imputed_cells=0))
    in_X, in_y = find_missing(X), find_missing(y)
    counts = dict(zip(layout.columns, [*in_X.sum(axis=0).tolist(), int(in_y.sum())], strict=True))
    left_out = in_y | in_X.any(axis=1) if missing == Missing.DROP else in_y
    n_left_out = int(left_out.sum())
    missing_counts = MissingCounts(
        cells={column: count for column, count in counts.items() if count},
        dropped_rows=n_left_out,
        imputed_cells=int(in_X[~left_out].sum()),
    )
    if n_left_out:
        X, y = X[~left_out], y[~left_out]
    return Handled(X, y, missing_counts)


def count_unseen(X_train: NDArray[Any], X_test: NDArray[Any], layout: Layout) -> dict[str, int]:
    """Return how many test cells hold a category that no training row has, by column.

    Parameters
    ----------
    X_train, X_test : ndarray of shape (n_train, n_features), (n_test, n_features)
    layout : Layout

    Returns
    -------
    dict
        Only of columns that have such cells. A model counts each as none of the categories.
    """
    unseen = {}
    for i, (column, kind) in enumerate(zip(layout.columns[:-1], layout.kinds, strict=False)):
        if kind == Kind.CATEGORICAL:
            known = {*X_train[:, i], None}
            n_cells = sum(category not in known for category in X_test[:, i])
            if n_cells:
                unseen[column] = n_cells
    return unseen


def split_dataset(X: NDArray[Any], y: Floats, test_size: float, random_state: int) -> Split:
    """Return the rows parted at random, the same way for the same seed.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    test_size : float
        Share of the rows that is kept for testing, between 0 and 1; rounded up to rows.
    random_state : int
        Seed, in [0, 2**32 - 1].

    Returns
    -------
    Split

    Raises
    ------
    OptionError
        If the test size is no share, or a side would have fewer than two rows.
    DataError
        If the target is constant on the test side: R² would be undefined.

    Notes
    -----
    `sklearn.model_selection.train_test_split`.
    """
    from sklearn.model_selection import train_test_split

    check_test_size(test_size)
    n_test = int(np.ceil(test_size * len(y)))
    n_train = len(y) - n_test
    if min(n_train, n_test) < SMALLEST_SIDE:
        # Rounded inwards, so that what is recommended is accepted.
        places = len(str(len(y))) + 1
        low = math.ceil(SMALLEST_SIDE / len(y) * 10**places) / 10**places
        high = math.floor((1 - SMALLEST_SIDE / len(y)) * 10**places) / 10**places
        raise OptionError(
            f"test size {test_size} parts {len(y)} rows into {n_train} to learn from and {n_test} "
            f"to test on, and each side needs {SMALLEST_SIDE}: "
            f"choose a test size from {low:.{places}g} to {high:.{places}g}"
        )
    parts: Any = train_test_split(X, y, test_size=test_size, random_state=random_state)
    split = Split(*parts)
    if np.all(split.y_test == split.y_test[0]):
        raise DataError(
            f"the target is constant ({split.y_test[0]}) on the {n_test} test rows, where R² is "
            "undefined: take another --random-state or a larger --test-size"
        )
    return split
