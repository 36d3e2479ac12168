"""The passes put together: from a script's text to the plan of its stages. It runs nothing."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from textwrap import shorten
from typing import Final

from mlstages.errors import OptionError, RefusedError
from mlstages.refactor.analysis import Analysis, analyse
from mlstages.refactor.arguments import (
    AS_TEXT,
    Arguments,
    find_arguments,
    find_parser,
    find_readers,
    find_unclear,
)
from mlstages.refactor.branches import (
    Block,
    Work,
    find_aliases,
    find_blocks,
    find_changed,
    find_changers,
    touches_files,
)
from mlstages.refactor.description import only_says
from mlstages.refactor.early_end import find_early_ends
from mlstages.refactor.hazards import Refusal, Veto, find_refusals, find_vetoes
from mlstages.refactor.head import Head, find_head
from mlstages.refactor.headings import Piece, Strength, read_pieces
from mlstages.refactor.lift import lift_globals
from mlstages.refactor.liveness import Body, Interface, find_interfaces, find_live
from mlstages.refactor.naming import StageName, name_stages
from mlstages.refactor.outcome import find_outcomes
from mlstages.refactor.own_calls import find_own_call, find_own_methods
from mlstages.refactor.plan import Ban, Merge, Plan, PlannedStage, PlannedStep, Wishes
from mlstages.refactor.random_state import find_carried_state, find_random_users
from mlstages.refactor.script import Script
from mlstages.refactor.segment import (
    Cut,
    Cutting,
    cut_body,
    find_phase,
    join_cuts,
)
from mlstages.refactor.set_up import (
    Renewal,
    find_needed,
    find_places_within,
    find_reset,
    hand_on_headings,
    name_together,
)
from mlstages.refactor.settings import read_setting
from mlstages.refactor.sink import sink_definitions
from mlstages.refactor.spelling import is_latin, to_snake
from mlstages.refactor.unwrap import unwrap

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
    opened = unwrap(script, wishes.opened)
    command = opened.command
    analysis, lifted = lift_globals(analyse(opened.script), command)
    analysis = sink_definitions(analysis, command)
    head = find_head(analysis, command)
    body = find_live(analysis, head)
    reset = find_reset(analysis, head, body, [each.statement for each in wishes.renewals])
    wishes = replace(wishes, renewals=(*wishes.renewals, *reset))
    renewed = [renewal.statement for renewal in wishes.renewals]
    if renewed and wishes.is_renewed:
        body = find_live(analysis, head, find_needed(body, renewed))
    refusals = find_refusals(analysis, head, body)
    _refuse(script, [refusal for refusal in refusals if not refusal.only_flow])
    pieces = hand_on_headings(read_pieces(analysis, head), renewed)
    foreseen = find_vetoes(analysis, head, body, renewed if wishes.is_renewed else ())
    vetoes = [*foreseen, *_read_bans(body, wishes.bans)]
    vetoes += () if wishes.is_renewed else _read_renewals(body, wishes.renewals)
    joined = frozenset(veto.place for veto in vetoes)
    readers = find_readers(analysis, head)
    arguments: Arguments | None
    if command is not None:
        arguments = Arguments(indexes=(), target="", arguments=command.arguments)
    else:
        arguments = find_arguments(analysis, head)
        if arguments is not None and not readers <= {*arguments.indexes}:
            arguments = None
    parser = arguments.indexes if arguments else find_parser(analysis, head)
    cuts = _cut(analysis, head, body, pieces, vetoes, parser, renewed, wishes.n_stages)
    gone: set[int] = set()
    if wishes.bans:
        without = _cut(analysis, head, body, pieces, foreseen, parser, renewed, wishes.n_stages)
        gone = {cut.first for cut in without} - {cut.first for cut in cuts}
    if (
        arguments is not None
        and arguments.indexes
        and not any(
            [pieces[i].statement for i in range(cut.first, cut.last + 1)] == list(arguments.indexes)
            for cut in cuts
        )
    ):
        arguments = None  # the flow cannot leave out a stage that does more than parse
    if arguments is not None:
        readers = frozenset()
    stages = _plan_stages(analysis, head, body, pieces, cuts, wishes)
    called = [stage for stage in stages if {p.statement for p in stage.pieces} <= {*renewed}]
    if not wishes.is_renewed:
        called = []
    elif len(_list_run(called)) < len(renewed):
        return _plan_script(script, replace(wishes, is_renewed=False))
    while called and called[-1] is stages[-1]:  # nobody needs it
        called.pop()
    below = frozenset(cut.last + 1 for cut, s in zip(cuts, stages, strict=True) if s in called)
    groups = [stages[each.start : each.stop] for each in join_cuts(cuts, joined | below)]
    users = wishes.random_users or find_random_users(analysis)
    kept = frozenset() if wishes.is_parallel else wishes.picklable - body.settings
    ends = find_early_ends(analysis, head)
    steps = tuple(_plan_steps(analysis, body, groups, called, users, readers, vetoes, kept, ends))
    is_parallel = wishes.is_parallel and not ends  # a branch cannot lead to the end
    return Plan(
        script=script,
        analysis=analysis,
        head=head,
        body=body,
        stages=stages,
        steps=steps,
        merges=tuple(_find_merges(analysis, pieces, vetoes, gone)),
        notes=(
            *script.notes,
            *opened.notes,
            *lifted,
            *_tell_kept(analysis, head),
            *_tell_initial(stages),
            *_tell_fewer(stages, wishes),
            *_tell_readers(analysis, readers),
            *_tell_options(arguments),
            *_tell_ends(analysis, ends, wishes),
            *wishes.notes,
        ),
        flow_refusals=tuple(refusal for refusal in refusals if refusal.only_flow),
        blocks=_find_blocks(analysis, steps) if is_parallel else (),
        arguments=arguments,
        docstring=head.docstring or opened.docstring,
    )


def _read_bans(body: Body, bans: Iterable[Ban]) -> Iterator[Veto]:
    places = body.places
    for ban in bans:
        if ban.statement in places:
            yield Veto(places[ban.statement], ban.reason, ban.only_flow, ban.is_weighed)


_NOT_ANEW: Final = "once more in each task would not do the same"


def _read_renewals(body: Body, renewals: Iterable[Renewal]) -> Iterator[Veto]:
    """Yield a veto on each place below what is not called anew."""
    for renewal in renewals:
        for place in range(body.places[renewal.statement] + 1, len(body.indexes)):
            yield Veto(place, f"{renewal.reason}, and {_NOT_ANEW}", only_flow=True)


def _cut(
    analysis: Analysis,
    head: Head,
    body: Body,
    pieces: Sequence[Piece],
    vetoes: Sequence[Veto],
    parser: tuple[int, ...],
    renewed: Sequence[int],
    n_stages: int | None,
) -> list[Cut]:
    """Return the stages; parsing the command line is one, and nothing else is in it.

    What sets up the process (``renewed``) is one as well.
    """
    places = body.places
    vetoed = frozenset(veto.place for veto in vetoes if not veto.only_flow)
    vetoed |= {places[index] for index in parser[1:]}
    vetoed |= find_places_within(body, renewed)
    cutting = Cutting(
        vetoed=vetoed,
        joined=frozenset(veto.place for veto in vetoes if veto.is_weighed),
        wanted=(_places_around(parser, places) | _places_around(renewed, places)) - vetoed,
        n_stages=n_stages,
    )
    return cut_body(analysis, head, body, pieces, cutting)


def _plan_stages(
    analysis: Analysis,
    head: Head,
    body: Body,
    pieces: Sequence[Piece],
    cuts: Sequence[Cut],
    wishes: Wishes,
) -> tuple[PlannedStage, ...]:
    interfaces = find_interfaces(body, cuts)
    parts = [tuple(pieces[cut.first : cut.last + 1]) for cut in cuts]
    taken = {name for names in analysis.names for name in names.writes | names.mentions} | {"main"}
    own = _find_own_calls(analysis, head, parts)
    results = [each.results for each in interfaces]
    conducted = _name_conducted(analysis, head, parts)
    suggested = [a or b for a, b in zip(_name_renewed(parts, wishes), conducted, strict=True)]
    names = [
        _renamed(each, wishes.renames)
        for each in name_stages(analysis, parts, results, taken, own, suggested)
    ]
    if wishes.is_renewed:  # else they may have been names of the plan before
        _require_names(names, taken, wishes)
    outcomes = {n: i for n, i in find_outcomes(analysis, body).items() if n in wishes.outcomes}
    return tuple(
        _stage(analysis, head, body, outcomes, *row)
        for row in zip(parts, names, interfaces, own, strict=True)
    )


def _tell_fewer(stages: Sequence[PlannedStage], wishes: Wishes) -> Iterator[str]:
    if wishes.n_stages is not None and len(stages) < wishes.n_stages:
        yield f"there are {len(stages)} stages: no more are possible"


def _tell_readers(analysis: Analysis, readers: frozenset[int]) -> Iterator[str]:
    """Yield what a flow does about a command line that the text does not show whole."""
    if readers:
        unclear = find_unclear(analysis)
        why = f"; not clear is {shorten(unclear[0], 90, placeholder=' …')}" if unclear else ""
        yield f'the flow takes the command line as one text: --{AS_TEXT} "…"{why}'


def _tell_options(arguments: Arguments | None) -> Iterator[str]:
    """Yield which options have another name in the flow."""
    for argument in arguments.arguments if arguments else ():
        name = argument.called
        if argument.is_renamed:
            yield f"--{name} is --{argument.option} in the flow: Metaflow has a --{name} of its own"


def _tell_kept(analysis: Analysis, head: Head) -> Iterator[str]:
    """Yield which settings are no parameters, and what needs them where they are."""
    for i in head.constants:
        setting = read_setting(analysis.statements[i])
        if setting is None or not setting.name.isupper():
            continue
        users = [
            name
            for other in (*head.imports, *head.constants, *head.definitions)
            if other != i and setting.name in analysis.names[other].mentions
            for name in analysis.names[other].in_order(analysis.names[other].writes)
        ]
        if users:
            yield f"{setting.name} is no parameter: {users[0]} needs it at the head of the module"


def _tell_initial(stages: Sequence[PlannedStage]) -> Iterator[str]:
    """Yield which names are None at first, and where."""
    for stage in stages:
        if stage.initial:
            verb = "is" if len(stage.initial) == 1 else "are"
            names = " and ".join(stage.initial)
            yield f"{names} {verb} None at first in {stage.name}(), which may leave it unbound"


def _tell_ends(analysis: Analysis, ends: frozenset[int], wishes: Wishes) -> Iterator[str]:
    """Yield why a script that may end early has no branches, where they are wanted."""
    if ends and wishes.is_parallel:
        line = analysis.script.line_in_file(analysis.statements[min(ends)].first)
        where = analysis.script.tell(line)
        yield f"there are no branches, for the script may end itself with success at {where}"


def _places_around(statements: Sequence[int], places: Mapping[int, int]) -> frozenset[int]:
    """Return the boundaries that let statements next to each other be stages of their own."""
    own = {places[index] for index in statements}
    return frozenset(own.symmetric_difference(place + 1 for place in own))


def _name_renewed(parts: Sequence[tuple[Piece, ...]], wishes: Wishes) -> list[str | None]:
    """Return for each stage what it is called if it only sets up the process."""
    names = {each.statement: each.name for each in wishes.renewals}
    named = [{names.get(piece.statement) for piece in pieces} for pieces in parts]
    return [name_together(each) for each in named]


def _name_conducted(
    analysis: Analysis, head: Head, parts: Sequence[tuple[Piece, ...]]
) -> list[str | None]:
    """Return for each stage the user's method that it calls, if that is all but for a message."""
    methods = find_own_methods(analysis, head, [p.statement for pieces in parts for p in pieces])
    named = []
    for pieces in parts:
        nodes = {piece.statement: analysis.statements[piece.statement].node for piece in pieces}
        work = [index for index, node in nodes.items() if not only_says([node])]
        named.append(to_snake(methods[work[0]]) if len(work) == 1 and work[0] in methods else None)
    return named


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
        said = (f"{script.point_at(refusal.line)}: {refusal.reason}" for refusal in refusals)
        reasons = "\n".join(dict.fromkeys(said))
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
    head: Head,
    body: Body,
    outcomes: Mapping[str, int],
    pieces: tuple[Piece, ...],
    name: StageName,
    interface: Interface,
    own: str | None,
) -> PlannedStage:
    script = analysis.script
    lines = [script.line_in_file(statement.first) for statement in analysis.statements]
    own_lines = [lines[piece.statement] for piece in pieces]
    above = max(lines[: pieces[0].statement], default=0)
    statements = {piece.statement for piece in pieces}
    initial = {n for index in statements for n in body.initial.get(index, ())}
    last = [n for n, i in outcomes.items() if i in statements and n not in interface.results]
    last_line = script.line_in_file(analysis.statements[pieces[-1].statement].last)
    return PlannedStage(
        name=name.name,
        summary=name.summary,
        pieces=pieces,
        inputs=interface.inputs,
        results=(*interface.results, *last),
        outcomes=tuple(last),
        initial=tuple(n for n in interface.results if n in initial),
        # What has gone down to its use stands above it in the file, the call of main below.
        first_line=next((line for line in own_lines if above < line <= last_line), own_lines[0]),
        last_line=max(last_line, own_lines[0]),
        begins=_why_it_begins(analysis, pieces[0]),
        rebinds=tuple(
            sorted(head.rebound & analysis.bound_by(piece.statement for piece in pieces))
        ),
        is_own=own is not None,
    )


