"""What a command costs: wall time, CPU time and the peak memory of all its processes."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from mlstages import linux

_SECONDS_BETWEEN_SAMPLES: Final = 0.1
_PATIENCE: Final = 5
"""Seconds that a process may outlive the command and still be counted."""


class Measurement(NamedTuple):
    """How a command ended, and what it cost."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    """Wall time."""
    cpu_seconds: float
    """User and system time, of all its processes; on Linux also of those that it left behind."""
    peak_memory: int
    """Bytes of all its processes together, shared pages counted once; 0 if it was not sampled."""


def measure_command(
    command: Sequence[str],
    *,
    stdin: str = "",
    folder: Path | None = None,
    samples_memory: bool = True,
) -> Measurement:
    """Return what a command printed and what it cost.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    stdin : str, default=""
        What it reads.
    folder : Path or None, default=None
        Where it runs; None is the current folder.
    samples_memory : bool, default=True
        Whether to look at its memory while it runs. That holds it up for a moment each time,
        which short processes feel.

    Returns
    -------
    Measurement

    Notes
    -----
    Memory is the proportional set size (PSS) where the system tells it, as Linux does,
    else the resident set. Peaks shorter than a tenth of a second may be missed.
    """
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as standard_input,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
    ):
        standard_input.write(stdin)
        standard_input.seek(0)
        with _adoption() as ours_before:
            start = time.perf_counter()
            process = subprocess.Popen(
                command, stdin=standard_input, stdout=output, stderr=errors, cwd=folder
            )
            sampler = _MemorySampler(ours_before)
            if samples_memory:
                sampler.start()
            try:
                # Popen.wait would lose the resource usage.
                _pid, status, usage = os.wait4(process.pid, 0)
                seconds = time.perf_counter() - start
                process.returncode = os.waitstatus_to_exitcode(status)
            except BaseException:  # an interrupt: leave no process behind
                process.terminate()
                process.wait()
                raise
            finally:
                sampler.stop()
            left_behind = _wait_for_orphans(ours_before)
        output.seek(0)
        errors.seek(0)
        return Measurement(
            exit_code=process.returncode,
            stdout=output.read(),
            stderr=errors.read(),
            seconds=seconds,
            cpu_seconds=usage.ru_utime + usage.ru_stime + left_behind,
            peak_memory=sampler.peak,
        )


@contextmanager
def _adoption() -> Iterator[frozenset[int]]:
    """Adopt what the command leaves behind; yield the children that were there before."""
    before = frozenset(child.pid for child in psutil.Process().children())
    if linux.is_supported():
        linux.adopt_orphans()
    try:
        yield before
    finally:
        if linux.is_supported():
            linux.adopt_orphans(False)


def _wait_for_orphans(ours_before: frozenset[int]) -> float:
    """Return the CPU seconds of processes that outlived the command, which end by themselves."""
    seconds = 0.0
    end = time.monotonic() + _PATIENCE
    for orphan in psutil.Process().children():
        if orphan.pid in ours_before:
            continue
        pid = 0
        while pid == 0 and time.monotonic() < end:
            pid, _status, usage = os.wait4(orphan.pid, os.WNOHANG)
            if pid:
                seconds += usage.ru_utime + usage.ru_stime
            else:
                time.sleep(_SECONDS_BETWEEN_SAMPLES)
    return seconds


class _MemorySampler(threading.Thread):
    """Watches what this process starts and adopts, until it is told to stop."""

    def __init__(self, ours_before: frozenset[int]) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._ours_before = ours_before
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.is_set():
            self.peak = max(self.peak, self._sample())
            self._stopped.wait(_SECONDS_BETWEEN_SAMPLES)

    def stop(self) -> None:
        self._stopped.set()
        if self.is_alive():
            self.join()

    def _sample(self) -> int:
        processes = []
        for child in psutil.Process().children():
            if child.pid in self._ours_before:
                continue
            try:
                processes += [child, *child.children(recursive=True)]
            except psutil.Error:  # it ended between two looks
                continue
        return sum(_memory_of(process) for process in processes)


def _memory_of(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
    except (psutil.Error, OSError):  # it ended between two looks
        return 0
    return int(getattr(memory, "pss", memory.rss))
