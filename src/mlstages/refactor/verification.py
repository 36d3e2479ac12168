"""Any two of script, functions and flow, run and compared."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from mlstages.errors import OptionError
from mlstages.refactor.arguments import translate_arguments
from mlstages.refactor.planning import plan_script
from mlstages.refactor.proof import (
    Candidate,
    Outcome,
    Proof,
    find_difference,
    judge,
    of_functions,
    prove,
)
from mlstages.refactor.refactoring import Terms, read_any, require_success
from mlstages.refactor.script import parse_script
from mlstages.refactor.stage_calls import find_stages
from mlstages.refactor.trial import (
    open_laboratory,
    run_flow,
    run_stages,
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
        one, other = _candidate(first).run, _candidate(second, options, beside=first)
        terms.report(f"running {first.name}")
        original = one(laboratory)
        require_success(first, read_any(first), original, laboratory)
        terms.report(f"running {second.name}")
        proof = prove(laboratory, original, one, other, terms.report)
        outcome = proof.outcome
        if kind == Kind.FLOW and not outcome.difference:
            outcome = _judge_by_functions(proof, first, second)
    return Verification(first=first, second=second, kind=kind, outcome=outcome)


def _kind_of(path: Path) -> Kind:
    tree = parse_script(read_any(path))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
            if "FlowSpec" in bases:
                return Kind.FLOW
    return Kind.FUNCTIONS


def _candidate(path: Path, options: Sequence[str] = (), *, beside: Path | None = None) -> Candidate:
    """Return a file as what became of a script, if that is given.

    The options are those of a flow.
    """
    others = _list_modules(path)
    if _kind_of(path) == Kind.FLOW:
        module = _find_functions(path)
        stages = _find_stages(beside, module) if beside and module else []
        return Candidate(lambda place: run_flow(place, {}, path.name, options, others, stages))
    text = read_any(path).in_place_of_file
    if path.suffix == ".ipynb":
        return of_functions(f"{path.stem}.py", text, [], [])
    stages = [] if beside is None else _find_stages(beside, path)
    return of_functions(path.name, text, others, stages)


def _judge_by_functions(proof: Proof, script: Path, flow: Path) -> Outcome:
    """Return the verdict on a flow, with what its stages bind for themselves.

    It is compared with what they bind as functions, if the flow imports them from a module that
    does what the script does.
    """
    module = _find_functions(flow)
    stages = [] if module is None else _find_stages(script, module)
    if module is None or not stages:
        return proof.outcome
    trial = run_stages(proof.laboratory, module.name, None, _list_modules(module), stages)
    if find_difference(proof.original, trial):
        return proof.outcome
    original = replace(proof.original, returned=trial.returned)
    return judge(original, proof.other, is_fixed=proof.laboratory.is_fixed)


def _find_functions(flow: Path) -> Path | None:
    """Return the module beside a flow that the flow imports, and which has a main."""
    for node in parse_script(read_any(flow)).body:
        match node:
            case ast.Import(names=[ast.alias(name=name)]):
                pass
            case ast.ImportFrom(module=str(name), level=0):
                pass
            case _:
                continue
        path = flow.parent / f"{name}.py"
        if path.is_file() and _has_main(parse_script(read_any(path))):
            return path
    return None


def _has_main(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)


def _find_stages(script: Path, functions: Path) -> list[str]:
    return find_stages(read_any(script).text, read_any(functions).text)


def _list_modules(path: Path) -> list[str]:
    return [each.stem for each in path.parent.glob("*.py")]
