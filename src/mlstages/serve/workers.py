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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from mlstages import linux
from mlstages.errors import MlstagesError, RunFailedError
from mlstages.serve.settings import Settings
from mlstages.serve.stopping import find_stop_signals

_METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"

_SHORTEST_LIFE: Final = 2.0
"""Seconds that a worker lives before it has shown that it can."""

_LONGEST_PAUSE: Final = 16.0
"""Seconds before another try where workers die as soon as they have begun."""

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
        If a worker dies as soon as it has begun, and no other one lives; it has said why.
    """
    folder = tempfile.mkdtemp(prefix="mlstages-metrics-")
    os.environ[_METRICS_FOLDER] = folder
    crew = _Crew(work)
    try:
        for number in crew.signals:
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
        self._pause = 0.0
        self.signals = find_stop_signals()

    def hire(self) -> None:
        """Fork a worker, unless a signal has said to stop."""
        parent = os.getpid()
        with _hold_back(self.signals):
            if self._is_stopping:
                return
            pid = os.fork()
            if pid:
                self._begun[pid] = time.monotonic()
                return
            # A terminal tells all of us: it is passed on once, or the second would not wait.
            for number in self.signals:
                stops = number is signal.SIGTERM
                signal.signal(number, signal.SIG_DFL if stops else signal.SIG_IGN)
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
                self._pause = 0.0
                self.hire()
            elif self._has_settled():
                self._rest()
                self.hire()
            else:
                broken = True
                self.stop(signal.SIGTERM, None)
        if broken:
            raise RunFailedError("a worker ended as soon as it had begun; its reason stands above")

    def _has_settled(self) -> bool:
        """Return whether a worker lives that is worth going on for."""
        now = time.monotonic()
        return any(now - begun >= _SHORTEST_LIFE for begun in self._begun.values())

    def _rest(self) -> None:
        """Return when it is time for another try, or to stop."""
        self._pause = min(max(2 * self._pause, 1.0), _LONGEST_PAUSE)
        until = time.monotonic() + self._pause
        while time.monotonic() < until and not self._is_stopping:
            time.sleep(0.1)


@contextmanager
def _hold_back(signals: Iterable[signal.Signals]) -> Iterator[None]:
    # One that came at a fork would not reach the worker, or reach it as if it were us.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)


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
