"""How the steps stand in the flow: names, order, joins and artifacts."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from mlstages.refactor.argument import TAKEN, Argument
from mlstages.refactor.arguments import AS_TEXT
from mlstages.refactor.branches import Block
from mlstages.refactor.plan import Plan, PlannedStep
from mlstages.refactor.spelling import to_snake, without_marks

_JOIN: Final = "join_branches"
SUMMARIES: Final = {
    "start": "Begin the branches.",
    _JOIN: "Join the branches.",
    "end": "The flow has ended.",
}
"""What is said of the steps that run no stage."""


class FlowStep(NamedTuple):
    """A step as it stands in the flow, with what comes after it."""

    name: str
    planned: PlannedStep | None
    """None: it only begins, joins or ends."""
    following: tuple[str, ...]
    joined: tuple[tuple[str, str], ...] | None
    """What a join takes from which branch, where others have an older or equal value.

    None if it is no join.
    """

    @property
    def may_end(self) -> bool:
        """Whether its stages may end the script with success."""
        return self.planned is not None and self.planned.may_end

    @property
    def chooses(self) -> bool:
        """Whether it leads to the end of the flow or to another step, as its stages end."""
        return self.may_end and self.following not in ((), ("end",))


def lay_out(plan: Plan) -> list[FlowStep]:
    """Return the steps of the flow; where the plan is parallel, with branches and joins."""
    steps = plan.steps
    of_place = {p: block for block in plan.blocks for p in range(block.first, block.last + 1)}
    names = _name_steps(plan)
    if 0 not in of_place:
        names[0] = "start"
    joins = {block.last + 1: tuple(_find_joined(plan, block, names)) for block in plan.blocks}
    # Metaflow's last step joins nothing; and what may end early leads to one that does nothing.
    ends_early = any(step.may_end for step in steps[:-1])
    if len(steps) > 1 and not ends_early and len(steps) - 1 not in {*of_place, *joins}:
        names[-1] = "end"

    def enter(place: int) -> tuple[str, ...]:
        if place == len(steps):
            return () if names[-1] == "end" else (_JOIN if place in joins else "end",)
        if place in of_place:
            return tuple(names[chain[0]] for chain in of_place[place].chains)
        return (names[place],)

    def follow(place: int) -> tuple[str, ...]:
        if place not in of_place:
            return enter(place + 1)
        chain = next(chain for chain in of_place[place].chains if place in chain)
        later = [names[other] for other in chain if other > place]
        return (later[0],) if later else enter(of_place[place].last + 1)

    laid = [
        FlowStep(names[place], step, follow(place), joins.get(place))
        for place, step in enumerate(steps)
    ]
    if names[0] != "start":
        laid.insert(0, FlowStep("start", None, enter(0), None))
    if len(steps) in joins:
        laid.append(FlowStep(_JOIN, None, ("end",), joins[len(steps)]))
    if names[-1] != "end":
        laid.append(FlowStep("end", None, (), None))
    return laid


def _name_steps(plan: Plan) -> list[str]:
    """Return the steps' names as methods: the user's own functions may have any name."""
    settings = (setting.name for _, setting in plan.head.settings)
    # A method called step would hide the decorator from those below it.
    taken = {*TAKEN, *SUMMARIES, *_find_options(plan), *settings, "step"}
    names: list[str] = []
    for step in plan.steps:
        # Metaflow takes no other letters for a step.
        plain = without_marks(step.name)
        name = (plain if plain.islower() else to_snake(plain)).strip("_") or "step"
        while name in taken:
            name += "_step"
        taken.add(name)
        names.append(name)
    return names


def _find_joined(plan: Plan, block: Block, names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield names from above the block that branches had, with the branch whose value counts.

    It is the one that changed it; of one that was only read, each has stored its own copy,
    perhaps in other bytes, and Metaflow's merge would ask which.
    """
    given = {name for step in plan.steps[: block.first] for name in step.results}
    given |= {argument.name for argument in find_changing(plan)}
    ends = {place: names[chain[-1]] for chain in block.chains for place in chain}
    branch: dict[str, str] = {}
    for place in range(block.first, block.last + 1):
        for name in plan.steps[place].inputs:
            branch.setdefault(name, ends[place])
        branch |= dict.fromkeys(plan.steps[place].results, ends[place])
    yield from ((name, end) for name, end in branch.items() if name in given)


def name_artifacts(plan: Plan) -> dict[str, str]:
    """Return the attribute of the flow for each name that its steps exchange."""
    names = {setting.name for _, setting in plan.head.settings}
    for step in plan.steps:
        names |= {*step.inputs, *step.results, *step.kept}
    steps = {"inputs", *_find_options(plan), *(each.name for each in lay_out(plan))}
    chosen = {a.name: a.parameter for a in _list_given(plan) if not _changes(a, plan)}
    for name in sorted(names - chosen.keys()):
        attribute = name.strip("_") if name.startswith("__") else name
        while (
            attribute in TAKEN | steps
            or attribute in chosen.values()
            or (attribute != name and attribute in names)
        ):
            attribute += "_"
        chosen[name] = attribute
    return chosen


def find_changing(plan: Plan) -> list[Argument]:
    """Return the parameters of the script's main that are artifacts of their own.

    A parameter of a flow is read only, and is what the command line says.
    """
    used = {n for step in plan.steps for n in (*step.inputs, *step.results, *step.kept)}
    return [each for each in _list_given(plan) if each.name in used and _changes(each, plan)]


def _list_given(plan: Plan) -> tuple[Argument, ...]:
    is_given = plan.head.command is not None and plan.arguments is not None
    return plan.arguments.arguments if is_given and plan.arguments else ()


def _changes(argument: Argument, plan: Plan) -> bool:
    is_bound = any(argument.name in (*step.results, *step.kept) for step in plan.steps)
    return is_bound or bool(argument.made)


def _find_options(plan: Plan) -> set[str]:
    if plan.reads_arguments:
        return {AS_TEXT}
    arguments = plan.arguments.arguments if plan.arguments else ()
    return {argument.parameter for argument in arguments}