def _plan_steps(
    analysis: Analysis,
    body: Body,
    groups: Sequence[tuple[PlannedStage, ...]],
    called: Sequence[PlannedStage],
    users: Mapping[str, frozenset[int]],
    readers: frozenset[int],
    vetoes: Sequence[Veto],
    picklable: frozenset[str],
    ends: frozenset[int],
) -> Iterator[PlannedStep]:
    """Yield the steps; one of several stages is named like a stage of all their statements.

    Those that are called anew (``called``) are left out where a step would begin with them.
    """
    called_above = [_list_called_above(groups, place, called) for place in range(len(groups))]
    groups = [_drop_first(group, called) for group in groups]
    parts = [tuple(_list_run(group)) for group in groups]
    places = body.places
    interfaces = find_interfaces(
        body, [(places[part[0].statement], places[part[-1].statement]) for part in parts]
    )
    carried = find_carried_state(parts, users)
    taken = {group[0].name for group in groups if len(group) == 1}
    rows = zip(groups, parts, interfaces, carried, called_above, strict=True)
    for group, part, interface, takes_over, renews in rows:
        name, summary = group[0].name, group[0].summary
        inner = {places[stage.pieces[0].statement] for stage in group[1:]}
        reasons = dict.fromkeys(veto.reason for veto in vetoes if veto.place in inner)
        is_foreign = not is_latin(name)
        if len(group) > 1 or is_foreign:
            results = [interface.results]
            [named] = name_stages(analysis, [part], results, taken, [None], is_latin=is_foreign)
            name = named.name
            summary = _sum_up(group, named.summary) if len(group) > 1 else summary
            taken.add(name)
        yield PlannedStep(
            name=name,
            summary=summary,
            stages=group,
            inputs=_find_step_inputs(interface, renews),
            results=interface.results,
            kept=tuple(n for n in _find_kept(group) if n in picklable - {*interface.results}),
            reads_arguments=any(piece.statement in readers for piece in _list_run(group, renews)),
            takes_over=takes_over,
            renews=renews,
            together="; ".join(reasons),
            may_end=any(piece.statement in ends for piece in _list_run(group, renews)),
        )


