"""What crosses each place between two statements of the body: the live names.

Backward over the body: a name is live before a statement if the statement may read it, or
if it is live after and not certainly bound anew.
"""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.head import Head
from mlstages.refactor.names import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The statements of the body with the names that live between them.

    Names at the head and settings are not among them: the former are seen everywhere, the
    latter are known from the start.
    """

    indexes: tuple[int, ...]
    names: tuple[Names, ...]
    """What each of them does to names."""
    live: tuple[frozenset[str], ...]
    """Before each statement, and after the last: bound somewhere above, read below."""
    settings: frozenset[str]
    given: frozenset[str]
    """Parameters of the script's own main: bound above the first statement."""
    initial: Mapping[int, frozenset[str]]
    """By the statement that binds them on some paths only: names that are None before it."""

    @property
    def places(self) -> dict[int, int]:
        """The place in the body of each of its statements."""
        return {index: place for place, index in enumerate(self.indexes)}


def find_live(analysis: Analysis, head: Head, needed: Collection[str] = ()) -> Body:
    """Return the body with its live names.

    Parameters
    ----------
    needed : collection of str
        Names that are wanted to the end, though no statement reads them there.
    """
    names = [analysis.names[i] for i in head.body]
    settings = frozenset(setting.name for _, setting in head.settings)
    known, wanted = head.names | settings, frozenset(needed)
    given = frozenset(head.command.parameters if head.command else ())
    live = _live_before(names, known, wanted, given)
    initial: dict[int, frozenset[str]] = {}
    if unsure := _find_unsure(analysis, head.body, names, live, known | given):
        for place, found in unsure.items():
            each = names[place]
            names[place] = replace(each, bound=each.bound | found, likely=each.likely | found)
            initial[head.body[place]] = found
        live = _live_before(names, known, wanted, given)
    return Body(
        indexes=head.body,
        names=tuple(names),
        live=tuple(live),
        settings=settings,
        given=given,
        initial=initial,
    )


_ASKS: Final = frozenset(
    ("NameError", "UnboundLocalError", "locals", "globals", "vars", "dir", "eval", "exec")
)
"""What a script asks by whether a name is bound."""


def find_missing(
    names: Sequence[Names], live: Sequence[frozenset[str]], known: frozenset[str]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the places at which live names may be unbound, with these names.

    Loops are taken to run at least once. ``known`` are names of the head, or given to main.
    """
    likely = set(known)
    for place, each in enumerate(names):
        if missing := sorted(live[place] - likely):
            yield place, missing
        likely = (likely - each.deletes) | each.likely | known


def _find_unsure(
    analysis: Analysis,
    indexes: Sequence[int],
    names: Sequence[Names],
    live: Sequence[frozenset[str]],
    known: frozenset[str],
) -> dict[int, frozenset[str]]:
    """Return names that are first bound on some paths only, by the place of that statement.

    ``if clip: n_clipped = count(X)`` is one, where ``n_clipped`` is read further down. Only such
    as can begin as None: nothing asks whether they are bound, and the statement does not read them.
    """
    missing = {name for _, found in find_missing(names, live, known) for name in found}
    if not missing or any(_ASKS & each.mentions for each in analysis.names):
        return {}
    unsure: dict[int, frozenset[str]] = {}
    for name in sorted(missing):
        place = next(p for p, each in enumerate(names) if name in each.writes)
        node = analysis.statements[indexes[place]].node
        if (
            name not in names[place].likely | names[place].reads
            and not any(name in each.deletes for each in names)
            and not any(name in _bound_otherwise(part) for part in ast.walk(node))
        ):
            unsure[place] = unsure.get(place, frozenset()) | {name}
    return unsure


def _bound_otherwise(node: ast.AST) -> set[str]:
    """Return what a node binds to a module, a function, a class or an exception."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.ExceptHandler(name=str(name)):
            return {name}
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
    return set()


def _live_before(
    names: Sequence[Names],
    ignored: frozenset[str],
    wanted: frozenset[str],
    given: frozenset[str],
) -> list[frozenset[str]]:
    backward = [wanted]
    for each in reversed(names):
        wanted = (wanted - each.bound) | each.reads | (each.deferred_reads - each.bound)
        backward.append(wanted)
    above = set(given)
    live = []
    for place, each_wanted in enumerate(reversed(backward)):
        live.append(frozenset((each_wanted & above) - ignored))
        if place < len(names):
            above |= names[place].writes
    return live


class Interface(NamedTuple):
    """What goes into a stage and what comes out, in order of appearance."""

    inputs: tuple[str, ...]
    results: tuple[str, ...]


def find_interfaces(body: Body, cuts: Sequence[tuple[int, int]]) -> list[Interface]:
    """Return the interface of each stage, given as its first and last statement of the body.

    A stage gives what lies below needs. It also gives anew what it binds of the names that a
    stage above has given, so that none is left with an old value.
    """
    interfaces = []
    given = set(body.given)
    for first, last in cuts:
        inputs = find_inputs(body, first, last)
        results = find_results(body, first, last)
        bound: set[str] = set()
        for names in body.names[first : last + 1]:
            for name in names.in_order(names.writes & given):
                if name not in results:
                    results.append(name)
            bound = (bound - names.deletes) | names.bound
        deleted = {n for names in body.names[first : last + 1] for n in names.deletes} - bound
        results = [name for name in results if name not in deleted]
        inputs += [n for n in results if n in given and n not in bound and n not in inputs]
        given = (given | set(results)) - deleted
        interfaces.append(Interface(tuple(inputs), tuple(results)))
    return interfaces


def find_inputs(body: Body, first: int, last: int) -> list[str]:
    """Return what statements ``first`` to ``last`` of the body need from above, in order of use."""
    available = body.live[first] | body.settings
    bound: set[str] = set()
    needed: dict[str, None] = {}
    for names in body.names[first : last + 1]:
        for name in names.in_order((names.reads | names.deferred_reads) - bound):
            if name in available:
                needed[name] = None
        bound |= names.bound
    # What is bound on some path only is returned all the same: its old value is needed then.
    for name in find_results(body, first, last):
        if name in available and name not in needed and name not in bound:
            needed[name] = None
    return list(needed)


def find_results(body: Body, first: int, last: int) -> list[str]:
    """Return what statements ``first`` to ``last`` bind or change and what lies below needs."""
    wanted = body.live[last + 1]
    results: dict[str, None] = {}
    for names in body.names[first : last + 1]:
        for name in names.in_order(names.writes | names.mutated):
            if name in wanted:
                results[name] = None
    return list(results)
