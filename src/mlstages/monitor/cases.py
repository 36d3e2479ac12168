"""Accepted feedback as cases of the behavioural checks, written below what people wrote."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from mlstages.errors import DataError, FileError
from mlstages.records import Feedback
from mlstages.release.released import Released

TABLE: Final = "minimum_functionality"
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What became of accepted feedback.

    Parameters
    ----------
    path : str
        The file that it was written to.
    added, known : tuple of int
        Numbers of the feedback that was added, and that was there before.
    refused : dict of int to str
        Why the others do not fit the released model.
    notes : tuple of str
    """

    path: str
    added: tuple[int, ...]
    known: tuple[int, ...]
    refused: dict[int, str]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what became of it as JSON can carry it."""
        return asdict(self)


def add_cases(
    path: Path,
    accepted: Sequence[Feedback],
    released: Released,
    rejected: Sequence[Feedback] = (),
) -> Handed:
    """Have a file of checks hold a case for each piece of accepted feedback; no case twice.

    Parameters
    ----------
    path : Path
        A TOML file; made if it is not there. What it holds already stays as it is.
    accepted : sequence of Feedback
    released : Released
    rejected : sequence of Feedback, default=()
        What may stand in the file although somebody thinks otherwise now: it is said.

    Raises
    ------
    FileError
        If the file cannot be read or written.
    DataError
        If it is no TOML, or its cases are written so that none can be added below.
    """
    text = _read(path)
    known_cases = list(_parse(path, text).get(TABLE, []))
    fitting, refused = split_fitting(accepted, released)
    added, known, texts = [], [], []
    for told in fitting:
        case = make_case(told, released)
        if any(_is_same(case, other, told.number) for other in known_cases):
            known.append(told.number)
            continue
        known_cases.append(case)
        added.append(told.number)
        texts.append(_format(case))
    if texts:
        _append(path, text, "\n".join(texts))
    standing = [told.number for told in rejected if _stands(told.number, known_cases)]
    notes = [
        f"feedback {number} is rejected, and still a case there: take it out" for number in standing
    ]
    return Handed(
        path=str(path),
        added=tuple(added),
        known=tuple(known),
        refused=refused,
        notes=tuple(notes),
    )


def _stands(number: int, cases: Sequence[Any]) -> bool:
    return any(_is_of(number, case) for case in cases if isinstance(case, dict))


def _is_of(number: int, case: Mapping[str, Any]) -> bool:
    return str(case.get("says", "")).startswith(f"Feedback {number}:")


def split_fitting(
    accepted: Sequence[Feedback], released: Released
) -> tuple[list[Feedback], dict[int, str]]:
    """Return the feedback that fits the released model, and why the rest does not."""
    fitting, refused = [], {}
    by_row: dict[str, list[Feedback]] = {}
    for told in accepted:
        by_row.setdefault(repr(told.row), []).append(told)
    for told in accepted:
        faults = [
            f"{fault.field}: {fault.expected} is expected, and it has {fault.got}"
            for fault in released.schema.find_faults(told.row)
        ]
        target = released.schema.target
        if not released.is_classifier and not target.accepts(told.truth):
            faults.append(f"what is right is {target.expected}, and it says {told.truth!r}")
        faults += [
            f"feedback {other.number} says otherwise of the same row: reject one of them"
            for other in by_row[repr(told.row)]
            if _contradict(told, other, released)
        ]
        if faults:
            refused[told.number] = "; ".join(faults)
        else:
            fitting.append(told)
    return fitting, refused


def _contradict(told: Feedback, other: Feedback, released: Released) -> bool:
    """Return whether no prediction of their row could be right by both."""
    if released.is_classifier:
        return str(told.truth) != str(other.truth)
    low, high = released.error_range or (0.0, 0.0)
    accepts = released.schema.target.accepts
    both = accepts(told.truth) and accepts(other.truth)
    return both and abs(told.truth - other.truth) > high - low


def make_case(told: Feedback, released: Released) -> dict[str, Any]:
    """Return feedback as a case: a sentence, a row, and what is expected of it."""
    fields = released.schema.fields
    values = zip(fields, released.schema.to_values(told.row), strict=True)
    expected = told.truth if released.is_classifier else float(told.truth)
    case = {
        "says": f"Feedback {told.number}: {told.remark.strip() or f'{expected} is right'}",
        # TOML has no null: what is missing is left out.
        "row": {field.name: value for field, value in values if value is not None},
        "expected": expected,
    }
    if not released.is_classifier:
        low, high = released.error_range or (0.0, 0.0)
        case["tolerance"] = (high - low) / 2
    return case


def _is_same(case: Mapping[str, Any], other: Any, number: int) -> bool:
    """Return whether a case is there, also if somebody changed what is expected of it."""
    if not isinstance(other, dict) or other.get("row") != case["row"]:
        return False
    return _is_of(number, other) or other.get("expected") == case["expected"]


def _format(case: Mapping[str, Any]) -> str:
    row = ", ".join(f"{_format_key(name)} = {_format_value(v)}" for name, v in case["row"].items())
    lines = [f"[[{TABLE}]]", f"says = {_format_value(case['says'])}", f"row = {{{row}}}"]
    lines += [f"{name} = {_format_value(v)}" for name, v in list(case.items())[2:]]
    return "\n".join(lines) + "\n"


def _format_key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _format_value(name)


def _format_value(value: Any) -> str:
    # JSON's texts, numbers and booleans are TOML's, but for one character that TOML forbids.
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8: save it as UTF-8") from None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path} is no TOML: {error}; mend it, nothing was added") from None


def _append(path: Path, text: str, cases: str) -> None:
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    addition = gap + cases
    try:
        tomllib.loads(text + addition)
    except tomllib.TOMLDecodeError:
        raise DataError(
            f"{path}: {TABLE} is written there as one value, below which no case can be added: "
            f"write each case as a [[{TABLE}]]"
        ) from None
    if "\r\n" in text:
        addition = addition.replace("\n", "\r\n")
    try:
        with path.open("ab") as file:
            file.write(addition.encode())
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}") from None
