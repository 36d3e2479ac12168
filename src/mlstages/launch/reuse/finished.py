"""A process that has ended before it began, for the one who wanted to start it.

Metaflow's runtime (2.19.39, `runtime.py` 2344) starts each task by ``subprocess.Popen`` and
afterwards uses only what `FinishedProcess` has. A launch that bears the mark below starts
nothing.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

MARK: Final = "MLSTAGES_REUSED"
"""In the environment of a launch whose task has been completed already."""


class _Ended:
    """One end of a pipe whose other end is closed: a poll sees at once that it is over."""

    def __init__(self) -> None:
        self._handle, writer = os.pipe()
        os.close(writer)

    def fileno(self) -> int:
        return self._handle

    def readline(self) -> bytes:
        return b""

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __del__(self) -> None:
        self.close()


class FinishedProcess:
    """What `subprocess.Popen` would return of a process that ended well, without output."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.stdout = _Ended()
        self.stderr = _Ended()
        self.returncode = 0

    def poll(self) -> int:
        """Return the exit code."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, at once."""
        return self.returncode

    def kill(self) -> None:
        """Do nothing."""

    terminate = kill


def finish_if_marked(command: Sequence[str], environment: Mapping[str, str]) -> Any:
    """Return a process that has ended, for a launch that bears the mark; None for others."""
    return FinishedProcess() if MARK in environment else None