def _list_called_above(
    groups: Sequence[tuple[PlannedStage, ...]], place: int, called: Sequence[PlannedStage]
) -> tuple[PlannedStage, ...]:
    """Return the stages that a step calls anew: those above it, and those it begins with."""
    kept = _drop_first(groups[place], called)
    first = groups[place][: len(groups[place]) - len(kept)]
    above = [stage for group in groups[:place] for stage in group]
    return tuple(stage for stage in (*above, *first) if stage in called)


def _drop_first(
    group: tuple[PlannedStage, ...], called: Sequence[PlannedStage]
) -> tuple[PlannedStage, ...]:
    """Return the stages of a step without those called anew that it begins with."""
    return tuple(itertools.dropwhile(lambda stage: stage in called, group))


def _list_run(*groups: Sequence[PlannedStage]) -> list[Piece]:
    """Return all that stages run."""
    return [piece for group in groups for stage in group for piece in stage.pieces]


def _find_step_inputs(interface: Interface, renews: Sequence[PlannedStage]) -> tuple[str, ...]:
    """Return what a step takes from those above it: not what it makes anew."""
    made = {name for stage in renews for name in stage.results}
    needed = (*interface.inputs, *(name for stage in renews for name in stage.inputs))
    return tuple(dict.fromkeys(name for name in needed if name not in made))


