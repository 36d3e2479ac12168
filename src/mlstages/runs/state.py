"""How far a run, a step and a task got."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from mlstages.launch.orchestrators import Orchestrators, find_orchestrators
from mlstages.runs.find import started_at


class RunState(StrEnum):
    """How far a run got."""

    SUCCESSFUL = "successful"
    FAILED = "failed"
    """A task of it raised or was killed, and nobody runs it any more."""
    RUNNING = "running"
    """Its orchestrator lives on this machine."""
    INTERRUPTED = "interrupted"
    """It did not end, and no orchestrator of it lives on this machine."""


class StateReader:
    """Tells the states of runs; looks at the machine's processes at most once."""

    def __init__(self) -> None:
        self._orchestrators: Orchestrators | None = None

    def read(self, run: Any) -> RunState:
        """Return how far a run got.

        Parameters
        ----------
        run : metaflow.Run

        Notes
        -----
        A run on another machine that shares the history counts as interrupted until it
        succeeds: its processes cannot be seen from here.
        """
        if run.successful:
            return RunState.SUCCESSFUL
        if self._orchestrators is None:
            self._orchestrators = find_orchestrators()
        if self._is_live(run, self._orchestrators):
            return RunState.RUNNING
        states = {task_state(task) for step in run for task in step}
        return RunState.FAILED if RunState.FAILED in states else RunState.INTERRUPTED

    @staticmethod
    def _is_live(run: Any, orchestrators: Orchestrators) -> bool:
        if run.id in orchestrators.run_ids:
            return True
        # Before its first task an orchestrator does not show its run's id: then it has made,
        # at most a few seconds after its own start, the run in question.
        seconds = ((started_at(run) - start).total_seconds() for start in orchestrators.since)
        return any(0 <= since < _LONGEST_START for since in seconds)


_LONGEST_START = 30
"""Seconds from the start of an orchestrator to that of its run, on a busy machine."""


def task_state(task: Any) -> RunState:
    """Return how far a task got; one that has not ended is interrupted or running."""
    if task.successful:
        return RunState.SUCCESSFUL
    # A task that raised is not finished for Metaflow 2.19; one that was killed left nothing.
    failed = task.finished or "_exception" in task
    return RunState.FAILED if failed else RunState.INTERRUPTED


def worst_state(states: Iterable[RunState]) -> RunState:
    """Return the state of the whole from those of its parts."""
    found = set(states)
    order = (RunState.FAILED, RunState.INTERRUPTED, RunState.RUNNING)
    return next((state for state in order if state in found), RunState.SUCCESSFUL)
