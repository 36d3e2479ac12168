"""What two runs did, compared; and the verdict that may be said of a refactoring.

Output is compared to the character, figures by number and pixels, files by content, and
each variable that both runs have by what it holds. Nothing is called verified that was not
compared: what could not be looked into is named.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Final, NamedTuple

from mlstages.refactor.trial import (
    Laboratory,
    Trial,
    add_stages,
    put_main,
    run_program,
    run_stages,
)


class Verdict(StrEnum):
    """What running them has shown."""

    VERIFIED = "verified"
    VERIFIED_FIXED = "verified under fixed seeds and clock"
    DIFFERS = "differs"
    NOT_COMPARABLE = "not comparable"
    NOT_RUN = "not run"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The verdict on one stage, with what was seen."""

    verdict: Verdict
    difference: str = ""
    """The first difference, or why there is no verdict."""
    n_variables: int = 0
    """Compared by content."""
    n_figures: int = 0
    n_files: int = 0
    n_lines: int = 0
    uncompared: tuple[str, ...] = ()
    """Variables that both have, and that cannot be looked into."""
    by_content: tuple[str, ...] = ()
    """Files of other bytes that hold the same: pickles."""
    as_main: tuple[str, ...] = ()
    """Modules that are named where the script names ``__main__``, as loggers are."""
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 if nothing was found to differ, 1 otherwise."""
        return int(self.verdict in (Verdict.DIFFERS, Verdict.NOT_COMPARABLE))

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome for JSON."""
        return {
            "verdict": str(self.verdict),
            "difference": self.difference,
            "compared": {
                "lines": self.n_lines,
                "variables": self.n_variables,
                "figures": self.n_figures,
                "files": self.n_files,
            },
            "uncompared": list(self.uncompared),
            "files_by_content": list(self.by_content),
            "named_as_main": list(self.as_main),
            "seconds": round(self.seconds, 3),
        }


def find_difference(one: Trial, other: Trial) -> str:
    """Return the first difference of two runs in words; empty if there is none."""
    if other.timed_out:
        return "it had not ended when the time was up"
    if one.status != other.status:
        said = other.stderr.strip().splitlines()
        return f"exit status {one.status} became {other.status}" + (
            f": {_last_error(said)}{_place_of_error(said)}" if said else ""
        )
    if not (one.is_recorded and other.is_recorded):
        return "a process was ended before its record was written (os._exit, or killed)"
    printed = put_main(other.stdout, other.modules) if _names_module(one, other) else other.stdout
    return (
        _compare_text(one.stdout, printed, is_flow=bool(other.steps))
        or _compare_figures(one, other)
        or _compare_files(one, other)
        or _compare_variables(one, other)
        or _compare_returned(one, other)
    )


_MOST_REPEATS: Final = 3
_SHORT: Final = 20
"""Seconds; a script that takes longer is repeated once only."""

Run = Callable[[Laboratory], Trial]
"""How a file is run in a laboratory."""


class Candidate(NamedTuple):
    """What is to do as the script does: how it is run, and how it is looked into."""

    run: Run
    look: Callable[[Laboratory, Trial], Trial] | None = None
    """Costs another run, and is for one that shows no difference."""


def of_functions(
    name: str, text: str | None, modules: Sequence[str], stages: Sequence[str]
) -> Candidate:
    """Return how a module of functions is run, and looked into for what its stages bind.

    Parameters
    ----------
    name : str
        The module's file.
    text : str or None
        Is written to it first, if given.
    modules : sequence of str
        Other modules whose classes are the script's.
    stages : sequence of str
        Functions whose local names are variables of the script.
    """

    def run(laboratory: Laboratory) -> Trial:
        return run_program(laboratory, name, text, modules)

    def look(laboratory: Laboratory, trial: Trial) -> Trial:
        return add_stages(trial, run_stages(laboratory, name, text, modules, stages))

    return Candidate(run, look if stages else None)


class Proof(NamedTuple):
    """A verdict, and the run of the original that it rests on."""

    outcome: Outcome
    original: Trial
    laboratory: Laboratory
    """With seeds and clock fixed, where that was needed."""
    other: Trial
    """What it is a verdict on."""
    itself: str = ""
    """Why that was needed: what differs between two runs of the script."""