_LONGEST_SUMMARY: Final = 90


def _sum_up(group: Sequence[PlannedStage], summary: str) -> str:
    """Return what the stages of a step do, one after the other, if that is short enough."""
    first, *others = (stage.summary.rstrip(".") for stage in group)
    others = [each[:1].lower() + each[1:] if each[1:2].islower() else each for each in others]
    text = "; ".join([first, *others]) + "."
    return text if len(text) <= _LONGEST_SUMMARY else summary


def _find_kept(group: Sequence[PlannedStage]) -> dict[str, None]:
    """Return what a stage of a step gives a later one of it, and what it comes to, in order."""
    given: set[str] = set()
    kept: dict[str, None] = {}
    for stage in group:
        kept |= dict.fromkeys(name for name in stage.inputs if name in given)
        kept |= dict.fromkeys(stage.outcomes)
        given |= {*stage.results}
    return kept


def _find_blocks(analysis: Analysis, steps: Sequence[PlannedStep]) -> tuple[Block, ...]:
    works = []
    body = [piece.statement for step in steps for piece in _list_run(step.stages)]
    aliases = find_aliases(analysis, body)
    changers = find_changers(analysis)
    for step in steps:
        indexes = [piece.statement for piece in _list_run(step.stages)]
        everything = [piece.statement for piece in _list_run(step.renews, step.stages)]
        mutated = find_changed(analysis, indexes, changers)
        changed = {other for name in mutated for other in aliases.get(name, {name})}
        works.append(
            Work(
                takes=frozenset(step.inputs),
                gives=frozenset(changed.union(step.results)),
                takes_over=bool(step.takes_over),
                touches_files=touches_files(analysis, everything),
            )
        )
    return find_blocks(works)


