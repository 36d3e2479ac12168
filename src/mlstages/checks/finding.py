"""What a check looks at, what it finds, and the table in which each check registers.

A check is a small function from a `Subject` to findings, vectorised over the rows. It is
registered by `check`; `mlstages.checks` imports them all by name, which fills the table.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlstages.config import Missing
from mlstages.data import Layout, find_missing
from mlstages.table import Kind
from mlstages.table.cells import REPORTED_ROWS, excerpt, list_rows

LARGEST_MAGNITUDE: Final = 1e150
"""Squares of larger numbers overflow, and with them every sum of squares."""


class Severity(StrEnum):
    """Whether a run would stop over a finding."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong or odd in a table.

    Parameters
    ----------
    check : str
        Who found it.
    severity : Severity
    column : str or None
        None is the whole table.
    n_rows : int
        How many rows have it; 0 if it is not of single rows.
    rows : tuple of int
        The first ten, as numbered in the file from 1.
    message : str
        What, and where.
    remedy : str
        What to do.
    """

    check: str
    severity: Severity
    column: str | None
    n_rows: int
    rows: tuple[int, ...]
    message: str
    remedy: str

    @property
    def more_rows(self) -> int:
        """How many rows have it beside those that are named."""
        return self.n_rows - len(self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON can carry it."""
        return asdict(self) | {"rows": list(self.rows), "more_rows": self.more_rows}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
    kind : Kind
    values : ndarray of shape (n_samples,)
        float64 where the kind is numeric or boolean, else objects.
    is_target : bool
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    is_target: bool

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"the target, column {self.name!r}" if self.is_target else f"column {self.name!r}"

    @property
    def is_of_numbers(self) -> bool:
        """Whether it can be computed with: numbers, or 0 and 1."""
        return self.kind in (Kind.NUMERIC, Kind.BOOLEAN)

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The cells that are numbers, and NaN for others, ndarray of shape (n_samples,)."""
        if self.is_of_numbers:
            return self.values
        numbers = (cell if isinstance(cell, float) else np.nan for cell in self.values)
        return np.fromiter(numbers, dtype=np.float64, count=len(self.values))

    @cached_property
    def is_ordinary(self) -> bool:
        """Whether it has only numbers whose squares are finite."""
        if not self.is_of_numbers:
            return False
        # Two passes without a copy; the comparison is False for NaN.
        extremes = -self.values.min(initial=0.0), self.values.max(initial=0.0)
        return bool(max(extremes) <= LARGEST_MAGNITUDE)

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Which cells hold no value, ndarray of shape (n_samples,)."""
        if self.is_ordinary:
            return np.zeros(len(self.values), dtype=np.bool_)
        return find_missing(self.values)

    @cached_property
    def codes(self) -> NDArray[np.intp]:
        """A number for each value, equal where the cells are, ndarray of shape (n_samples,)."""
        if self.is_of_numbers:
            return np.unique(self.values, return_inverse=True)[1]
        known: dict[Any, int] = {}
        # Cells of a mixed column may be lists, which no dictionary takes.
        cells = map(repr, self.values) if self.kind == Kind.MIXED else self.values
        codes = (known.setdefault(cell, len(known)) for cell in cells)
        return np.fromiter(codes, dtype=np.intp, count=len(self.values))


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What the checks look at: a loaded table, and what a run would do with it.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    layout : Layout
    target_range : (float, float) or None, default=None
    missing : Missing, str or None, default=None
    test_size : float, default=0.2
    random_state : int, default=42
    """

    X: NDArray[Any]
    y: NDArray[Any]
    layout: Layout
    target_range: tuple[float, float] | None = None
    missing: Missing | str | None = None
    test_size: float = 0.2
    random_state: int = 42

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The features, then the target."""
        named = list(zip(self.layout.columns, self.layout.kinds, strict=True))
        arrays = [*self.X.T, self.y]
        return tuple(
            Column(
                name=name,
                kind=Kind(kind),
                values=values.astype(np.float64, copy=False)
                if kind in (Kind.NUMERIC, Kind.BOOLEAN)
                else values,
                is_target=i == len(named) - 1,
            )
            for i, ((name, kind), values) in enumerate(zip(named, arrays, strict=True))
        )

    @property
    def features(self) -> tuple[Column, ...]:
        """All columns but the target."""
        return self.columns[:-1]

    @property
    def target(self) -> Column:
        """The column to predict."""
        return self.columns[-1]

    @cached_property
    def left_out(self) -> NDArray[np.bool_]:
        """Which rows a run leaves out, ndarray of shape (n_samples,)."""
        if self.missing is None:
            return np.zeros(len(self.y), dtype=np.bool_)
        needed = self.columns if self.missing == Missing.DROP else (self.target,)
        left_out: NDArray[np.bool_] = np.logical_or.reduce([c.missing for c in needed])
        return left_out

    @cached_property
    def row_codes(self) -> NDArray[np.intp]:
        """A number for each row, equal where all cells are, ndarray of shape (n_samples,)."""
        codes = np.zeros(len(self.y), dtype=np.intp)
        for column in self.columns:
            # Dense after each column: the product of all counts would overflow.
            pairs = codes * (int(column.codes.max(initial=0)) + 1) + column.codes
            codes = np.unique(pairs, return_inverse=True)[1]
        return codes

    def finding(
        self,
        check: str,
        severity: Severity,
        message: str,
        remedy: str,
        *,
        column: Column | None = None,
        at: NDArray[np.intp] | tuple[()] = (),
    ) -> Finding:
        """Return a finding of the rows at these indices; they are named by their numbers."""
        return Finding(
            check=check,
            severity=severity,
            column=None if column is None else column.name,
            n_rows=len(at),
            rows=self.number_rows(np.asarray(at, dtype=np.intp)),
            message=message,
            remedy=remedy,
        )

    def number_rows(self, at: NDArray[np.intp]) -> tuple[int, ...]:
        """Return the numbers in the file of the first ten rows at these indices."""
        return tuple((at[:REPORTED_ROWS] + self.layout.first_row).tolist())

    def name_cells(self, column: Column, at: NDArray[np.intp]) -> str:
        """Return ``rows 3 (inf), 9 ('x') and 2 more``."""
        cells = column.values[at[:REPORTED_ROWS]].tolist()
        named = [
            f"{row} ({excerpt(cell)})"
            for row, cell in zip(self.number_rows(at), cells, strict=True)
        ]
        return list_rows(named, len(at))

    def name_rows(self, at: NDArray[np.intp]) -> str:
        """Return ``rows 3, 9 and 2 more``."""
        return list_rows([str(row) for row in self.number_rows(at)], len(at))


Check = Callable[[Subject], Iterable[Finding]]


class RegisteredCheck(NamedTuple):
    """A check in the table."""

    find: Check
    stops_run: bool
    """Whether the step that checks the data runs it; the others are for `check_table` alone."""


CHECKS: Final[dict[str, RegisteredCheck]] = {}
"""All checks by name, in the order of their registration."""


def check(name: str, *, stops_run: bool = False) -> Callable[[Check], Check]:
    """Return a decorator that registers a check."""

    def register(find: Check) -> Check:
        CHECKS[name] = RegisteredCheck(find, stops_run)
        return find

    return register


def count_cells(count: int, what: str, whats: str | None = None) -> str:
    """Return ``1 cell is …`` or ``7 cells are …``.

    Examples
    --------
    >>> count_cells(1, "missing"), count_cells(2, "a number", "numbers")
    ('1 cell is missing', '2 cells are numbers')
    """
    return f"1 cell is {what}" if count == 1 else f"{count} cells are {whats or what}"
