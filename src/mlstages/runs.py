"""Past runs of a flow, through Metaflow's Client API and never through its files.

Decides what a person wants to know of a run. All users' runs are shown.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import metaflow
from metaflow.exception import MetaflowNotFound

from mlstages.errors import RunNotFoundError
from mlstages.launch.history import describe_history, open_history

DEFAULT_FLOW: Final = "SampleRegressionFlow"

_METRICS: Final = ("mse", "r2", "baseline_mse", "baseline_r2")
_LONGEST_PREVIEW: Final = 200


class RunState(StrEnum):
    """How far a run got."""

    SUCCESSFUL = "successful"
    FAILED = "failed"
    UNFINISHED = "unfinished"
    """It runs still, or was killed: Metaflow's local history does not tell which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One line of the history.

    Parameters
    ----------
    run : str
        ``<flow>/<run id>``.
    created_at : datetime
        In local time.
    user : str
        Whom Metaflow took it for.
    state : RunState
    parameters : dict
        Value of each parameter; what JSON cannot carry is described.
    metrics : dict
        Those of mse, r2, baseline_mse and baseline_r2 that the run came to.
    """

    run: str
    created_at: datetime
    user: str
    state: RunState
    parameters: dict[str, Any]
    metrics: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON can carry it."""
        return asdict(self) | {"created_at": self.created_at.isoformat()}


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
        The beginning of its repr.
    """

    name: str
    step: str
    type: str
    shape: tuple[int, ...] | None
    size: int
    preview: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetails:
    """One run with its steps in the order of their start, and its artifacts by name."""

    summary: RunSummary
    steps: tuple[StepSummary, ...]
    artifacts: tuple[ArtifactSummary, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the details as JSON can carry them."""
        return self.summary.to_dict() | {
            "steps": [asdict(step) for step in self.steps],
            "artifacts": [asdict(artifact) for artifact in self.artifacts],
        }


def list_runs(flow_name: str = DEFAULT_FLOW) -> list[RunSummary]:
    """Return the runs of a flow, newest first; none if it never ran.

    Parameters
    ----------
    flow_name : str, default="SampleRegressionFlow"
        The flow's class.

    Returns
    -------
    list of RunSummary
    """
    return [_summarize_run(run) for run in _runs(flow_name)]


def show_run(run: str, *, artifact: str | None = None, flow_name: str = DEFAULT_FLOW) -> RunDetails:
    """Return a run's parameters, steps and artifacts.

    Parameters
    ----------
    run : str
        ``<flow>/<run id>``, a run id, or ``latest``: the newest successful run.
    artifact : str or None, default=None
        The one artifact to describe; None describes all.
    flow_name : str, default="SampleRegressionFlow"
        Where a bare run id and ``latest`` are looked for.

    Returns
    -------
    RunDetails

    Raises
    ------
    RunNotFoundError
        If there is no such run, or no such artifact in it.
    """
    found = _find_run(run, flow_name)
    steps = sorted(found, key=lambda step: step.created_at)
    artifacts = list(_summarize_artifacts(found, steps, artifact))
    if artifact is not None and not artifacts:
        known = ", ".join(sorted(_artifact_names(found, steps)))
        raise RunNotFoundError(
            f"{found.pathspec} has no artifact {artifact!r}: it has {known or 'none yet'}"
        )
    return RunDetails(
        summary=_summarize_run(found),
        steps=tuple(_summarize_step(step) for step in steps),
        artifacts=tuple(artifacts),
    )


def _runs(flow_name: str) -> list[Any]:
    if not open_history():
        return []
    try:
        return list(metaflow.Flow(flow_name))
    except MetaflowNotFound:
        return []


def _find_run(run: str, flow_name: str) -> Any:
    flow, _, run_id = run.rpartition("/")
    flow = flow or flow_name
    runs = _runs(flow)
    if run_id == "latest":
        matching = (candidate for candidate in runs if candidate.successful)
    else:
        matching = (candidate for candidate in runs if candidate.id == run_id)
    found = next(matching, None)
    if found is not None:
        return found
    what = f"no successful run of {flow}" if run_id == "latest" else f"no run {flow}/{run_id}"
    known = f"the newest of {len(runs)} is {runs[0].pathspec}" if runs else "there is none at all"
    raise RunNotFoundError(f"{what} in {describe_history()}: {known}; mlstages runs lists them")