def prove(
    laboratory: Laboratory,
    original: Trial,
    one: Run,
    other: Candidate,
    report: Callable[[str], None],
) -> Proof:
    """Return the verdict on ``other`` beside ``one``, of which ``original`` is a run.

    A script that differs from itself is run with fixed seeds and clock.
    """
    trial, outcome = run_candidate(original, other, laboratory)
    if outcome.verdict != Verdict.DIFFERS:
        return Proof(outcome, original, laboratory, trial)
    # That another status is chance is so rare that one more run of the script must do.
    n_most = _MOST_REPEATS if trial.status == original.status else 1
    again = run_again(original, one, laboratory, n_most)
    itself = find_difference(original := tolerate_pickles(original, again), again)
    if not itself:
        trial, outcome = look_into(original, trial, other, laboratory)
        return Proof(outcome, original, laboratory, trial)
    return prove_fixed(laboratory, one, other, itself, report)


def run_candidate(
    original: Trial, other: Candidate, laboratory: Laboratory
) -> tuple[Trial, Outcome]:
    """Return a run of ``other`` with the verdict on it."""
    return look_into(original, other.run(laboratory), other, laboratory)


def look_into(
    original: Trial, trial: Trial, other: Candidate, laboratory: Laboratory
) -> tuple[Trial, Outcome]:
    """Return the verdict on a run of ``other``, with what a closer look shows."""
    outcome = judge(original, trial, is_fixed=laboratory.is_fixed)
    if outcome.difference or other.look is None:
        return trial, outcome
    trial = other.look(laboratory, trial)
    return trial, judge(original, trial, is_fixed=laboratory.is_fixed)


def run_again(
    original: Trial, one: Run, laboratory: Laboratory, n_most: int = _MOST_REPEATS
) -> Trial:
    """Return a run of the script that differs from its first one, if one of a few does.

    The order of a small set is the same in every second run.
    """
    for _ in range(n_most if original.seconds < _SHORT else 1):
        again = one(laboratory)
        if find_difference(tolerate_pickles(original, again), again):
            break
    return again


def prove_fixed(
    laboratory: Laboratory,
    one: Run,
    other: Candidate,
    itself: str,
    report: Callable[[str], None],
) -> Proof:
    """Return the verdict on ``other`` beside ``one``, both with fixed seeds and clock."""
    report(f"the script differs from itself ({itself}): fixing seeds and clock")
    laboratory = replace(laboratory, is_fixed=True)
    original = one(laboratory)
    if original.status:
        still = f"it ends with status {original.status}"
        return Proof(not_comparable(still), original, laboratory, original, itself)
    trial, outcome = judge_run(original, other, laboratory, report)
    if outcome.difference:
        again = run_again(original, one, laboratory)
        original = tolerate_pickles(original, again)
        if still := find_difference(original, again):
            return Proof(not_comparable(still), original, laboratory, trial, itself)
        trial, outcome = look_into(original, trial, other, laboratory)
    return Proof(outcome, original, laboratory, trial, itself)


def not_comparable(still: str) -> Outcome:
    """Return the verdict where two runs of the script differ by ``still``."""
    return Outcome(
        verdict=Verdict.NOT_COMPARABLE,
        difference=f"two runs of the script differ, fixed seeds and clock or not: {still}",
    )


def judge_run(
    original: Trial, other: Candidate, laboratory: Laboratory, report: Callable[[str], None]
) -> tuple[Trial, Outcome]:
    """Return a run of ``other`` with the verdict on it, as `run_candidate` does, or a second one.

    A library that was imported before the clock was fixed may go on telling the time. So where
    forked tasks come to their end and differ under a fixed clock, each is a new interpreter; and
    that twice, since a flow that differs now and then should not have a second chance.
    """
    trial, outcome = run_candidate(original, other, laboratory)
    has_ended = trial.status == original.status and not trial.timed_out
    if not (outcome.difference and laboratory.is_fixed and trial.is_forked and has_ended):
        return trial, outcome
    report(f"forked tasks differ ({outcome.difference}): starting each anew")
    for _ in range(2):
        trial, outcome = run_candidate(original, other, replace(laboratory, forks=False))
        if outcome.difference:
            break
    return trial, outcome


def tolerate_pickles(original: Trial, again: Trial) -> Trial:
    """Return a run whose pickles are known by what they hold, where their bytes are no measure.

    Two runs of one script write other bytes where an object remembers an address, as
    vectorizers of scikit-learn do.
    """
    unsteady = frozenset(
        name
        for name, held in original.pickles.items()
        if again.pickles.get(name) == held and again.files.get(name) != original.files.get(name)
    )
    return replace(original, unsteady=original.unsteady | unsteady)


