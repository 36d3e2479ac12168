"""A flow's orchestrator: this process becomes it, or a fork of it, or a new interpreter does.

From the process that becomes it are forked the warm processes (`zygote`), before anything of
the user's is run: one start of an interpreter then serves the whole run.
"""

import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, NoReturn, Self

from setproctitle import setproctitle

from mlstages.launch.code import SETTING, keep_code
from mlstages.launch.fork import child, linux
from mlstages.launch.fork.launcher import adopt_zygote
from mlstages.launch.fork.preload import LIBRARIES
from mlstages.launch.fork.zygote import forget_commands, fork_zygote

_THREADS: Final = Path("/proc/self/task")
_START: Final = (
    # The current folder must not come first on the path: a types.py there would be imported.
    "import sys; sys.path.pop(0); "
    "from mlstages.launch.fork.orchestrator import become_orchestrator; "
    "become_orchestrator(sys.argv[1:])"
)


class Orchestrator:
    """A running orchestrator; as a context, it is stopped if the block is left by an exception.

    Parameters
    ----------
    pid : int
        A child of this process.
    output : file
        What it prints, both streams.
    """

    def __init__(self, pid: int, output: IO[bytes]) -> None:
        self._pid = pid
        self._output = io.TextIOWrapper(output, encoding="utf-8", errors="replace")
        self._exit_code: int | None = None

    def lines(self) -> Iterator[str]:
        """Yield what it prints, without the ends of the lines."""
        for line in self._output:
            yield line.rstrip()

    def wait(self) -> int:
        """Return its exit code when it has ended, negative for a signal."""
        if self._exit_code is None:
            _, status = os.waitpid(self._pid, 0)
            self._exit_code = os.waitstatus_to_exitcode(status)
        return self._exit_code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:  # whoever stops us stops the run
            os.kill(self._pid, signal.SIGTERM)
        self._output.close()
        self.wait()


def start_orchestrator(arguments: Sequence[str], modules: Path | None = None) -> Orchestrator:
    """Return a new process that is ``python FLOW.py ...`` and keeps the run's code.

    Parameters
    ----------
    arguments : sequence of str
        The flow's file, and what Metaflow is asked.
    modules : Path or None, default=None
        A folder of modules that come before those that are installed.

    Notes
    -----
    Where this process may be forked, and no other modules are asked for, it is a fork.
    """
    reading, writing = os.pipe()
    try:
        if modules is None and _can_fork():
            pid = _fork_orchestrator(arguments, reading, writing)
        else:
            pid = _execute_orchestrator(arguments, writing, modules)
    finally:
        os.close(writing)
    return Orchestrator(pid, os.fdopen(reading, "rb"))


def become_orchestrator(arguments: Sequence[str]) -> NoReturn:
    """Be ``python FLOW.py ...`` to the end of this process.

    Parameters
    ----------
    arguments : sequence of str
        The flow's file, and what Metaflow is asked.
    """
    logging.root.handlers.clear()
    logging.root.setLevel(logging.WARNING)
    setproctitle(" ".join([sys.executable, *arguments]))
    child.reset_signals()
    keep_code()
    forget_commands()
    if linux.is_supported():
        adopt_zygote(fork_zygote(arguments[0]))
    os._exit(child.run_script(tuple(arguments)))


def _can_fork() -> bool:
    """Return whether this process may be forked into one that computes.

    A library that has been used may have threads, which a fork does not have: the child
    would wait for them for ever.
    """
    return (
        linux.is_supported()
        and sum(1 for _ in _THREADS.iterdir()) == 1
        and not LIBRARIES & sys.modules.keys()
    )


def _fork_orchestrator(arguments: Sequence[str], reading: int, writing: int) -> int:
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        try:
            linux.die_with(parent)
            os.close(reading)
            child.take_streams(os.open(os.devnull, os.O_RDONLY), writing, os.dup(writing))
            become_orchestrator(arguments)
        finally:
            os._exit(1)
    return pid


def _execute_orchestrator(arguments: Sequence[str], writing: int, modules: Path | None) -> int:
    environment = {SETTING: "1"} | os.environ
    command = [sys.executable, "-c", _START, *arguments]
    if modules is not None:
        paths = (str(modules), environment.get("PYTHONPATH"))
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        # The recorded modules may be an earlier state of our own: Metaflow alone runs them.
        command = [sys.executable, *arguments]
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=writing, stderr=writing
    )
    process.returncode = 0  # who waits for it is the `Orchestrator`
    return process.pid
