"""The past runs of a flow, a line each."""

from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from mlstages.errors import OptionError, RunUnusableError
from mlstages.launch.blobs import read_blob
from mlstages.runs.find import find_flow, iterate_runs, started_at, user_of
from mlstages.runs.pickles import read_plain_value
from mlstages.runs.state import RunState, StateReader

METRICS: Final = ("mse", "r2", "baseline_mse", "baseline_r2")
"""Artifacts that are told of each run that has them."""


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
    tags : tuple of str
        Those that people gave, sorted.
    parameters : dict
        Value of each parameter; what JSON cannot carry is described.
    metrics : dict
        Those of mse, r2, baseline_mse and baseline_r2 that the run came to.
    """

    run: str
    created_at: datetime
    user: str
    state: RunState
    tags: tuple[str, ...]
    parameters: dict[str, Any]
    metrics: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON can carry it."""
        return asdict(self) | {"created_at": self.created_at.isoformat(), "tags": list(self.tags)}


def list_runs(
    flow_name: str | None = None,
    *,
    tag: str | None = None,
    user: str | None = None,
    all_users: bool = False,
    status: RunState | str | None = None,
    limit: int | None = None,
) -> list[RunSummary]:
    """Return the runs of a flow, newest first; none if it never ran.

    Parameters
    ----------
    flow_name : str or None, default=None
        The flow's class; None is the only one here, or our own.
    tag : str or None, default=None
        Only runs with this tag.
    user : str or None, default=None
        Only runs of this user; None is the present one.
    all_users : bool, default=False
        Runs of everybody.
    status : RunState, str or None, default=None
        Only runs that are this far.
    limit : int or None, default=None
        At most so many, at least 1; None is all.

    Returns
    -------
    list of RunSummary

    Raises
    ------
    OptionError
        If the limit is below 1, there is no such status, or a user is given and all are
        asked for.
    """
    if limit is not None and limit < 1:
        raise OptionError(f"limit {limit} is below 1: leave it out for all runs")
    if status is not None and status not in list(RunState):
        raise OptionError(f"there is no status {status!r}: choose one of {', '.join(RunState)}")
    states = StateReader()
    runs = iterate_runs(find_flow(flow_name), tag=tag, user=user, all_users=all_users)
    with_states = ((run, states.read(run)) for run in runs)
    matching = ((run, state) for run, state in with_states if status in (None, state))
    return [summarize_run(run, state) for run, state in islice(matching, limit)]


def summarize_run(run: Any, state: RunState) -> RunSummary:
    """Return one line of the history.

    Parameters
    ----------
    run : metaflow.Run
    state : RunState
    """
    return RunSummary(
        run=run.pathspec,
        created_at=started_at(run),
        user=user_of(run),
        state=state,
        tags=tuple(sorted(run.user_tags)),
        parameters=read_parameters(run),
        metrics=_read_metrics(run),
    )


def read_parameters(run: Any) -> dict[str, Any]:
    """Return the value of each parameter; empty if the run ended before it had any.

    Parameters
    ----------
    run : metaflow.Run
    """
    try:
        task = run["_parameters"].task
    except KeyError:
        return {}
    if task is None:
        return {}
    return {artifact.id: _read_parameter(artifact) for artifact in sorted_artifacts(task)}


def sorted_artifacts(task: Any) -> list[Any]:
    """Return the artifacts of a task that are the user's, by name.

    Parameters
    ----------
    task : metaflow.Task
    """
    # "name" is the flow's own; what begins with an underscore is Metaflow's.
    users = (a for a in task if not a.id.startswith("_") and a.id != "name")
    return sorted(users, key=lambda artifact: str(artifact.id))


def _read_parameter(artifact: Any) -> Any:
    value = _read(artifact)
    # An included file is kept beside its artifact, which knows its size.
    return f"{artifact.size} bytes" if value == "<metaflow.includefile.IncludedFile>" else value


def _read_metrics(run: Any) -> dict[str, float]:
    task = run.end_task
    found = {} if task is None else {a.id: a for a in task if a.id in METRICS}
    values = {name: _read(found[name]) for name in METRICS if name in found}
    return {name: value for name, value in values.items() if isinstance(value, float)}


def _read(artifact: Any) -> Any:
    try:
        return read_plain_value(read_blob(artifact))
    except RunUnusableError:  # a damaged artifact does not hide the run
        return "<damaged>"
