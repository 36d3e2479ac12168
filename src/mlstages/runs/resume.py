"""Which run can be gone on with, and going on with it."""

import logging
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from mlstages.errors import RunNotFoundError
from mlstages.launch.history import describe_history
from mlstages.launch.process import read_flow_name, resume_flow
from mlstages.runs.find import (
    find_run,
    is_replay,
    iterate_runs,
    list_flows,
    read_origin,
    require_parameters,
)
from mlstages.runs.order import read_graph
from mlstages.runs.state import RunState, StateReader

logger = logging.getLogger(__name__)

_UNSUCCESSFUL: Final = (RunState.FAILED, RunState.INTERRUPTED)


def resume_run(
    flow_file: Path | str,
    run: str | None = None,
    *,
    step: str | None = None,
    flow_name: str | None = None,
) -> str:
    """Return the pathspec of a new, successful run that goes on from one that did not succeed.

    Parameters
    ----------
    flow_file : Path or str
        The flow.
    run : str or None, default=None
        ``<flow>/<run id>`` or a run id; None is the present user's newest run that failed
        or was interrupted and is no replay.
    step : str or None, default=None
        The step to begin with; None is the one that did not succeed.
    flow_name : str or None, default=None
        The flow's class; None asks the file.

    Returns
    -------
    str
        ``<flow>/<run id>``. What had succeeded is not run again but taken over.

    Raises
    ------
    RunNotFoundError
        If there is no such run, or none that did not succeed, or the newest of those was
        gone on with by a run that succeeded or is still running.
    RunUnusableError
        If the run had not got as far as its parameters.
    RunFailedError
        If the new run fails, too.
    """
    flow_file = Path(flow_file)
    flow_name = flow_name or read_flow_name(flow_file)
    origin = find_run(run, flow_name) if run else _find_unsuccessful(flow_name)
    require_parameters(origin)
    steps = read_graph(origin)
    if step is not None and steps and step not in steps:
        raise RunNotFoundError(
            f"{origin.pathspec} has no step {step!r}: its flow has {', '.join(steps)}"
        )
    logger.info("going on with %s", origin.pathspec)
    return resume_flow(flow_file, flow_name, origin.id, step=step)


def _find_unsuccessful(flow_name: str) -> Any:
    """Return the present user's newest run that did not succeed and was not gone on with.

    Where others have gone on with it, and did not succeed either, the newest of theirs.
    """
    states = StateReader()
    unsuccessful = (
        run
        for run in iterate_runs(flow_name)
        if not is_replay(run) and states.read(run) in _UNSUCCESSFUL
    )
    newest = next(unsuccessful, None)
    if newest is None:
        others = [name for name in list_flows() if name != flow_name]
        further = f", or give the file of another flow ({', '.join(others)})" if others else ""
        raise RunNotFoundError(
            f"no run of {flow_name} in {describe_history()} failed or was interrupted: there is "
            f"nothing to go on with; name a run to run its steps again{further}"
        )
    later = _find_later(newest, states)
    for run in later:
        state = states.read(run)
        if state not in _UNSUCCESSFUL:
            raise RunNotFoundError(
                f"{newest.pathspec} is the newest run that did not succeed, and it was gone on "
                f"with: {run.pathspec} is {state}; name a run to go on with it once more"
            )
    return later[0] if later else newest


def _find_later(run: Any, states: StateReader) -> list[Any]:
    """Return the runs, newest first, that later went on with a run or with what it goes on with.

    So a run is also done with if another attempt to go on from its origin succeeded.
    """
    runs = list(iterate_runs(run.path_components[0], all_users=True))
    by_id: dict[str | None, Any] = {each.id: each for each in runs}
    attempts = {run.id}
    for origin in _trace_origins(run, by_id):
        if states.read(origin) not in _UNSUCCESSFUL:
            break
        attempts.add(origin.id)
    return [
        each
        for each in takewhile(lambda each: each.id != run.id, runs)
        if not is_replay(each)
        and any(origin.id in attempts for origin in _trace_origins(each, by_id))
    ]


def _trace_origins(run: Any, by_id: Mapping[str | None, Any]) -> Iterator[Any]:
    """Yield the run that a run goes on with, the one which that goes on with, and so on."""
    origin_id = read_origin(run)
    while origin_id in by_id:
        yield by_id[origin_id]
        origin_id = read_origin(by_id[origin_id])
