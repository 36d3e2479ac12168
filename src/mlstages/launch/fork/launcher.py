"""What the step decorator ``@fork`` does: the tasks of its steps are forked where they can be."""

import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from mlstages.launch.fork import linux
from mlstages.launch.fork.refusal import explain_refusal
from mlstages.launch.fork.request import Request
from mlstages.launch.fork.seam import fits_seam, take_seam
from mlstages.launch.fork.zygote import Zygote, start_zygote

logger = logging.getLogger(__name__)

class Launcher:
    """Starts the tasks of one run.

    Parameters
    ----------
    script : str
        The flow's file, as the orchestrator was started with.
    run_id : str
        For lists of processes.
    """

    def __init__(self, script: str, run_id: str) -> None:
        self._script = script
        self._warm = dict(os.environ)
        title = f"mlstages zygote of {script} --run-id {run_id}"
        self._zygote: Zygote | None = start_zygote(script, title)
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
        """Return a task that has been started: forked, or as Metaflow would start it."""
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
        return subprocess.Popen(
            command,
            env=environment,
            bufsize=1,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

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


_launcher: Launcher | None = None


def open_launcher(run_id: str) -> Launcher | None:
    """Return the launcher of this process's run; None where tasks cannot be forked.

    Parameters
    ----------
    run_id : str
    """
    global _launcher
    if _launcher is None:
        if not linux.is_supported():
            logger.warning("tasks are forked on Linux only; here each starts an interpreter")
            return None
        if not fits_seam():
            logger.warning("this Metaflow starts tasks in another way: none is forked")
            return None
        linux.adopt_orphans()
        _launcher = Launcher(sys.argv[0], run_id)
        take_seam(_launcher.launch)
    return _launcher


def close_launcher() -> None:
    """End what is kept warm for this process's run."""
    if _launcher is not None:
        _launcher.close()
