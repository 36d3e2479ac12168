"""A flow's orchestrator: this process becomes it, or a fork of it, or a new interpreter does.

From the process that becomes it are forked the warm processes (`zygote`), before anything of
the user's is run: one start of an interpreter then serves the whole run.
"""

import gc
import io
import logging
import os
import pickle
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, NamedTuple, NoReturn, Self

from setproctitle import setproctitle

from mlstages import linux
from mlstages.launch.code import SETTING, keep_code
from mlstages.launch.fork import child
from mlstages.launch.fork.launcher import adopt_zygote
from mlstages.launch.fork.preload import LIBRARIES
from mlstages.launch.fork.refusal import must_start_anew
from mlstages.launch.fork.sleeping import fork_sleeping_zygote
from mlstages.launch.fork.warned import forget_warnings
from mlstages.launch.fork.zygote import forget_commands, fork_zygote
from mlstages.launch.identity import supply_username

_THREADS: Final = Path("/proc/self/task")
_START: Final = (
    # The current folder must not come first on the path: a types.py there would be imported.
    "import sys; sys.path.pop(0); "
    "import warnings; from mlstages.launch.fork.warned import keep_warnings; "
    "keep_warnings(then=warnings.showwarning); "
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


class _Prepared(NamedTuple):
    flow_file: Path
    pid: int
    ask: int
    output: IO[bytes]


_prepared: _Prepared | None = None


def prepare_orchestrator(flow_file: Path, *, lazy: bool = False) -> None:
    """Have the next orchestrator of a flow get ready, while its arguments are not known yet.

    Parameters
    ----------
    flow_file : Path
        What it imports at its top is imported now. Nothing of it is run before it is started.
    lazy : bool, default=False
        Whether what its steps import is looked for and imported only when there is a task.
    """
    global _prepared
    if not _can_fork():
        return
    supply_username()
    reading, writing = os.pipe()
    asked, ask = os.pipe()
    pid = _fork(lambda: _wait_for_arguments(str(flow_file), asked, lazy), writing, reading, ask)
    os.close(asked)
    os.close(writing)
    _prepared = _Prepared(flow_file, pid, ask, os.fdopen(reading, "rb"))


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
    It is the one that was prepared for the flow, if there is one; else a fork of this process
    where that is safe and no other modules are asked for; else a new interpreter.
    """
    global _prepared
    if _prepared is not None and modules is None and str(_prepared.flow_file) == arguments[0]:
        prepared, _prepared = _prepared, None
        with os.fdopen(prepared.ask, "wb") as file:
            pickle.dump(list(arguments), file)
        return Orchestrator(prepared.pid, prepared.output)
    reading, writing = os.pipe()
    try:
        if modules is None and _can_fork():
            pid = _fork(lambda: become_orchestrator(arguments), writing, reading)
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
    if must_start_anew(arguments[0]):
        os.execv(sys.executable, [sys.executable, *arguments])
    _be_new(arguments)
    _warm_up(arguments[0], lazy=_reuses(arguments))
    _run(arguments)


def _wait_for_arguments(flow_file: str, asked: int, lazy: bool) -> NoReturn:
    _be_new([flow_file])
    _warm_up(flow_file, lazy=lazy)
    with os.fdopen(asked, "rb") as file:
        told = file.read()
    if not told:  # whoever prepared this has ended, or needs no run
        os._exit(0)
    arguments: list[str] = pickle.loads(told)
    setproctitle(" ".join([sys.executable, *arguments]))
    _run(arguments)


def _be_new(arguments: Sequence[str]) -> None:
    """Do away with what an interpreter that has just started would not have."""
    logging.root.handlers.clear()
    logging.root.setLevel(logging.WARNING)
    for finalizer in list(weakref.finalize._registry):  # type: ignore[attr-defined]
        finalizer.atexit = False  # a temporary folder of the process that this was forked from
    setproctitle(" ".join([sys.executable, *arguments]))
    child.reset_signals()
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdin is not None:
        # An interpreter opens both alike; a command line may have changed what it prints on.
        sys.stdout.reconfigure(errors=sys.stdin.errors)


def _reuses(arguments: Sequence[str]) -> bool:
    """Return whether tasks may be taken from an earlier run instead of being run."""
    return any(word.removeprefix("--with=").partition(":")[0] == "reuse" for word in arguments)


def _warm_up(flow_file: str, *, lazy: bool) -> None:
    forget_commands()
    if linux.is_supported():
        # What waits to become a task ends at once if this process does not adopt it.
        linux.adopt_orphans()
        adopt_zygote(fork_sleeping_zygote(flow_file) if lazy else fork_zygote(flow_file))


def _run(arguments: Sequence[str]) -> NoReturn:
    keep_code()
    forget_warnings()  # they were shown when Metaflow was imported
    gc.freeze()  # what is here by now is not looked at again
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


def _fork(become: Callable[[], NoReturn], writing: int, *not_its: int) -> int:
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        try:
            linux.die_with(parent)
            for descriptor in not_its:
                os.close(descriptor)
            child.take_streams(os.open(os.devnull, os.O_RDONLY), writing, os.dup(writing))
            become()
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
