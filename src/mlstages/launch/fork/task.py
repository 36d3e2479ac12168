"""What the orchestrator holds of a task that was forked: as much of a `Popen` as Metaflow uses.

The child is a child of the orchestrator's own (see `pool`), so that its end is learnt as that
of any child, whatever became of the process that forked it.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import IO, Final

_LOST: Final = -signal.SIGKILL
_SECONDS_BETWEEN_LOOKS: Final = 0.005


class ForkedTask:
    """A running or finished task.

    Parameters
    ----------
    command : sequence of str
        What a new process would have been started with.
    pid : int or None
        The child; None if the request was lost with who should have taken it.
    stdin, stdout, stderr : file
        This side's ends of its pipes.
    """

    def __init__(
        self,
        command: Sequence[str],
        pid: int | None,
        stdin: IO[bytes],
        stdout: IO[bytes],
        stderr: IO[bytes],
    ) -> None:
        self.args = command
        self.pid = 0 if pid is None else pid
        self.returncode = _LOST if pid is None else None
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        return self._look(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code when it has ended.

        Raises
        ------
        subprocess.TimeoutExpired
            If that takes longer than the timeout, in seconds.
        """
        if timeout is not None:
            end = time.monotonic() + timeout
            while self.poll() is None:
                if time.monotonic() > end:
                    raise subprocess.TimeoutExpired(self.args, timeout)
                time.sleep(_SECONDS_BETWEEN_LOOKS)
        returncode = self._look(0)
        assert returncode is not None
        return returncode

    def kill(self) -> None:
        """Kill it, if it still runs."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end, if it still runs."""
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _look(self, options: int) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, options)
            except ChildProcessError:  # somebody else has waited for it: what it said is lost
                self.returncode = _LOST
            else:
                if pid == self.pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode
