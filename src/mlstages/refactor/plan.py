"""The plan of a refactoring: the stages, their names, what goes in and what comes out.

It puts the passes together, from text to a value that is shown, written out or proven; it
runs nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any, NamedTuple

from mlstages.errors import OptionError, RefusedError
from mlstages.refactor.arguments import Arguments, find_arguments, unparsed
from mlstages.refactor.branches import Block, Work, find_blocks, touches_files
from mlstages.refactor.hazards import Refusal, Veto, find_refusals, find_vetoes
from mlstages.refactor.head import Analysis, Head, analyse, find_head
from mlstages.refactor.headings import Piece, Strength, read_pieces
from mlstages.refactor.lift import lift_globals
from mlstages.refactor.liveness import Body, find_interfaces, find_live
from mlstages.refactor.naming import StageName, name_stages
from mlstages.refactor.random_state import find_carried_state, find_random_users
from mlstages.refactor.script import Script
from mlstages.refactor.segment import Cutting, cut_body, find_own_call, join_cuts
from mlstages.refactor.unwrap import unwrap


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStage:
    """One stage: statements of the body under a name."""

    name: str
    summary: str
    pieces: tuple[Piece, ...]
    inputs: tuple[str, ...]
    results: tuple[str, ...]
    first_line: int
    """In the user's file."""
    last_line: int
    begins: str
    """Why it begins where it does."""
    is_own: bool
    """The stage is one call of a function that the user wrote: it needs no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step of the flow: a stage, or several that cannot be in two processes."""

    name: str
    summary: str
    stages: tuple[PlannedStage, ...]
    inputs: tuple[str, ...]
    results: tuple[str, ...]
    takes_over: tuple[str, ...]
    """The random states that it takes over from the step before: ``numpy``, ``random``."""
    together: str
    """Why its stages cannot be parted; empty if there is one only."""


class Merge(NamedTuple):
    """A place where a person had put a mark, and why there is no boundary."""

    line: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a script is cut into stages, and these are put into steps of a flow."""

    script: Script
    analysis: Analysis
    head: Head
    body: Body
    stages: tuple[PlannedStage, ...]
    steps: tuple[PlannedStep, ...]
    merges: tuple[Merge, ...]
    notes: tuple[str, ...]
    """What was laid open or lifted before the cut."""
    flow_refusals: tuple[Refusal, ...]
    """Why there is no flow; empty if there is one."""
    docstring: str | None
    blocks: tuple[Block, ...]
    """Steps of the flow that are branches, where that is wanted."""
    arguments: Arguments | None
    """The script's command line, where a flow can have it as parameters."""

    @property
    def branches(self) -> list[list[list[str]]]:
        """The names of the steps of each branch of each block of them."""
        return [
            [[self.steps[place].name for place in chain] for chain in block.chains]
            for block in self.blocks
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan for JSON."""
        return {
            "script": self.script.name,
            "stages": [
                {
                    "name": stage.name,
                    "summary": stage.summary,
                    "first_line": stage.first_line,
                    "last_line": stage.last_line,
                    "inputs": list(stage.inputs),
                    "outputs": list(stage.results),
                    "begins": stage.begins,
                }
                for stage in self.stages
            ],
            "steps": [
                {
                    "name": step.name,
                    "stages": [stage.name for stage in step.stages],
                    "together": step.together,
                }
                for step in self.steps
            ],
            "branches": self.branches,
            "parameters": {s.name: s.value for _, s in self.head.settings},
            "arguments": unparsed(self.arguments),
            "merged": [merge._asdict() for merge in self.merges],
            "notes": list(self.notes),
            "flow_refused": [
                {"line": refusal.line, "reason": refusal.reason} for refusal in self.flow_refusals
            ],
        }


class Ban(NamedTuple):
    """Why there can be no boundary before a statement of the script, as seen when it ran."""

    statement: int
    reason: str
    only_flow: bool = True
    """Only processes are parted by it, not functions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user, or a look at the running script, asks of the plan."""

    n_stages: int | None = None
    is_parallel: bool = False
    """Steps of the flow that do not depend on each other become branches."""
    renames: Mapping[str, str] = field(default_factory=dict)
    bans: tuple[Ban, ...] = ()
    notes: tuple[str, ...] = ()
    """What is to be said with the plan."""
    random_users: Mapping[str, frozenset[int]] | None = None
    """Statements that used a global random state, as observed; None: as the text tells."""


_NO_WISHES = Wishes()


def plan_script(script: Script, wishes: Wishes = _NO_WISHES) -> Plan:
    """Return how a script is cut into stages.

    Raises
    ------
    RefusedError
        Its names cannot be followed; every reason is given.
    """
    try:
        return _plan_script(script, wishes)
    except RecursionError:
        raise RefusedError(f"{script.name} nests too deep to be followed") from None


def _plan_script(script: Script, wishes: Wishes) -> Plan:
    opened = unwrap(script)
    analysis, lifted = lift_globals(analyse(opened.script))
    head = find_head(analysis)
    body = find_live(analysis, head)
    refusals = find_refusals(analysis, head, body)
    _refuse(script, [refusal for refusal in refusals if not refusal.only_flow])
    pieces = read_pieces(analysis, head)
    vetoes = find_vetoes(analysis, head, body)
    places = {index: place for place, index in enumerate(body.indexes)}
    vetoes += [
        Veto(places[ban.statement], ban.reason, ban.only_flow)
        for ban in wishes.bans
        if ban.statement in places
    ]
    vetoed = frozenset(veto.place for veto in vetoes if not veto.only_flow)
    joined = frozenset(veto.place for veto in vetoes)
    arguments = find_arguments(analysis, head)
    if arguments is not None:  # parsing is one stage, and nothing else is in it
        inner = {places[index] for index in arguments.indexes[1:]}
        vetoed |= inner
    wanted = _places_around(arguments, places) - vetoed
    cutting = Cutting(vetoed, joined, wanted, wishes.n_stages)
    cuts = cut_body(analysis, head, body, pieces, cutting)
    if arguments is not None and not any(
        [pieces[i].statement for i in range(cut.first, cut.last + 1)] == list(arguments.indexes)
        for cut in cuts
    ):
        arguments = None  # the flow cannot leave out a stage that does more than parse
    interfaces = find_interfaces(body, cuts)
    inputs = [each.inputs for each in interfaces]
    results = [each.results for each in interfaces]
    parts = [tuple(pieces[cut.first : cut.last + 1]) for cut in cuts]
    taken = {name for names in analysis.names for name in names.writes | names.mentions}
    own = _find_own_calls(analysis, head, parts)
    taken |= {"main"}
    names = [
        _renamed(each, wishes.renames) for each in name_stages(analysis, parts, results, taken, own)
    ]
    _require_names(names, taken, wishes)
    stages = tuple(
        _stage(analysis, *row) for row in zip(parts, names, inputs, results, own, strict=True)
    )
    groups = [stages[each.start : each.stop] for each in join_cuts(cuts, joined)]
    users = wishes.random_users or find_random_users(analysis)
    steps = tuple(_plan_steps(analysis, body, groups, users, vetoes))
    return Plan(
        script=script,
        analysis=analysis,
        head=head,
        body=body,
        stages=stages,
        steps=steps,
        merges=tuple(_find_merges(analysis, pieces, vetoes)),
        notes=(*opened.notes, *lifted, *wishes.notes),
        flow_refusals=tuple(
            dict.fromkeys(
                r
                for r in refusals
                if r.only_flow and not (arguments and "command line" in r.reason)
            )
        ),
        blocks=_find_blocks(analysis, steps) if wishes.is_parallel else (),
        arguments=arguments,
        docstring=head.docstring or opened.docstring,
    )


def _places_around(arguments: Arguments | None, places: Mapping[int, int]) -> frozenset[int]:
    """Return the boundaries that let the parsing of the command line be a stage of its own."""
    if arguments is None:
        return frozenset()
    own = [places[index] for index in arguments.indexes]
    return frozenset({min(own), max(own) + 1})


def _find_own_calls(
    analysis: Analysis, head: Head, parts: Sequence[tuple[Piece, ...]]
) -> list[str | None]:
    """Return for each stage the user's function, if one plain call of it is all of the stage."""
    called = [
        find_own_call(analysis, head, pieces[0].statement) if len(pieces) == 1 else None
        for pieces in parts
    ]
    return [name if name is not None and called.count(name) == 1 else None for name in called]


def _refuse(script: Script, refusals: list[Refusal]) -> None:
    if refusals:
        reasons = "\n".join(
            f"{script.name}:{refusal.line}: {refusal.reason}" for refusal in dict.fromkeys(refusals)
        )
        raise RefusedError(f"{script.name} cannot be refactored; nothing was written\n{reasons}")


def _require_names(names: Sequence[StageName], taken: set[str], wishes: Wishes) -> None:
    """Refuse a wish for a name that no stage has, or that something else has."""
    chosen = [each.name for each in names]
    for old, new in wishes.renames.items():
        if new not in chosen:
            raise OptionError(
                f"--name {old}={new}: no stage is called {old}; they are {', '.join(chosen)}"
            )
        if chosen.count(new) > 1 or new in taken:
            raise OptionError(f"--name {old}={new}: {new} is the name of something else")


def _renamed(stage: StageName, renames: Mapping[str, str]) -> StageName:
    return stage._replace(name=renames.get(stage.name, stage.name))


def _stage(
    analysis: Analysis,
    pieces: tuple[Piece, ...],
    name: StageName,
    inputs: tuple[str, ...],
    results: tuple[str, ...],
    own: str | None,
) -> PlannedStage:
    script = analysis.script
    return PlannedStage(
        name=name.name,
        summary=name.summary,
        pieces=pieces,
        inputs=inputs,
        results=results,
        first_line=script.line_in_file(analysis.statements[pieces[0].statement].first),
        last_line=script.line_in_file(analysis.statements[pieces[-1].statement].last),
        begins=_why_it_begins(pieces[0]),
        is_own=own is not None,
    )


def _plan_steps(
    analysis: Analysis,
    body: Body,
    groups: Sequence[tuple[PlannedStage, ...]],
    users: Mapping[str, frozenset[int]],
    vetoes: Sequence[Veto],
) -> Iterator[PlannedStep]:
    """Yield the steps; one of several stages is named like a stage of all their statements."""
    parts = [tuple(piece for stage in group for piece in stage.pieces) for group in groups]
    places = {index: place for place, index in enumerate(body.indexes)}
    interfaces = find_interfaces(
        body, [(places[part[0].statement], places[part[-1].statement]) for part in parts]
    )
    carried = find_carried_state(parts, users)
    taken = {group[0].name for group in groups if len(group) == 1}
    for group, part, interface, takes_over in zip(groups, parts, interfaces, carried, strict=True):
        name, summary = group[0].name, group[0].summary
        inner = {places[stage.pieces[0].statement] for stage in group[1:]}
        reasons = dict.fromkeys(veto.reason for veto in vetoes if veto.place in inner)
        if len(group) > 1:
            [named] = name_stages(analysis, [part], [interface.results], taken, [None])
            name, summary = named.name, named.summary
            taken.add(name)
        yield PlannedStep(
            name=name,
            summary=summary,
            stages=group,
            inputs=interface.inputs,
            results=interface.results,
            takes_over=takes_over,
            together="; ".join(reasons),
        )


def _find_blocks(analysis: Analysis, steps: Sequence[PlannedStep]) -> tuple[Block, ...]:
    works = []
    for step in steps:
        indexes = [piece.statement for stage in step.stages for piece in stage.pieces]
        works.append(
            Work(
                takes=frozenset(step.inputs),
                gives=frozenset(step.results),
                takes_over=bool(step.takes_over),
                touches_files=touches_files(analysis, indexes),
            )
        )
    return find_blocks(works)


def _why_it_begins(piece: Piece) -> str:
    heading = piece.heading
    said = shorten(heading.title or heading.prose, 60, placeholder=" …")
    match heading.strength:
        case Strength.FIXED | Strength.SECTION:
            return f"section “{said}”" if said else "a new cell"
        case Strength.COMMENT:
            return f"comment “{said}”" if said else "a comment"
    return "another kind of work"


def _find_merges(
    analysis: Analysis, pieces: list[Piece], vetoes: Iterable[Veto]
) -> Iterable[Merge]:
    reasons: dict[int, list[str]] = {}
    for veto in vetoes:
        if not veto.only_flow:
            reasons.setdefault(veto.place, []).append(veto.reason)
    for place, said in sorted(reasons.items()):
        heading = pieces[place].heading
        if heading.strength < Strength.COMMENT:
            continue
        line = analysis.script.line_in_file(analysis.statements[pieces[place].statement].first)
        title = heading.title or heading.prose
        yield Merge(line, title, "; ".join(dict.fromkeys(said)))
