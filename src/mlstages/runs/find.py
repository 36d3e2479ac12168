"""Which run a person means, and whose runs they see."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final

import metaflow
from metaflow.exception import MetaflowNamespaceMismatch, MetaflowNotFound

from mlstages.errors import OptionError, RunNotFoundError, RunUnusableError
from mlstages.flow_name import choose_flow
from mlstages.launch.history import describe_history, open_history

REPLAY_TAG: Final = "replay:"
"""Begins the tag of a run that replays another, whose id follows."""


def iterate_runs(
    flow_name: str, *, tag: str | None = None, user: str | None = None, all_users: bool = False
) -> Iterator[Any]:
    """Yield the runs of a flow, newest first, as Metaflow's Client API has them.

    Parameters
    ----------
    flow_name : str
        The flow's class.
    tag : str or None, default=None
        Only runs with this tag.
    user : str or None, default=None
        Only runs of this user; None is the present one.
    all_users : bool, default=False
        Runs of everybody.

    Raises
    ------
    OptionError
        If a user is given and all are asked for.
    """
    if user is not None and all_users:
        raise OptionError("one user's runs and all users' runs exclude each other: ask for one")
    if not open_history():
        return
    if not all_users:
        metaflow.namespace(f"user:{user}" if user else metaflow.default_namespace())
    try:
        runs = list(metaflow.Flow(flow_name).runs(*([tag] if tag else [])))
        yield from sorted(runs, key=started_at, reverse=True)
    except (MetaflowNotFound, MetaflowNamespaceMismatch):  # none at all, or none of this user
        return
    finally:
        metaflow.namespace(None)


def find_flow(named: str | None = None) -> str:
    """Return the flow that is named, else the only one that has runs here, else our own."""
    return choose_flow(list_flows()) if named is None else named


def find_run(run: str, flow_name: str | None = None) -> Any:
    """Return the run that is meant, whoever ran it.

    Parameters
    ----------
    run : str
        ``<flow>/<run id>``, a run id, or ``latest``: the present user's newest run that was
        successful and is no replay.
    flow_name : str or None, default=None
        Where a bare id and ``latest`` are looked for; None is the only flow here, or our own.

    Returns
    -------
    metaflow.Run

    Raises
    ------
    RunNotFoundError
        If there is no such run.
    """
    if run.count("/") > 1 or not run.rpartition("/")[2]:
        raise RunNotFoundError(f"{run} is no run, which is FlowName/id, an id, or latest")
    if run.endswith(".py"):
        raise RunNotFoundError(f"{run} is a file and no run: mlstages run {run}, then latest")
    named_flow, _, run_id = run.rpartition("/")
    flow_name = named_flow or find_flow(flow_name)
    if run_id == "latest":
        candidates = iterate_runs(flow_name)
        found = next((run for run in candidates if run.successful and not is_replay(run)), None)
    else:
        found = _get_run(flow_name, run_id)
    if found is not None:
        return found
    what = "successful run" if run_id == "latest" else f"run {flow_name}/{run_id}"
    raise RunNotFoundError(f"no {what} {_of_those_there_are(flow_name, run_id == 'latest')}")


def is_replay(run: Any) -> bool:
    """Return whether the run replays another."""
    return any(tag.startswith(REPLAY_TAG) for tag in run.user_tags)


def read_origin(run: Any) -> str | None:
    """Return the id of the run that a run goes on with or replays; None of a fresh one.

    None also where it ended before its first task: Metaflow keeps the id with the tasks.
    """
    told = (task.metadata_dict.get("origin-run-id") for step in run for task in step)
    origin = next((origin for origin in told if origin is not None), None)  # none yet: just begun
    return None if origin in (None, "None") else str(origin)  # "None" of a fresh one, in 2.19


def started_at(run: Any) -> datetime:
    """Return when the run began, in local time.

    Notes
    -----
    Metaflow's local metadata (2.19) takes a run for created anew when its tags change; the
    parameters are kept once, at the start.
    """
    try:
        created: datetime = run["_parameters"].created_at
    except KeyError:
        created = run.created_at
    return created


def user_of(run: Any) -> str:
    """Return whom Metaflow took the run for."""
    return next((tag[5:] for tag in sorted(run.tags) if tag.startswith("user:")), "unknown")


def _get_run(flow_name: str, run_id: str) -> Any | None:
    if not open_history():
        return None
    try:
        return metaflow.Run(f"{flow_name}/{run_id}")
    except MetaflowNotFound:
        return None


def _of_those_there_are(flow_name: str, latest: bool) -> str:
    newest = next(islice(iterate_runs(flow_name, all_users=True), 1), None)
    of_flow = f"of {flow_name} " if latest else ""
    if newest is None:
        flows = list_flows()
        others = f"; there are runs of {', '.join(flows)}: --flow NAME" if flows else ""
        return f"{of_flow}in {describe_history()}: there is none at all of {flow_name}{others}"
    known = f"the newest is {newest.pathspec}, by {user_of(newest)}"
    return f"{of_flow}in {describe_history()}: {known}; mlstages runs --all-users lists them"


def list_flows() -> list[str]:
    """Return the names of the flows that have runs here."""
    return sorted(flow.id for flow in metaflow.Metaflow().flows) if open_history() else []


def require_parameters(run: Any) -> None:
    """Return if the run can be gone on with.

    Raises
    ------
    RunUnusableError
        If it ended before its parameters were kept.
    """
    try:
        kept = run["_parameters"].task is not None
    except KeyError:
        kept = False
    if not kept:
        raise RunUnusableError(
            f"{run.pathspec} ended before its parameters were kept: there is nothing to go on "
            "from; run the flow again"
        )