def _summarize_run(run: Any) -> RunSummary:
    data = run.data
    metrics = {name: getattr(data, name) for name in _METRICS if data and name in data}
    return RunSummary(
        run=run.pathspec,
        created_at=run.created_at,
        user=next((tag[5:] for tag in sorted(run.tags) if tag.startswith("user:")), "unknown"),
        state=_run_state(run),
        parameters=_read_parameters(run),
        metrics=metrics,
    )


def _run_state(run: Any) -> RunState:
    if run.successful:
        return RunState.SUCCESSFUL
    states = {_task_state(task) for step in run for task in step}
    return RunState.FAILED if RunState.FAILED in states else RunState.UNFINISHED


def _task_state(task: Any) -> RunState:
    if task.successful:
        return RunState.SUCCESSFUL
    # A task that raised is not finished for Metaflow; one that was killed left nothing.
    failed = task.finished or task.exception is not None
    return RunState.FAILED if failed else RunState.UNFINISHED


def _read_parameters(run: Any) -> dict[str, Any]:
    try:
        data = run["_parameters"].task.data
    except KeyError:  # the run ended before its first task
        return {}
    names = (name for name in sorted(data._artifacts) if _is_users(name))
    return {name: _for_json(getattr(data, name)) for name in names}


def _is_users(artifact_name: str) -> bool:
    # "name" is the flow's own; what begins with an underscore is Metaflow's.
    return not artifact_name.startswith("_") and artifact_name != "name"


def _for_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return _preview(value)
    return value


def _summarize_step(step: Any) -> StepSummary:
    tasks = list(step)
    states = {_task_state(task) for task in tasks}
    worst = next(
        state
        for state in (RunState.FAILED, RunState.UNFINISHED, RunState.SUCCESSFUL)
        if state in states or state is RunState.SUCCESSFUL
    )
    ends = [task.finished_at for task in tasks]
    seconds = None
    if tasks and all(end is not None for end in ends):
        seconds = (max(ends) - min(task.created_at for task in tasks)).total_seconds()
    return StepSummary(step=step.id, tasks=len(tasks), state=worst, seconds=seconds)


def _artifact_names(run: Any, steps: list[Any]) -> set[str]:
    parameters = _read_parameters(run)
    return {
        artifact.id
        for step in steps
        for task in step
        for artifact in task
        if _is_users(artifact.id) and artifact.id not in parameters
    }


def _summarize_artifacts(
    run: Any, steps: list[Any], wanted: str | None
) -> Iterator[ArtifactSummary]:
    parameters = _read_parameters(run)
    newest: dict[str, tuple[str, Any]] = {}
    for step in steps:
        for task in step:
            for artifact in task:
                first_step, _older = newest.get(artifact.id, (step.id, None))
                newest[artifact.id] = (first_step, artifact)
    for name, (step_name, artifact) in sorted(newest.items()):
        if _is_users(name) and (name == wanted or (wanted is None and name not in parameters)):
            yield _summarize_artifact(name, step_name, artifact)


def _summarize_artifact(name: str, step_name: str, artifact: Any) -> ArtifactSummary:
    try:
        value = artifact.data
    except (ImportError, AttributeError) as error:  # its class is not installed here
        return ArtifactSummary(
            name=name,
            step=step_name,
            type=f"not loadable here ({error})",
            shape=None,
            size=artifact.size,
            preview=None,
        )
    return ArtifactSummary(
        name=name,
        step=step_name,
        type=_type_name(value),
        shape=_shape(value),
        size=artifact.size,
        preview=_preview(value),
    )


def _type_name(value: Any) -> str:
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"


def _shape(value: Any) -> tuple[int, ...] | None:
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return shape
    return (len(value),) if isinstance(value, (str, bytes, list, tuple, dict, set)) else None


def _preview(value: Any) -> str:
    beginning = value[:3] if hasattr(value, "shape") or isinstance(value, bytes) else value
    text = " ".join(repr(beginning).split())
    return text if len(text) <= _LONGEST_PREVIEW else f"{text[: _LONGEST_PREVIEW - 1]}…"
