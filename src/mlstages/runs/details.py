"""One past run: its parameters, steps, tasks, logs and artifacts.

Nothing is unpickled unless one artifact is asked for: unpickling runs code of whoever wrote
the history (`mlstages.runs.pickles`).
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from mlstages.errors import RunNotFoundError, RunUnusableError
from mlstages.launch.blobs import read_blob
from mlstages.runs.find import find_run
from mlstages.runs.listing import RunSummary, sorted_artifacts, summarize_run
from mlstages.runs.order import (
    find_last_steps,
    has_parallel_steps,
    read_graph,
    sort_steps,
    sort_tasks,
)
from mlstages.runs.pickles import Description, describe_pickle, describe_value
from mlstages.runs.state import RunState, StateReader, task_state, worst_state

SHOWN_TASKS: Final = 10
"""Tasks of which an artifact that is asked for is described; of more, their number is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSummary:
    """One step of a run: its tasks, and the time from the first start to the last end."""

    step: str
    tasks: int
    state: RunState
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactSummary:
    """What an artifact is, without dumping it.

    Parameters
    ----------
    name : str
    step : str
        The first that had it; what is described is the value at the end.
    type : str
        Its class, with the module if that is not builtins.
    shape : tuple of int or None
        Of an array; the length of a list, tuple, string or bytes.
    size : int
        Bytes as kept by Metaflow, before compression.
    preview : str or None
        The beginning of its repr: of plain values always, of others if they were asked for.
    task : str
        ``<flow>/<run id>/<step>/<task id>`` whose value this is.
    n_values : int
        How many different values the last tasks that have it hold: more than one where a
        foreach or a branch ended without a join that keeps one.
    """

    name: str
    step: str
    type: str
    shape: tuple[int, ...] | None
    size: int
    preview: str | None
    task: str
    n_values: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLog:
    """What a task printed, exactly."""

    task: str
    """``<step>/<task id>``."""
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetails:
    """One run with its steps in the order of its graph, and its artifacts by name.

    Parameters
    ----------
    summary : RunSummary
    steps : tuple of StepSummary
    artifacts : tuple of ArtifactSummary
        One of each name; of one that was asked for, one for each task.
    logs : tuple of TaskLog
        Empty unless they were asked for.
    parallel : bool
        Whether the graph has steps or tasks that can run at the same time.
    more_tasks : int
        How many more hold the artifact that was asked for.
    """

    summary: RunSummary
    steps: tuple[StepSummary, ...]
    artifacts: tuple[ArtifactSummary, ...]
    logs: tuple[TaskLog, ...] = ()
    parallel: bool = False
    more_tasks: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the details as JSON can carry them."""
        return self.summary.to_dict() | {
            "steps": [asdict(step) for step in self.steps],
            "artifacts": [asdict(artifact) for artifact in self.artifacts],
            "logs": [asdict(log) for log in self.logs],
            "parallel": self.parallel,
            "more_tasks": self.more_tasks,
        }


def show_run(
    run: str,
    *,
    artifact: str | None = None,
    step: str | None = None,
    log: bool = False,
    flow_name: str | None = None,
) -> RunDetails:
    """Return a run's parameters, steps and artifacts.

    Parameters
    ----------
    run : str
        ``<flow>/<run id>``, a run id, or ``latest``: the present user's newest run that was
        successful and is no replay.
    artifact : str or None, default=None
        The one artifact to describe, which is unpickled for it: as the last tasks have it,
        then as the tasks of a foreach before them had it, the first ten of all. None
        describes each as one of the last tasks has it, and unpickles none.
    step : str or None, default=None
        The one step to look at; None is all.
    log : bool, default=False
        Also what the tasks printed.
    flow_name : str or None, default=None
        Where a bare run id and ``latest`` are looked for; None is the only flow here, or our own.

    Returns
    -------
    RunDetails

    Raises
    ------
    RunNotFoundError
        If there is no such run, or no such step or artifact in it.
    RunUnusableError
        If the artifact that was asked for is damaged.
    """
    found = find_run(run, flow_name)
    state = StateReader().read(found)
    summary = summarize_run(found, state)
    steps = _find_steps(found, step)
    without = summary.parameters if artifact is None else ()
    held = _find_artifacts(steps, read_graph(found), without)
    if artifact is not None and artifact not in held:
        known = ", ".join(held) or "none yet"
        raise RunNotFoundError(f"{found.pathspec} has no artifact {artifact!r}: it has {known}")
    if artifact is None:
        shown = {name: one.by_task[:1] for name, one in held.items()}
    else:
        shown = {artifact: held[artifact].by_task[:SHOWN_TASKS]}
    describe = _describe_unopened if artifact is None else _describe_opened
    return RunDetails(
        summary=summary,
        steps=tuple(_summarize_step(step, state) for step in steps),
        artifacts=tuple(
            _summarize_artifact(held[name], value, describe(value))
            for name, values in shown.items()
            for value in values
        ),
        logs=tuple(_read_log(task) for step in steps for task in step) if log else (),
        parallel=has_parallel_steps(found),
        more_tasks=len(held[artifact].by_task[SHOWN_TASKS:]) if artifact is not None else 0,
    )


def _find_steps(run: Any, wanted: str | None) -> list[Any]:
    steps = sort_steps(run)
    if wanted is None:
        return steps
    found = [step for step in steps if step.id == wanted]
    if not found:
        known = ", ".join(step.id for step in steps) or "none yet"
        raise RunNotFoundError(f"{run.pathspec} has no step {wanted!r}: it has {known}")
    return found


def _summarize_step(step: Any, run_state: RunState) -> StepSummary:
    tasks = list(step)
    ends = [task.finished_at for task in tasks]
    seconds = None
    if tasks and all(end is not None for end in ends):
        seconds = (max(ends) - min(task.created_at for task in tasks)).total_seconds()
    state = worst_state(task_state(task) for task in tasks)
    if state is RunState.INTERRUPTED and run_state is RunState.RUNNING:
        state = RunState.RUNNING
    return StepSummary(step=step.id, tasks=len(tasks), state=state, seconds=seconds)


class _Held(NamedTuple):
    """What the tasks of a run hold under one name."""

    first_step: str
    by_task: tuple[Any, ...]
    """Of the last tasks that have it, then of a foreach before them that had other values."""
    n_values: int
    """How many different values the last tasks hold."""


def _find_artifacts(
    steps: list[Any], graph: dict[str, list[str]], without: Iterable[str]
) -> dict[str, _Held]:
    found: dict[str, dict[str, list[Any]]] = {}
    for step in steps:
        for task in sort_tasks(step):
            for artifact in sorted_artifacts(task):
                found.setdefault(artifact.id, {}).setdefault(step.id, []).append(artifact)
    return {
        name: _choose_values(found[name], graph) for name in sorted(found.keys() - set(without))
    }


def _choose_values(by_step: dict[str, list[Any]], graph: dict[str, list[str]]) -> _Held:
    last = [value for step in find_last_steps(by_step, graph) for value in by_step[step]]
    shown = list(last)
    for values in reversed(by_step.values()):
        different = {value.sha for value in values}
        if len(different) > 1 and not different <= {value.sha for value in shown}:
            shown += values
    return _Held(next(iter(by_step)), tuple(shown), len({value.sha for value in last}))


def _summarize_artifact(held: _Held, artifact: Any, described: Description) -> ArtifactSummary:
    return ArtifactSummary(
        name=artifact.id,
        step=held.first_step,
        type=described.type,
        shape=described.shape,
        size=artifact.size,
        preview=described.preview,
        task="/".join(artifact.path_components[:-1]),
        n_values=held.n_values,
    )


def _describe_unopened(artifact: Any) -> Description:
    try:
        return describe_pickle(read_blob(artifact))
    except RunUnusableError:
        return Description("damaged", None, None)


def _describe_opened(artifact: Any) -> Description:
    described = describe_pickle(read_blob(artifact))
    try:
        return describe_value(artifact.data)
    except (ImportError, AttributeError) as error:  # its class is not installed here
        return described._replace(preview=f"not loadable here: {error}")


def _read_log(task: Any) -> TaskLog:
    step, task_id = task.path_components[2:]
    return TaskLog(task=f"{step}/{task_id}", stdout=task.stdout, stderr=task.stderr)
