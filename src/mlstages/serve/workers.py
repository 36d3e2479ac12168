"""Several processes that answer at one address, and one that watches over them.

They share one listening socket: the kernel gives a connection to whoever takes it first. A
worker that dies is started anew; all end with the process that forked them, however it ends.
"""

import logging
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from mlstages import linux
from mlstages.errors import MlstagesError, RunFailedError
from mlstages.serve.settings import Settings

_METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_SHORTEST_LIFE: Final = 2.0
"""Seconds that a worker lives before one that dies is worth another one."""

_log = logging.getLogger(__name__)


def run_workers(settings: Settings, work: Callable[[], None]) -> None:
    """Have processes work until a signal says to stop, and all have ended.

    Parameters
    ----------
    settings : Settings
    work : callable
        What each does; it ends at SIGTERM.

    Raises
    ------
    RunFailedError
        If a worker dies as soon as it has begun; it has said why.
    """
    folder = tempfile.mkdtemp(prefix="mlstages-metrics-")
    os.environ[_METRICS_FOLDER] = folder
    crew = _Crew(work)
    try:
        for number in _SIGNALS:
            signal.signal(number, crew.stop)
        for _ in range(settings.workers):
            crew.hire()
        crew.watch()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Crew:
    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._begun: dict[int, float] = {}
        self._is_stopping = False

    def hire(self) -> None:
        """Fork a worker, unless a signal has said to stop."""
        parent = os.getpid()
        with _hold_signals_back():
            if self._is_stopping:
                return
            pid = os.fork()
            if pid:
                self._begun[pid] = time.monotonic()
                return
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
        if linux.is_supported():
            linux.die_with(parent)
        os._exit(_run(self._work))

    def stop(self, number: int, frame: object) -> None:
        self._is_stopping = True
        for pid in self._begun:
            os.kill(pid, signal.SIGTERM)

    def watch(self) -> None:
        broken = False
        while self._begun:
            pid, status = os.wait()
            lived = time.monotonic() - self._begun.pop(pid, 0.0)
            if self._is_stopping:
                continue
            _log.error("worker %d ended (%s)", pid, _describe(status))
            _forget_gauges(pid)
            if lived >= _SHORTEST_LIFE:
                self.hire()
            else:
                broken = True
                self.stop(signal.SIGTERM, None)
        if broken:
            raise RunFailedError("a worker ended as soon as it had begun; its reason stands above")


@contextmanager
def _hold_signals_back() -> Iterator[None]:
    # One that came at a fork would not reach the worker, or reach it as if it were us.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _run(work: Callable[[], None]) -> int:
    try:
        work()
    except MlstagesError as error:
        _log.error("%s", error.message)
        return error.exit_code
    except BaseException:
        _log.exception("a worker failed")
        return 1
    return 0


def _describe(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _forget_gauges(pid: int) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid)  # type: ignore[no-untyped-call] # it has no types
