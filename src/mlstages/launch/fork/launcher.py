"""What the step decorator ``@fork`` does: the tasks of its steps are forked where they can be."""

import logging
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from setproctitle import setproctitle

from mlstages import linux
from mlstages.launch.fork.refusal import explain_refusal, find_changes
from mlstages.launch.fork.request import Request
from mlstages.launch.fork.shortcuts import take_shortcuts
from mlstages.launch.fork.zygote import Zygote, start_zygote
from mlstages.launch.seam import fits_seam, take_seam

logger = logging.getLogger(__name__)


class Launcher:
    """Starts the tasks of one run.

    Parameters
    ----------
    script : str
        The flow's file, as the orchestrator was started with.
    zygote : Zygote
        The warm processes.
    warm : mapping of str to str
        The environment that they were started with.
    """

    def __init__(self, script: str, zygote: Zygote, warm: Mapping[str, str]) -> None:
        self._script = script
        self._zygote: Zygote | None = zygote
        self._warm = warm
        self._asked: Any = None
        self._told: set[tuple[str, str]] = set()

    def ask(self, arguments: Any) -> None:
        """Have the next task that is started forked, if it can be.

        Parameters
        ----------
        arguments : metaflow.runtime.CLIArgs
            That task's.
        """
        self._asked = arguments

    def launch(self, command: list[str], environment: Mapping[str, str]) -> Any:
        """Return a task that has been forked; None if it is to be started as before."""
        arguments, self._asked = self._asked, None
        refusal = self._refuse(arguments, command, environment)
        if refusal is not None:
            self._tell(arguments, refusal)
        elif self._zygote is not None:
            asked = Request.to_run(command, environment)
            try:
                return self._zygote.launch(arguments.task.step, asked)
            except OSError as error:  # nothing has left
                logger.warning("tasks are started one by one from here on: %s", error)
                self.close()
        return None

    def _tell(self, arguments: Any, refusal: str) -> None:
        if arguments is None or (arguments.task.step, refusal) in self._told:
            return
        self._told.add((arguments.task.step, refusal))
        arguments.task.log(f"Tasks of this step are not forked: {refusal}.", system_msg=True)

    def close(self) -> None:
        """End what is kept warm."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def _refuse(
        self, arguments: Any, command: list[str], environment: Mapping[str, str]
    ) -> str | None:
        if arguments is None or arguments.get_args() != command:
            return "its step is not decorated with fork"
        refusal = explain_refusal(arguments, self._script, environment, self._warm)
        if refusal is None and not (self._zygote and self._zygote.is_ready(arguments.task.step)):
            return "no process is kept warm"
        return refusal


class _Adopted(NamedTuple):
    zygote: Zygote
    warm: dict[str, str]


_adopted: _Adopted | None = None
_launcher: Launcher | None = None


def adopt_zygote(zygote: Zygote) -> None:
    """Have the run that this process is about to orchestrate use warm processes that exist."""
    global _adopted
    _adopted = _Adopted(zygote, dict(os.environ))


def open_launcher(run_id: str) -> Launcher | None:
    """Return the launcher of this process's run; None where tasks cannot be forked.

    Parameters
    ----------
    run_id : str
        For lists of processes.
    """
    global _launcher
    if _launcher is not None:
        return _launcher
    if not linux.is_supported():
        logger.warning("tasks are forked on Linux only; here each starts an interpreter")
        return None
    if not fits_seam():
        logger.warning("this Metaflow starts tasks in another way: none is forked")
        return None
    script = sys.argv[0]
    warm = dict(os.environ)
    linux.adopt_orphans()  # else what waits to become a task has another parent, and ends
    if _adopted is not None and not find_changes(_adopted.warm, warm):
        zygote = _adopted.zygote
        setproctitle(" ".join([*sys.orig_argv, f"--run-id={run_id}"]))
    else:
        if _adopted is not None:
            _adopted.zygote.close()  # what it has read at its start does not hold any more
        zygote = start_zygote(script, f"mlstages zygote of {script} --run-id {run_id}")
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        # Metaflow (2.19) cleans up after an interrupt only: its run then has ended as failed.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    _launcher = Launcher(script, zygote, warm)
    take_seam(_launcher.launch)
    take_shortcuts()
    return _launcher


def close_launcher() -> None:
    """End what is kept warm for this process's run."""
    if _launcher is not None:
        _launcher.close()
