"""Checks as people declare them, in a TOML file beside the data.

Each table ``[[kind]]`` is a check: `says` is the sentence of what is expected, the rest how it
is tried. The classes below are the whole grammar; `read_checks` refuses anything else.
"""

import dataclasses
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mlstages.errors import DataError, FileError
from mlstages.trust.verdict import Kind

MUST_NOT_FALL: Final = "must not fall"
MUST_NOT_RISE: Final = "must not rise"
MUST_FALL: Final = "must fall"
MUST_RISE: Final = "must rise"
DIRECTIONS: Final = (MUST_NOT_FALL, MUST_NOT_RISE, MUST_FALL, MUST_RISE)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumFunctionality:
    """A row with the answer that is known: a value, or a range of values."""

    says: str
    row: Row
    expected: Any = None
    tolerance: float = 0.0
    between: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariance:
    """A change that must not matter: exactly one of noise, replace, irrelevant, units, order."""

    says: str
    noise: dict[str, float] = field(default_factory=dict)
    """By column: standard deviation of what is added, in units of the column."""
    replace: list[list[str]] = field(default_factory=list)
    """Pairs: each first text becomes the second, in every text of a row."""
    irrelevant: list[str] = field(default_factory=list)
    """Columns whose cells are dealt out anew."""
    units: dict[str, float] = field(default_factory=dict)
    """By column: what it is multiplied by before the model is trained again."""
    order: bool = False
    """The rows are asked for in another order."""
    rows: list[Row] = field(default_factory=list)
    """Rows to try it on; none is the test rows."""
    tolerance: float = 0.0
    """How far a prediction may move, in units of the target."""
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionalExpectation:
    """A change that must move the prediction: of increase and replace, exactly one."""

    says: str
    increase: dict[str, float] = field(default_factory=dict)
    """By column: what is added, in units of the column."""
    replace: list[list[str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    prediction: str = ""
    """One of `DIRECTIONS`."""
    of: Any = None
    """The class whose probability or score is to move."""
    becomes: Any = None
    """The class that the changed row must be."""
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """Parts of the test rows, in each of which the error is within a factor of the whole."""

    says: str
    columns: list[str] = field(default_factory=list)
    """None is all."""
    quantiles: int = 4
    factor: float = 1.5
    """At most; a quarter of the rows that has all of the error comes to 2."""
    at_least: int = 30
    """Rows that a part must have to be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The model is better than always predicting the same."""

    says: str
    margin: float = 0.1
    """By how much of the baseline's figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """The model is no worse than the released one, on the same rows."""

    says: str
    margin: float = 0.02
    """By how much of the released model's figure it may be worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """No test row was learnt from, and no feature gives the target away."""

    says: str
    share: float = 0.01
    """Of the test rows that may stand among the training rows, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """Trained again it is the same model; split otherwise it is as good."""

    says: str
    seeds: int = 5
    spread: float = 0.2
    """Standard deviation of the figure over the seeds, as a share of the baseline's figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """A row that is none gets a clear error or a flagged prediction."""

    says: str


Check = (
    MinimumFunctionality
    | Invariance
    | DirectionalExpectation
    | Slices
    | Baseline
    | Regression
    | Data
    | Stability
    | Robustness
)

CLASSES: Final[dict[Kind, type[Check]]] = {
    Kind.DATA: Data,
    Kind.MINIMUM_FUNCTIONALITY: MinimumFunctionality,
    Kind.INVARIANCE: Invariance,
    Kind.DIRECTIONAL_EXPECTATION: DirectionalExpectation,
    Kind.SLICES: Slices,
    Kind.BASELINE: Baseline,
    Kind.REGRESSION: Regression,
    Kind.STABILITY: Stability,
    Kind.ROBUSTNESS: Robustness,
}

_RANGES: Final = {
    "share": (0.0, 1.0),
    "tolerance": (0.0, sys.float_info.max),
    "margin": (0.0, 1.0),
    "spread": (0.0, 10.0),
    "seeds": (2, 100),
    "quantiles": (1, 1000),
    "factor": (1.0, 1000.0),
    "at_least": (2, 10**9),
}
"""Lowest and highest value of each key that is one number, wherever it stands."""

_FILLED: Final = ("says", "row", "noise", "replace", "irrelevant", "units", "order", "increase")
"""Keys that ask for nothing when they are empty or false."""

_CHANGES: Final = ("noise", "replace", "irrelevant", "units", "order", "increase")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What nobody can measure of whether machine learning is needed; empty is not answered."""

    cost_of_error: str = ""
    """What one wrong prediction costs, and whom."""
    more_data: str = ""
    """How more data could be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a file of checks has.

    Parameters
    ----------
    checks : tuple of Check
        In the order of the kinds.
    need : Need
    """

    checks: tuple[Check, ...] = ()
    need: Need = Need()


def kind_of(check: Check) -> Kind:
    """Return the kind of a check."""
    return next(kind for kind, of in CLASSES.items() if of is type(check))


def read_checks(path: Path) -> Declaration:
    """Return the checks that a file declares.

    Raises
    ------
    FileError
        If it cannot be read.
    DataError
        If it is no TOML, or declares what there is not; all that is wrong is listed.
    """
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # also of text that is not UTF-8
        raise DataError(f"{path} is no TOML: {error}") from None
    need = plain.pop("need", {})
    faults = [
        f"[{name}]: no kind of check: {', '.join(Kind)}" for name in plain if name not in CLASSES
    ]
    faults += _find_faults("[need]", need, Need)
    declared: list[Check] = []
    for kind, check_class in CLASSES.items():
        tables = plain.get(kind.value, [])
        if not isinstance(tables, list):
            faults.append(f"[{kind}]: write [[{kind}]], since there may be more of them")
            continue
        for number, table in enumerate(tables, start=1):
            place = f"[[{kind}]] number {number}"
            found = _find_faults(place, table, check_class) or _find_gaps(place, table, kind)
            faults += found
            if not found:
                declared.append(check_class(**table))
    if faults:
        raise DataError(f"{path}: " + "".join(f"\n  - {fault}" for fault in faults))
    return Declaration(checks=tuple(declared), need=Need(**need))


def _find_faults(place: str, table: Any, check_class: type[Any]) -> list[str]:
    if not isinstance(table, Mapping):
        return [f"{place}: no table of keys and values"]
    fields = {one.name: one for one in dataclasses.fields(check_class)}
    faults = [
        f"{place}: no key {name!r}: it takes {', '.join(fields)}"
        for name in table
        if name not in fields
    ]
    for name, one in fields.items():
        if name not in table:
            if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
                faults.append(f"{place}: the key {name!r} is needed")
        elif not _fits(table[name], one.type):
            faults.append(f"{place}: {name} = {table[name]!r} is not {_in_words(one.type)}")
        elif name in _RANGES and not _is_within(table[name], *_RANGES[name]):
            low, high = _RANGES[name]
            faults.append(f"{place}: {name} = {table[name]!r} is not from {low:g} to {high:g}")
        elif name in _FILLED and not table[name]:
            faults.append(
                f"{place}: {name} = {table[name]!r} says nothing: leave it out, or fill it"
            )
    return faults


def _find_gaps(place: str, table: Mapping[str, Any], kind: Kind) -> list[str]:
    """Return what the values of a table, each right by itself, lack together."""
    if kind is Kind.MINIMUM_FUNCTIONALITY:
        given = [name for name in ("expected", "between") if name in table]
        if len(given) != 1:
            return [f"{place}: give either expected or between = [low, high]"]
        if given == ["between"] and (
            len(table["between"]) != 2 or not table["between"][0] <= table["between"][1]
        ):
            return [f"{place}: between is two numbers, [low, high]"]
        if given == ["between"] and "tolerance" in table:
            return [f"{place}: a tolerance goes with expected, not with between"]
    if kind in (Kind.INVARIANCE, Kind.DIRECTIONAL_EXPECTATION):
        known = [
            name for name in _CHANGES if name in {f.name for f in dataclasses.fields(CLASSES[kind])}
        ]
        if sum(name in table for name in known) != 1:
            return [f"{place}: give exactly one of {', '.join(known)}"]
        if any(not spread > 0 for spread in table.get("noise", {}).values()):
            return [f"{place}: each value of noise is a standard deviation above 0"]
        if any(len(pair) != 2 or not pair[0] for pair in table.get("replace", [])):
            return [f'{place}: replace is pairs of texts, [["old", "new"]]']
    if kind is Kind.DIRECTIONAL_EXPECTATION:
        if ("becomes" in table) == ("prediction" in table):
            return [f"{place}: give either becomes or prediction"]
        if table.get("prediction", MUST_RISE) not in DIRECTIONS:
            return [f"{place}: prediction is one of {', '.join(map(repr, DIRECTIONS))}"]
    return []


def _is_within(value: float, low: float, high: float) -> bool:
    return low <= value <= high  # not NaN


def _fits(value: Any, wanted: Any) -> bool:
    if wanted is Any:
        return True
    if wanted is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if wanted in (int, str, bool):
        return type(value) is wanted
    if wanted.__origin__ is list:
        return isinstance(value, list) and all(_fits(one, wanted.__args__[0]) for one in value)
    return isinstance(value, dict) and all(_fits(one, wanted.__args__[1]) for one in value.values())


def _in_words(wanted: Any) -> str:
    plain = {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}
    if wanted in plain:
        return plain[wanted]
    if wanted.__origin__ is list:
        return f"a list, each {_in_words(wanted.__args__[0])}"
    of = wanted.__args__[1]
    return "a table {column = value}" + ("" if of is Any else f", each value {_in_words(of)}")