_KINDS_OF_WORK: Final = {
    "load": "here it loads",
    "save": "here it saves",
    "split": "here it splits the data",
    "train": "here it trains",
    "evaluate": "here it predicts or scores",
    "plot": "here it draws",
    "report": "here it reports",
}
"""What is said of a boundary that no comment marks, by what the statement below it does."""


def _why_it_begins(analysis: Analysis, piece: Piece) -> str:
    heading = piece.heading
    said = shorten(heading.title or heading.prose, 60, placeholder=" …")
    match heading.strength:
        case Strength.FIXED | Strength.SECTION:
            return f"section “{said}”" if said else "a new cell"
        case Strength.COMMENT:
            return f"comment “{said}”" if said else "a comment"
    kind = find_phase(analysis, piece.statement)
    is_paragraph = heading.strength == Strength.BLANK
    return _KINDS_OF_WORK.get(kind, "a blank line" if is_paragraph else "another kind of work")


def _find_merges(
    analysis: Analysis, pieces: list[Piece], vetoes: Iterable[Veto], gone: set[int]
) -> Iterable[Merge]:
    """Yield the boundaries that a person marked, or the text alone would have (``gone``)."""
    reasons: dict[int, list[str]] = {}
    for veto in vetoes:
        if not veto.only_flow or veto.place in gone:
            reasons.setdefault(veto.place, []).append(veto.reason)
    for place, said in sorted(reasons.items()):
        heading = pieces[place].heading
        is_marked = heading.strength >= Strength.COMMENT and not (
            analysis.statements[pieces[place].statement].is_definition
        )
        if not is_marked and place not in gone:
            continue
        line = analysis.script.line_in_file(analysis.statements[pieces[place].statement].first)
        title = heading.title or heading.prose
        yield Merge(line, title, "; ".join(dict.fromkeys(said)))
