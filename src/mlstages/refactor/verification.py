"""Any two of script, functions and flow, run and compared."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from mlstages.errors import OptionError
from mlstages.refactor.arguments import translate_arguments
from mlstages.refactor.planning import plan_script
from mlstages.refactor.proof import Outcome, Run, prove
from mlstages.refactor.refactoring import Terms, read_any, require_success
from mlstages.refactor.script import parse_script
from mlstages.refactor.stage_calls import find_stages
from mlstages.refactor.trial import (
    open_laboratory,
    run_flow,
    run_program,
)


class Kind(StrEnum):
    """What a file is run as."""

    FUNCTIONS = "functions"
    FLOW = "flow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What running two files has shown."""

    first: Path
    second: Path
    kind: Kind
    """Of the second file."""
    outcome: Outcome

    def to_dict(self) -> dict[str, Any]:
        """Return the verification for JSON."""
        return {
            "first": str(self.first),
            "second": str(self.second),
            str(self.kind): str(self.outcome.verdict),
            "proof": {str(self.kind): self.outcome.to_dict()},
        }


def verify_files(first: Path, second: Path, terms: Terms) -> Verification:
    """Return whether the second file does what the first does.

    Each is a script, a module of functions with a main guard, a notebook, or a Metaflow flow.

    Raises
    ------
    FileError, ScriptError
        A file cannot be read, or the first fails by itself.
    OptionError
        The files lie in two folders.
    """
    if first.resolve().parent != second.resolve().parent:
        raise OptionError(
            f"{first} and {second} lie in two folders: each is run in a copy of its folder, "
            "so put them into one"
        )
    kind = _kind_of(second)
    options: list[str] = []
    if kind == Kind.FLOW and terms.arguments:
        plan = plan_script(read_any(first))
        options = translate_arguments(plan.arguments, terms.arguments, as_text=plan.reads_arguments)
    with open_laboratory(first, terms.python, terms.arguments, terms.timeout) as laboratory:
        one, other = _runner(first), _runner(second, options, beside=first)
        terms.report(f"running {first.name}")
        original = one(laboratory)
        require_success(first, read_any(first), original, laboratory)
        terms.report(f"running {second.name}")
        outcome = prove(laboratory, original, one, other, terms.report).outcome
    return Verification(first=first, second=second, kind=kind, outcome=outcome)


def _kind_of(path: Path) -> Kind:
    tree = parse_script(read_any(path))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
            if "FlowSpec" in bases:
                return Kind.FLOW
    return Kind.FUNCTIONS


def _runner(path: Path, options: Sequence[str] = (), *, beside: Path | None = None) -> Run:
    """Return how a file is run in a laboratory; as what became of a script, if that is given.

    The options are those of a flow.
    """
    others = [each.stem for each in path.parent.glob("*.py")]
    if _kind_of(path) == Kind.FLOW:
        return lambda place: run_flow(place, {}, path.name, options, modules=others)
    if path.suffix == ".ipynb":
        text = read_any(path).text
        return lambda place: run_program(place, f"{path.stem}.py", text)
    stages = [] if beside is None else find_stages(read_any(beside).text, read_any(path).text)
    return lambda place: run_program(place, path.name, None, others, stages)
