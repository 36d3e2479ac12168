"""The plan of a refactoring: stages and steps, their names, what goes in and what comes out.

It is a value that is shown, written out or proven; `planning` makes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.arguments import Arguments, unparsed
from mlstages.refactor.branches import Block
from mlstages.refactor.hazards import Refusal
from mlstages.refactor.head import Head
from mlstages.refactor.headings import Piece
from mlstages.refactor.liveness import Body
from mlstages.refactor.script import Script
from mlstages.refactor.set_up import Renewal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStage:
    """One stage: statements of the body under a name."""

    name: str
    summary: str
    pieces: tuple[Piece, ...]
    inputs: tuple[str, ...]
    results: tuple[str, ...]
    outcomes: tuple[str, ...]
    """Results that no later stage needs: models and measures, for which a run is kept."""
    initial: tuple[str, ...]
    """Results that are None at its beginning: it binds them on some paths only."""
    first_line: int
    """In the user's file."""
    last_line: int
    begins: str
    """Why it begins where it does."""
    rebinds: tuple[str, ...]
    """Variables of the module that it binds anew, since a function does so, too."""
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
    kept: tuple[str, ...]
    """What its stages hand on among themselves and is stored all the same: the model, say."""
    reads_arguments: bool
    """It reads the command line, which the flow has as one parameter."""
    takes_over: tuple[str, ...]
    """The random states that it takes over from the step before: ``numpy``, ``random``."""
    renews: tuple[PlannedStage, ...]
    """Stages that set up the process, which it calls first: each task is a new one."""
    may_end: bool
    """It may end the script with success, so that the flow would be at its end."""
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
    def reads_arguments(self) -> bool:
        """Whether a step reads the command line, as no parameters stand for it."""
        return any(step.reads_arguments for step in self.steps)

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
                    "place": self.script.tell(stage.first_line, stage.last_line),
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
                    "kept": list(step.kept),
                    "renews": [stage.name for stage in step.renews],
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
    is_weighed: bool = True
    """Functions are rather not cut there either: it reads no better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user, or a look at the running script, asks of the plan."""

    n_stages: int | None = None
    opened: tuple[str, ...] = ()
    """Functions of the script that are to be cut as its main is."""
    is_parallel: bool = False
    """Steps of the flow that do not depend on each other become branches."""
    renames: Mapping[str, str] = field(default_factory=dict)
    bans: tuple[Ban, ...] = ()
    notes: tuple[str, ...] = ()
    """What is to be said with the plan."""
    picklable: frozenset[str] = frozenset()
    """Names whose values can be stored, as observed."""
    outcomes: frozenset[str] = frozenset()
    """Models and measures of the script that can be stored, as observed."""
    renewals: tuple[Renewal, ...] = ()
    """Statements that set up the process, as observed."""
    is_renewed: bool = True
    """They are called anew in each later step; else none is cut below them."""
    random_users: Mapping[str, frozenset[int]] | None = None
    """Statements that used a global random state, as observed; None: as the text tells."""
