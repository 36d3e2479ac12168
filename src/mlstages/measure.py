"""What a command costs: wall time, CPU time and the peak memory of all its processes."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import psutil

_SECONDS_BETWEEN_SAMPLES: Final = 0.025


class Measurement(NamedTuple):
    """How a command ended, and what it cost."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    """Wall time."""
    cpu_seconds: float
    """User and system time, of all processes that it started and waited for."""
    peak_memory: int
    """Bytes of all its processes together, shared pages counted once; sampled."""


def measure_command(
    command: Sequence[str], *, stdin: str = "", folder: Path | None = None
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

    Returns
    -------
    Measurement

    Notes
    -----
    Memory is the proportional set size (PSS) where the system tells it, as Linux does,
    else the resident set. Peaks shorter than 25 ms may be missed.
    """
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as standard_input,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
    ):
        standard_input.write(stdin)
        standard_input.seek(0)
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=standard_input, stdout=output, stderr=errors, cwd=folder
        )
        sampler = _MemorySampler(process.pid)
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
        output.seek(0)
        errors.seek(0)
        return Measurement(
            exit_code=process.returncode,
            stdout=output.read(),
            stderr=errors.read(),
            seconds=seconds,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_memory=sampler.peak,
        )


class _MemorySampler(threading.Thread):
    """Watches a process and its descendants until it is told to stop."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._root = psutil.Process(pid)
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.is_set():
            self.peak = max(self.peak, self._sample())
            self._stopped.wait(_SECONDS_BETWEEN_SAMPLES)

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def _sample(self) -> int:
        try:
            processes = [self._root, *self._root.children(recursive=True)]
        except psutil.Error:
            return 0
        return sum(_memory_of(process) for process in processes)


def _memory_of(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
    except (psutil.Error, OSError):  # it ended between two looks
        return 0
    return int(getattr(memory, "pss", memory.rss))
