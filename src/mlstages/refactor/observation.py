"""What the running script showed, as bans and wishes for the plan."""

import itertools
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from mlstages.refactor.figures import is_figure_used_below
from mlstages.refactor.plan import Ban, Plan
from mlstages.refactor.set_up import OF_LOGGING, Renewal, find_renewed

_PROCESS_STATE: Final = {
    "folder": ("the current folder is changed", "change_folder"),
    "numpy.options": ("numpy's print options are changed", "set_print_options"),
    "numpy.errors": ("numpy's handling of errors is changed", "set_handling_of_errors"),
    "sklearn.config": ("scikit-learn's configuration is changed", "set_config_of_sklearn"),
    "matplotlib.rcParams": ("matplotlib's settings are changed", "set_style_of_plots"),
    "pandas.options": ("pandas' options are changed", "set_options_of_pandas"),
    "logging": ("logging is configured", OF_LOGGING),
}
"""What a process carries besides names and random states; a new process has lost it.

Each with what is said of its change, and what a stage is called that makes it.
"""

_CODE: Final = frozenset(("builtins.function", "builtins.type", "builtins.module"))
"""Types of what is no result."""

_LOGGER: Final = "logging.Logger"

_RANDOM: Final = {"numpy.random": "numpy", "random": "random"}


class Observed(NamedTuple):
    """What the plan has to heed."""

    bans: tuple[Ban, ...]
    renewals: tuple[Renewal, ...]
    random_users: dict[str, frozenset[int]]
    picklable: frozenset[str]


def read_observation(plan: Plan, places: Mapping[str, Any]) -> Observed:
    """Return what was seen at the places between statements."""
    seen = _by_statement(plan, places)
    renewals = tuple(_find_renewals(plan, seen))
    renewed = {renewal.statement for renewal in renewals}
    return Observed(
        bans=(*_carried_bans(plan, seen), *_state_bans(plan, seen, renewed)),
        renewals=renewals,
        random_users=_find_random_users(plan, seen),
        picklable=frozenset(_find_picklable(seen)),
    )


def _by_statement(plan: Plan, places: Mapping[str, Any]) -> dict[int, Any]:
    """Return what was seen by the index of the statement that follows; the end comes last."""
    n_statements = len(plan.analysis.statements)
    return {i: places[str(i)] for i in range(n_statements + 1) if str(i) in places}


def _carried_bans(plan: Plan, seen: Mapping[int, Any]) -> Iterator[Ban]:
    for place, index in enumerate(plan.body.indexes):
        look = seen.get(index)
        if place == 0 or look is None or "missing" not in look:
            continue
        for name in look["missing"]:
            is_none = any(name in plan.body.initial.get(i, ()) for i in plan.body.indexes[:place])
            if name in plan.body.settings or is_none:  # a keyword, or None from the start
                continue
            yield Ban(index, f"{name} is not bound", only_flow=False)
        for name, fault in look["unpicklable"].items():
            yield Ban(index, f"{name} cannot go to another process: {fault}")
        for one, other in look["shared"]:
            if not {one, other} <= plan.body.live[place] | plan.body.settings:
                continue
            if any({one, other} & names.mutated for names in plan.body.names[place:]):
                yield Ban(
                    index, f"{one} and {other} share memory, and one of them is changed later"
                )
        if look["figures"] and is_figure_used_below(plan.analysis, plan.body.indexes, place):
            yield Ban(index, "a figure is still being drawn: plt.close() would end it")


def _find_picklable(seen: Mapping[int, Any]) -> set[str]:
    """Return the names whose values a task could store wherever they were seen."""
    looks = list(seen.values())
    kinds = [pair for look in looks for pair in look.get("types", {}).items()]
    names = {name for name, kind in kinds if kind not in _CODE}
    return names - {name for look in looks for name in look.get("unpicklable", ())}


def find_stale(plan: Plan, places: Mapping[str, Any]) -> list[Ban]:
    """Return a ban on each boundary after which an earlier result is changed by another name.

    A step gave it, and no step below takes it: the flow would keep it as it was then.
    """
    seen = _by_statement(plan, places)
    body = plan.body.places
    given: set[str] = set()
    bans = []
    for step, following in itertools.pairwise(plan.steps):
        given |= set(step.results)
        index = following.stages[0].pieces[0].statement
        place = body[index]
        live = plan.body.live[place]
        for pair in seen.get(index, {}).get("shared", ()):
            old = [name for name in pair if name in given and name not in live]
            new = [name for name in pair if name in live]
            below = plan.body.names[place:]
            if old and new and any(new[0] in names.mutated for names in below):
                bans.append(Ban(index, f"{old[0]} is part of {new[0]}, which is changed later"))
    return bans


def _find_renewals(plan: Plan, seen: Mapping[int, Any]) -> Iterator[Renewal]:
    """Yield the statements that have changed the process, and can do so in each task."""
    kinds = [pair for look in seen.values() for pair in look.get("types", {}).items()]
    loggers = {name for name, kind in kinds if kind == _LOGGER}
    loggers -= {name for name, kind in kinds if kind != _LOGGER}
    found: dict[int, Renewal] = {}
    for index in plan.body.indexes:
        before = seen.get(index, {}).get("state", {})
        after = seen.get(index + 1, {}).get("state", before)
        changed = [k for k in _PROCESS_STATE if k in before and after.get(k) != before[k]]
        why = "; ".join(_tell_change(plan, key, index) for key in changed)
        for each in find_renewed(plan.analysis, plan.body, index, loggers) if changed else ():
            found.setdefault(each, Renewal(each, why, _PROCESS_STATE[changed[0]][1]))
    yield from (found[index] for index in sorted(found))


def _tell_change(plan: Plan, key: str, index: int) -> str:
    """Return what a statement has changed, with its line."""
    line = plan.analysis.script.line_in_file(plan.analysis.statements[index].first)
    return f"{_PROCESS_STATE[key][0]} at {plan.script.tell(line)}"


def _state_bans(plan: Plan, seen: Mapping[int, Any], renewed: Collection[int]) -> Iterator[Ban]:
    """Yield a ban on each place at which a statement of the body has left a process changed.

    Those that are renewed (by their index) leave nothing.
    """
    changed: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    body = set(plan.body.indexes)
    before: Mapping[str, Any] = {}
    for index in range(len(plan.analysis.statements)):
        now = seen.get(index, {}).get("state", before)
        if index - 1 in body and index - 1 not in renewed:
            for key in _PROCESS_STATE:
                old = before.get(key)
                if old is not None and now.get(key) != old and key not in changed:
                    changed[key] = old
                    reasons[key] = _tell_change(plan, key, index - 1)
                if key in changed and now.get(key) == changed[key]:
                    del changed[key]
        for key in changed:
            yield Ban(index, reasons[key])
        before = now


def _find_random_users(plan: Plan, seen: Mapping[int, Any]) -> dict[str, frozenset[int]]:
    users: dict[str, set[int]] = {"numpy": set(), "random": set()}
    for index in plan.body.indexes:
        before = seen.get(index, {}).get("state", {})
        after = seen.get(index + 1, {}).get("state", {})
        for key, state in _RANDOM.items():
            # A generator that was not there before may have been loaded, and seeded at once.
            if before.get(key) != after.get(key, before.get(key)):
                users[state].add(index)
    return {state: frozenset(indexes) for state, indexes in users.items()}
