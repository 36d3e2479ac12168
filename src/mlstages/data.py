"""The steps that concern data: load, check, split.

Decides which column is the target, which values are acceptable and how rows are parted.
How a file becomes numbers is `mlstages.table`'s.

Here and in the other steps, scikit-learn and matplotlib are imported where they are
used: each task of a flow is a new interpreter, and one that neither splits nor fits nor
draws should not pay a second for them.
"""

import math
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlstages.config import check_test_size
from mlstages.errors import DataError, OptionError
from mlstages.table import Table, read_table
from mlstages.table.cells import REPORTED_ROWS, list_rows

Floats = NDArray[np.float64]

SMALLEST_SIDE: Final = 2
"""Rows that each side of the split needs: R² of one row is undefined."""

LARGEST_MAGNITUDE: Final = 1e150
"""Squares of larger numbers overflow, and with them every sum of squares."""


class Layout(NamedTuple):
    """Where the columns of a data set stood in its file. Plain types only."""

    name: str
    """The file, as messages call it."""
    columns: tuple[str, ...]
    """The features in the order of X, then the target."""
    has_header: bool | None
    """Whether the first row was taken as names; None where the format carries names."""
    first_row: int
    """The 1-based row of the file in which the values begin."""
    unreadable: dict[str, tuple[int, tuple[tuple[int, str], ...]]]
    """By column at fault: how many cells are no numbers, and the first ten: row and text."""
    sha256: str
    """Of the file's bytes."""


class Split(NamedTuple):
    """Features and target, parted in rows to learn from and rows to test on."""

    X_train: Floats
    """Shape (n_train, n_features), in the units of the file."""
    X_test: Floats
    """Shape (n_test, n_features)."""
    y_train: Floats
    """Shape (n_train,), in units of the target."""
    y_test: Floats
    """Shape (n_test,)."""


def load_dataset(
    data: Path | str | bytes,
    *,
    name: str | None = None,
    target: str | None = None,
    header: bool | None = None,
    sha256: str | None = None,
) -> tuple[Floats, Floats, Layout]:
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
    sha256 : str or None, default=None
        What the file is known to be; None if nothing is known.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
        Cells that are no numbers are NaN; `check_dataset` refuses them.
    y : ndarray of shape (n_samples,)
    layout : Layout

    Raises
    ------
    FileError
        If the file cannot be read.
    DataError
        If it is no table, has no such column, or is not the file that it was.

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
    target_column = _find_target(name, table, target)
    features = [column for column in table.columns if column != target_column]
    X = table.values.select(features).to_numpy(order="c")
    y = table.values.get_column(target_column).to_numpy()
    # Plain tuples, so that a run that keeps them can be read without this package.
    unreadable = {
        column: (cells.n_cells, cells.examples) for column, cells in table.unreadable.items()
    }
    layout = Layout(
        name=name,
        columns=(*features, target_column),
        has_header=table.has_header,
        first_row=table.first_row,
        unreadable=unreadable,
        sha256=table.sha256,
    )
    return X, y, layout


def join_columns(X: Floats, y: Floats) -> Floats:
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


def _find_target(name: str, table: Table, target: str | None) -> str:
    if target is None:
        return table.columns[-1]
    if target in table.columns:
        return target
    try:
        return table.columns[int(target)]
    except (ValueError, IndexError):
        pass
    shown = ", ".join(repr(column) for column in table.columns[:20])
    more = f" and {len(table.columns) - 20} more" if len(table.columns) > 20 else ""
    raise DataError(
        f"{name} has no column {target!r}: give one of {shown}{more}, "
        f"or an index from 0 to {len(table.columns) - 1}"
    )


def check_dataset(
    X: Floats, y: Floats, layout: Layout, target_range: tuple[float, float] | None
) -> None:
    """Return if a model can be made of the data.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    layout : Layout
        What `load_dataset` returned with them; messages speak of the file's rows.
    target_range : (float, float) or None
        Lowest and highest value that the target may have, both allowed.

    Raises
    ------
    DataError
        With every reason, not the first: cells that are no numbers, values that are not
        finite or too large to be squared, a target out of range or constant, too few
        rows. Each column at fault is named with its count and its first ten rows.
    """
    reasons = []
    if len(y) < 2 * SMALLEST_SIDE:
        rows = "1 row" if len(y) == 1 else f"{len(y)} rows"
        reasons.append(f"it has {rows} of values: {2 * SMALLEST_SIDE} are needed, two a side")
    for i, column in enumerate(layout.columns[:-1]):
        reasons += _value_faults(X[:, i], column, layout)
    reasons += _value_faults(y, layout.columns[-1], layout)
    reasons += _target_faults(y, layout, target_range)
    if len(reasons) == 1:
        raise DataError(f"{layout.name}: {reasons[0]}")
    if reasons:
        listed = "".join(f"\n  - {reason}" for reason in reasons)
        raise DataError(f"{layout.name} has {len(reasons)} faults: mend each{listed}")


def _value_faults(values: Floats, column: str, layout: Layout) -> list[str]:
    # Two passes without a copy decide the usual case; the comparison is False for NaN.
    if max(-values.min(initial=0.0), values.max(initial=0.0)) <= LARGEST_MAGNITUDE:
        return []
    finite = np.isfinite(values)
    too_large = finite & (np.abs(values) > LARGEST_MAGNITUDE)
    limit = f"beyond ±{LARGEST_MAGNITUDE:g}, too large to be squared"
    return [
        f"column {column!r}: {_count(len(at), what)}: {_rows(values, column, at, layout)}"
        for at, what in (
            (np.flatnonzero(~finite), "not a finite number"),
            (np.flatnonzero(too_large), limit),
        )
        if len(at)
    ]


def _target_faults(
    y: Floats, layout: Layout, target_range: tuple[float, float] | None
) -> list[str]:
    column = layout.columns[-1]
    if len(y) and np.all(y == y[0]):
        return [f"the target, column {column!r}, is constant ({y[0]}): there is nothing to learn"]
    if not target_range:
        return []
    low, high = target_range
    at = np.flatnonzero((y < low) | (y > high))
    at = at[np.isfinite(y[at])]  # what is not finite has been named
    if not len(at):
        return []
    return [
        f"the target, column {column!r}: {_count(len(at), f'out of the range {low:g} to {high:g}')}"
        f": {_rows(y, column, at, layout)}; mend them, or set another target range"
    ]


def _count(count: int, what: str) -> str:
    return f"1 cell is {what}" if count == 1 else f"{count} cells are {what}"


def _rows(values: Floats, column: str, at: NDArray[np.intp], layout: Layout) -> str:
    _n, examples = layout.unreadable.get(column, (0, ()))
    texts = dict(examples)
    rows = []
    for i in at[:REPORTED_ROWS].tolist():
        row = layout.first_row + i
        rows.append(f"{row} ({texts.get(row, repr(float(values[i])))})")
    return list_rows(rows, len(at))


def split_dataset(X: Floats, y: Floats, test_size: float, random_state: int) -> Split:
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
            f"to test on, and each side needs {SMALLEST_SIDE}: choose from {low:.{places}g} "
            f"to {high:.{places}g}"
        )
    parts: Any = train_test_split(X, y, test_size=test_size, random_state=random_state)
    split = Split(*parts)
    if np.all(split.y_test == split.y_test[0]):
        raise DataError(
            f"the target is constant ({split.y_test[0]}) on the {n_test} test rows, where R² is "
            "undefined: take another --random-state or a larger --test-size"
        )
    return split
