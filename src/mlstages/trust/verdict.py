"""What a behavioural check says of a model."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

SHOWN_FAILURES: Final = 10


class Kind(StrEnum):
    """The kinds of checks, in the field's words; also the tables of a file of checks."""

    DATA = "data"
    MINIMUM_FUNCTIONALITY = "minimum_functionality"
    INVARIANCE = "invariance"
    DIRECTIONAL_EXPECTATION = "directional_expectation"
    SLICES = "slices"
    BASELINE = "baseline"
    REGRESSION = "regression"
    STABILITY = "stability"
    ROBUSTNESS = "robustness"


class Failure(NamedTuple):
    """One case in which the model does not do what is expected."""

    case: str
    """The row, the slice or the seed."""
    got: str
    """What the model predicts, or how far it is off."""
    expected: str

    def to_dict(self) -> dict[str, Any]:
        """Return the failure as JSON can carry it."""
        return self._asdict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one check found.

    Parameters
    ----------
    kind : Kind
    says : str
        The sentence that says what is expected.
    passed : bool or None
        None where it cannot be judged; `measured` says why.
    measured : str
        What was found, in one line.
    n_cases : int
    n_failures : int
    failures : tuple of Failure
        The first ten.
    derived : bool
        Whether it was derived from the run and nobody wrote it down.
    """

    kind: Kind
    says: str
    passed: bool | None
    measured: str
    n_cases: int
    n_failures: int = 0
    failures: tuple[Failure, ...] = ()
    derived: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON can carry it."""
        return asdict(self) | {"failures": [failure.to_dict() for failure in self.failures]}


def judge(
    kind: Kind,
    says: str,
    failures: Iterable[Failure],
    n_cases: int,
    *,
    share: float = 1.0,
    measured: str = "",
) -> Verdict:
    """Return the verdict on cases, of which a share has to be as expected.

    Parameters
    ----------
    kind : Kind
    says : str
    failures : iterable of Failure
    n_cases : int
        With none there is nothing to judge.
    share : float, default=1.0
        Of the cases that must be as expected.
    measured : str, default=""
        In place of the count of cases.
    """
    found = list(failures)
    n_good = n_cases - len(found)
    counted = f"{n_good} of {n_cases} {'case' if n_cases == 1 else 'cases'} as expected"
    if share < 1:
        counted += f", {share:.0%} needed"
    return Verdict(
        kind=kind,
        says=says,
        # Of few cases a share of nearly all would allow none.
        passed=len(found) <= (max(1.0, (1 - share) * n_cases) if share < 1 else 0)
        if n_cases
        else None,
        measured=measured or (counted if n_cases else "no row that it can be tried on"),
        n_cases=n_cases,
        n_failures=len(found),
        failures=tuple(found[:SHOWN_FAILURES]),
    )


def describe_row(columns: Sequence[str], row: Sequence[Any]) -> str:
    """Return a row as people read it.

    Examples
    --------
    >>> describe_row(("size", "colour"), (1.5, "red"))
    "size 1.5, colour 'red'"
    """
    if len(columns) == 1 and isinstance(row[0], str):
        return repr(row[0])
    cells = zip(columns, row, strict=True)
    return ", ".join(f"{column} {show_value(cell)}" for column, cell in cells)


def show_value(value: Any) -> str:
    """Return a number to six digits, anything else as Python writes it."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:.6g}"
    return repr(str(value)) if isinstance(value, str) else str(value)