def judge(one: Trial, other: Trial, *, is_fixed: bool) -> Outcome:
    """Return the verdict on a run beside the original's."""
    difference = find_difference(one, other)
    both = [name for name in one.variables if name in other.variables]
    unseen = tuple(
        sorted(n for n in both if one.variables[n]["partial"] or other.variables[n]["partial"])
    )
    verified = Verdict.VERIFIED_FIXED if is_fixed else Verdict.VERIFIED
    return Outcome(
        verdict=Verdict.DIFFERS if difference else verified,
        difference=difference,
        n_variables=len({*both, *_list_returned(one, other)}.difference(unseen)),
        n_figures=len(one.figures),
        n_files=len(one.files),
        n_lines=one.stdout.count("\n"),
        uncompared=unseen,
        by_content=() if difference else tuple(_find_other_bytes(one, other)),
        as_main=() if difference else tuple(_list_named(one, other)),
        seconds=other.seconds,
    )


def _last_error(lines: list[str]) -> str:
    for line in reversed(lines):
        bare = re.sub(r"^\S+ \S+ \[[^\]]*\] ", "", line).strip()
        if re.match(r"^[\w.]+(Error|Exception|Exit|Interrupt|Warning)\b", bare):
            return bare[:200]
    for line in reversed(lines):  # Metaflow tells some by words of its own
        if said := _ERROR.search(line):
            return said[0][:200]
    return lines[-1].strip()[:200]


_ERROR: Final = re.compile(r"Serializer \w+ failed on artifact .*")


_FRAME: Final = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')
_NOT_THE_USERS: Final = ("site-packages", "/lib/python", "/tool/", "<frozen")


def _place_of_error(lines: list[str]) -> str:
    """Return where the last error was raised, among the user's own files; empty if in none."""
    for line in reversed(lines):
        frame = _FRAME.search(line)
        if frame and not any(part in frame[1] for part in _NOT_THE_USERS):
            return f" ({PurePath(frame[1]).name}:{frame[2]}, in {frame[3]})"
    return ""


def _compare_text(one: str, other: str, *, is_flow: bool) -> str:
    one, other = _mask(one), _mask(other)
    if one == other:
        return ""
    mine, theirs = one.splitlines(), other.splitlines()
    for number, (a, b) in enumerate(zip(mine, theirs, strict=False), start=1):
        if a != b:
            return f"line {number} of the output: {a[:100]!r} became {b[:100]!r}"
    if len(mine) > len(theirs):
        return f"line {len(theirs) + 1} of the output is missing: {mine[len(theirs)][:100]!r}"
    if len(theirs) > len(mine):
        return f"line {len(mine) + 1} of the output is new: {theirs[len(mine)][:100]!r}"
    if is_flow and one.rstrip("\n") == other.rstrip("\n"):
        return ""  # Metaflow's log ends each task's output with a line feed
    return "the line ends of the output differ"


def _mask(text: str) -> str:
    """Hide what no two runs share: addresses in memory."""
    return re.sub(r"\bat 0x[0-9a-fA-F]{6,}", "at 0x", text)


def _compare_figures(one: Trial, other: Trial) -> str:
    # A figure that is left open is seen at the end: of the script, or of its task of a flow.
    is_flow = bool(one.steps or other.steps)
    is_known = bool(one.figures_as_made and other.figures_as_made)
    if is_flow and is_known:
        is_same = one.figures_as_made == other.figures_as_made
    else:
        is_same = one.figures == other.figures
    mine, theirs = Counter(one.figures), Counter(other.figures)
    if is_same or (mine == theirs and is_flow and not is_known):
        return ""
    if mine == theirs:
        return "the figures come in another order"
    if len(one.figures) != len(other.figures):
        return f"{len(one.figures)} figures became {len(other.figures)}"
    missing = mine - theirs
    place = next(i for i, figure in enumerate(one.figures) if figure in missing)
    return f"figure {place + 1} of {len(one.figures)} has other pixels"


def _compare_files(one: Trial, other: Trial) -> str:
    for name in sorted({*one.files, *other.files}):
        if name not in other.files:
            return f"the file {name} is not {_verb(one.files[name])}"
        if name not in one.files:
            return f"the file {name} is {_verb(other.files[name])} in addition"
    for name in find_moved_pickles(one, other):
        return (
            f"the file {name} holds classes or functions of {_modules(other, name)}, "
            f"not of {_modules(one, name)}: whoever loads it needs that module"
        )
    for name in _find_other_bytes(one, other):
        holds_the_same = name in one.pickles and one.pickles[name] == other.pickles.get(name)
        # What a task pickles has been pickled on its way to it: arrays share no type then.
        is_no_measure = name in one.unsteady or bool(other.steps)
        if not (holds_the_same and is_no_measure):
            said = "other bytes, though it holds the same" if holds_the_same else "other content"
            return f"the file {name} has {said}"
    return ""


