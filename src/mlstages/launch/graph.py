"""The DAG of a flow, read from its file without a run.

Metaflow's own `FlowGraph` finds the steps and its own linter judges them; both need the
class, so the file is imported, by a process of its own: what a stranger's module prints,
changes or ends there touches nothing here. How a graph is drawn is `graph_drawing`'s.
"""

import importlib.util
import json
import os
import subprocess
import sys
import traceback
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

from mlstages.errors import FileError, FlowFileError

_MODULE_NAME: Final = "mlstages_flow"  # not __main__, under which the file would run


class StepKind(StrEnum):
    """How a step hands on to the next."""

    LINEAR = "linear"
    SPLIT = "split"
    """To several steps, all of which run."""
    FOREACH = "foreach"
    """To one step, which runs as a task for each item of a list."""
    JOIN = "join"
    """To one step, once all tasks of a split or a foreach have ended."""
    SWITCH = "switch"
    """To one of several steps."""


class Transition(NamedTuple):
    """An arrow of the graph."""

    step: str
    """The step that comes next."""
    case: str | None
    """The value for which a switch takes it, as Python writes it; None elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphStep:
    """One step of a flow.

    Parameters
    ----------
    name : str
    kind : StepKind
    by : str or None
        The artifact that a foreach ranges over or that a switch looks at.
    many : bool
        Whether it runs as several tasks: it stands between a foreach and its join.
    doc : str
        First line of its docstring; empty without one.
    line : int
        Of its definition, 1-based.
    next : tuple of Transition
        Empty at the end.
    """

    name: str
    kind: StepKind
    by: str | None
    many: bool
    doc: str
    line: int
    next: tuple[Transition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The DAG of a flow: its steps, each after those that lead to it.

    Parameters
    ----------
    flow : str
        The class.
    doc : str
        First line of its docstring; empty without one.
    steps : tuple of GraphStep
    """

    flow: str
    doc: str
    steps: tuple[GraphStep, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the graph as ``--json`` prints it."""
        steps = [
            asdict(step) | {"next": [edge._asdict() for edge in step.next]} for step in self.steps
        ]
        return {"flow": self.flow, "doc": self.doc, "steps": steps}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Graph":
        """Return the graph that `to_dict` wrote down."""
        steps = tuple(
            GraphStep(
                **step
                | {
                    "kind": StepKind(step["kind"]),
                    "next": tuple(Transition(**edge) for edge in step["next"]),
                }
            )
            for step in values["steps"]
        )
        return cls(flow=values["flow"], doc=values["doc"], steps=steps)


def read_graph(path: Path | str) -> Graph:
    """Return the DAG of the flow in a file, which is imported but not run.

    Parameters
    ----------
    path : Path or str
        A Python file with one flow: a subclass of Metaflow's ``FlowSpec``.

    Returns
    -------
    Graph

    Raises
    ------
    FileError
        If the file cannot be read.
    FlowFileError
        If it cannot be imported, holds no flow or several, or Metaflow finds the graph
        invalid.
    """
    path = Path(path)
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from None
    answered = subprocess.run(
        [sys.executable, "-B", "-m", __name__, path],  # -B leaves no cache beside the file
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    try:
        answer = json.loads(answered.stdout)
    except json.JSONDecodeError:
        raise FlowFileError(
            f"{path} ends Python when it is imported (exit code {answered.returncode}): put what "
            f'runs the flow under if __name__ == "__main__"\n{answered.stderr}'.rstrip()
        ) from None
    if "error" in answer:
        raise FlowFileError(answer["error"])
    return Graph.from_dict(answer["graph"])


def _answer(path: Path) -> dict[str, Any]:
    """Return what the process of its own has to say of a file: a graph or an error."""
    try:
        return {"graph": _read_here(path).to_dict()}
    except FlowFileError as error:
        return {"error": error.message}


def _read_here(path: Path) -> Graph:
    from metaflow.graph import FlowGraph
    from metaflow.lint import LintWarn, linter

    flow = _find_flow(path, _import(path))
    graph = FlowGraph(flow)
    try:
        linter.run_checks(graph)
    except LintWarn as fault:
        where = _place(path, fault.source_file, fault.line_no)
        # Metaflow marks names with asterisks, which its own terminal draws in bold.
        raise FlowFileError(f"{where}: {fault.message.replace('*', '')}") from None
    return Graph(
        flow=graph.name,
        doc=_first_line(graph.doc),
        steps=tuple(_to_step(graph[name]) for name in graph.sorted_nodes),
    )


def _import(path: Path) -> ModuleType:
    sys.path[0] = str(path.absolute().parent)  # as where Python runs the file
    sys.argv = [str(path)]
    spec = importlib.util.spec_from_file_location(_MODULE_NAME, path)
    if spec is None or spec.loader is None:
        raise FlowFileError(f"{path} is no Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE_NAME] = module  # where inspect looks for the source of its classes
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        where = _place(path, error.filename, error.lineno)
        raise FlowFileError(f"{where}: {error.msg}; mend it first") from None
    except Exception as error:  # the user's code: it may raise anything
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if _is_same(path, frame.filename)]
        where = _place(path, ours[-1].filename, ours[-1].lineno) if ours else str(path)
        raise FlowFileError(
            f"{where}: importing it raises "
            f"{type(error).__name__}: {error}; mend it, or install what it needs"
        ) from None
    return module


def _is_same(path: Path, other: str | None) -> bool:
    return other is not None and Path(other).absolute() == path.absolute()


def _place(path: Path, file: str | None, line: int | None) -> str:
    """Return ``file:line``, the file as the user named it where it is the user's."""
    name = str(path) if file is None or _is_same(path, file) else file
    return f"{name}:{line}" if line else name


def _find_flow(path: Path, module: ModuleType) -> Any:
    from metaflow import FlowSpec

    flows = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, FlowSpec)
        and value.__module__ == _MODULE_NAME
    ]
    # What others in the file inherit from is a part of them.
    flows = [flow for flow in flows if not any(flow in other.__mro__[1:] for other in flows)]
    if not flows:
        raise FlowFileError(
            f"{path} is no flow: it defines no subclass of metaflow.FlowSpec; give a file that does"
        )
    if len(flows) > 1:
        names = ", ".join(flow.__name__ for flow in flows)
        raise FlowFileError(f"{path} holds {len(flows)} flows ({names}): put each in its own file")
    return flows[0]


def _to_step(node: Any) -> GraphStep:
    kinds = {"split": "split", "foreach": "foreach", "join": "join", "split-switch": "switch"}
    if node.type == "split-switch":
        transitions = [Transition(name, repr(case)) for case, name in node.switch_cases.items()]
    else:
        transitions = [Transition(name, None) for name in node.out_funcs]
    return GraphStep(
        name=node.name,
        kind=StepKind(kinds.get(node.type, "linear")),
        by=node.condition or node.foreach_param,
        many=node.is_inside_foreach,
        doc=_first_line(node.doc),
        line=node.func_lineno,
        next=tuple(transitions),
    )


def _first_line(doc: str) -> str:
    return doc.strip().partition("\n")[0].strip()


if __name__ == "__main__":
    # The answer is all there is on stdout: what the file prints goes to stderr.
    answer_stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    answer = json.dumps(_answer(Path(sys.argv[1])))
    answer_stream.write(answer)
