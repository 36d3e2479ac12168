"""The steps of a run in the order of its graph.

The order in which tasks were made does not serve: a resumed run makes the cloned ones all at
once.
"""

from collections.abc import Iterable
from typing import Any

from mlstages.launch.blobs import read_blob
from mlstages.runs.pickles import read_plain_value


def sort_steps(run: Any) -> list[Any]:
    """Return the steps that the run came to, each after those that lead to it.

    Parameters
    ----------
    run : metaflow.Run

    Returns
    -------
    list of metaflow.Step
        In the order of their start where the run kept no graph.
    """
    steps = sorted(run, key=lambda step: step.created_at)
    place = {name: i for i, name in enumerate(_order_names(read_graph(run)))}
    return sorted(steps, key=lambda step: place.get(step.id, len(place)))


def sort_tasks(step: Any) -> list[Any]:
    """Return the tasks of a step in the order in which they were numbered.

    Parameters
    ----------
    step : metaflow.Step
    """
    return sorted(step, key=lambda task: (len(task.id), task.id))


def find_last_steps(steps: Iterable[str], graph: dict[str, list[str]]) -> list[str]:
    """Return those of the steps after which none of the others comes.

    Parameters
    ----------
    steps : iterable of str
        In the order of the graph.
    graph : dict of str to list of str
        As `read_graph` returns it; where it is empty, the last step stands alone.

    Examples
    --------
    >>> graph = {"start": ["a", "b"], "a": ["join"], "b": ["join"], "join": []}
    >>> find_last_steps(["start", "a", "b"], graph)
    ['a', 'b']
    >>> find_last_steps(["start", "a", "b", "join"], graph)
    ['join']
    """
    ordered = list(steps)
    if not graph:
        return ordered[-1:]
    return [
        step
        for i, step in enumerate(ordered)
        if not _steps_after(step, graph).intersection(ordered[i + 1 :])
    ]


def _steps_after(step: str, graph: dict[str, list[str]]) -> set[str]:
    after: set[str] = set()
    waiting = [step]
    while waiting:
        following = set(graph.get(waiting.pop(), ())) - after
        after |= following
        waiting += following
    return after


def has_parallel_steps(run: Any) -> bool:
    """Return whether steps or tasks of the run's graph can run at the same time.

    Parameters
    ----------
    run : metaflow.Run
        It has a branch or a foreach; False where the run kept no graph.
    """
    return any(node["type"].startswith("split") for node in _read_nodes(run).values())


def read_graph(run: Any) -> dict[str, list[str]]:
    """Return by step the steps that it leads to; empty where the run kept no graph.

    Parameters
    ----------
    run : metaflow.Run
    """
    return {step: list(node["next"]) for step, node in _read_nodes(run).items()}


def _read_nodes(run: Any) -> dict[str, dict[str, Any]]:
    for name in ("_parameters", "start"):
        try:
            artifact = run[name].task["_graph_info"]
        except (KeyError, TypeError):  # no such step, no task of it, or no graph with it
            continue
        graph = read_plain_value(read_blob(artifact))
        if isinstance(graph, dict):
            nodes: dict[str, dict[str, Any]] = graph["steps"]
            return nodes
    return {}


def _order_names(graph: dict[str, list[str]]) -> list[str]:
    """Return the steps so that each stands behind its predecessors, loops left aside."""
    ordered: list[str] = []
    seen: set[str] = set()

    def visit(step: str) -> None:
        seen.add(step)
        for following in reversed(graph.get(step, [])):
            if following not in seen:
                visit(following)
        ordered.append(step)

    if "start" in graph:
        visit("start")
    return ordered[::-1]