def _find_other_bytes(one: Trial, other: Trial) -> list[str]:
    """Return the files that both have written, in other bytes.

    Not those that only name a module of the flow where the script names ``__main__``.
    """
    return [
        name
        for name, content in one.files.items()
        if content not in (other.files.get(name), other.files_as_main.get(name))
    ]


def _names_module(one: Trial, other: Trial) -> bool:
    """Tell whether a flow prints the name of a module where the script prints ``__main__``."""
    return "__main__" in one.stdout and put_main(other.stdout, other.modules) != other.stdout


def _list_named(one: Trial, other: Trial) -> list[str]:
    """Return the modules that a flow names, in its output or its files, in place of the script."""
    told = {*one.files.values()} & {*other.files_as_main.values()}
    is_named = bool(told) or _names_module(one, other)
    return list(other.modules) if is_named else []


def find_moved_pickles(one: Trial, other: Trial) -> list[str]:
    """Return the files that hold equal objects of equal classes from other modules.

    A class that a script defines is of ``__main__``, and in a flow of the module of functions.
    """
    return [
        name
        for name, held in sorted(one.pickles.items())
        if (its := other.pickles.get(name)) is not None
        and held.digest == its.digest
        and held.modules != its.modules
    ]


def _modules(trial: Trial, name: str) -> str:
    return " and ".join(trial.pickles[name].modules)


def _verb(digest: str) -> str:
    return "deleted" if digest == "deleted" else "written"


def _compare_variables(one: Trial, other: Trial) -> str:
    for name in find_changed_variables(one, other):
        return f"the variable {name} {_tell_change(one.variables[name], other.variables[name])}"
    return ""


def _compare_returned(one: Trial, other: Trial) -> str:
    """Compare what functions of stages, of equal text, had bound when they returned."""
    for key in sorted(one.returned.keys() & other.returned.keys()):
        mine, theirs = one.returned[key], other.returned[key]
        for name in _find_changed(mine, theirs):
            function = key.partition(":")[0]
            return f"the variable {name} of {function} {_tell_change(mine[name], theirs[name])}"
    return ""


def _list_returned(one: Trial, other: Trial) -> set[str]:
    """Return the names that functions of stages have bound in both, and that were compared."""
    return {
        name
        for key in one.returned.keys() & other.returned.keys()
        for name, mine in one.returned[key].items()
        if name in other.returned[key]
        and not (mine["partial"] or other.returned[key][name]["partial"])
    }


def _tell_change(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    place = _place_within(mine, theirs)
    if place and mine["shown"][:_MOST_SHOWN] == theirs["shown"][:_MOST_SHOWN]:
        return f"differs{place}: {mine['type']} {mine['shown'][:_MOST_SHOWN]!r}"
    return (
        f"differs{place}: {mine['type']} {mine['shown'][:_MOST_SHOWN]!r} "
        f"became {theirs['type']} {theirs['shown'][:_MOST_SHOWN]!r}"
    )


_MOST_SHOWN: Final = 80
"""Characters of a value that are shown in a sentence."""


def _place_within(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """Return in which attribute or item two values first differ, if their texts do not show it."""
    if mine["shown"][:_MOST_SHOWN] != theirs["shown"][:_MOST_SHOWN]:
        return ""
    others = theirs.get("parts", {})
    parts = mine.get("parts", {}).items()
    return next((f" in {name}" for name, digest in parts if others.get(name) != digest), "")


def find_changed_variables(one: Trial, other: Trial) -> list[str]:
    """Return the variables that both runs have, could be looked into, and differ."""
    return _find_changed(one.variables, other.variables)


def _find_changed(
    one: Mapping[str, Mapping[str, Any]], other: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    return [
        name
        for name, mine in one.items()
        if (theirs := other.get(name)) is not None
        and not (mine["partial"] or theirs["partial"])
        and mine["digest"] != theirs["digest"]
        and not _differ_in_copied_generator(mine, theirs)
    ]


def _differ_in_copied_generator(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Tell whether two values differ only in that one holds numpy's own random generator.

    An estimator does so that was fitted without a seed; in another process it has a copy.
    """
    kinds = {tuple(each.get("generators", ())) for each in (mine, theirs)}
    return (
        kinds == {("shared",), ("own",)}
        and mine["without_generators"] == theirs["without_generators"]
    )
