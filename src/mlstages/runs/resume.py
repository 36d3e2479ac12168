"""Which run can be gone on with, and going on with it."""

import logging
from pathlib import Path
from typing import Any

from mlstages.errors import RunNotFoundError
from mlstages.launch.history import describe_history
from mlstages.launch.process import read_flow_name, resume_flow
from mlstages.runs.find import find_run, iterate_runs, require_parameters
from mlstages.runs.order import read_graph
from mlstages.runs.state import RunState, StateReader

logger = logging.getLogger(__name__)


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
        or was interrupted.
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
        If there is no such run, or none that did not succeed.
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
    states = StateReader()
    for run in iterate_runs(flow_name):
        if states.read(run) in (RunState.FAILED, RunState.INTERRUPTED):
            return run
    raise RunNotFoundError(
        f"no run of {flow_name} in {describe_history()} failed or was interrupted: there is "
        "nothing to go on with; name a run to run its steps again"
    )
