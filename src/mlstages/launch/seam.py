"""Where Metaflow starts a task, and how another way is put there.

`metaflow.runtime.Worker._launch` (2.19, line 2287) calls ``subprocess.Popen`` once, and the
worker uses of the result only ``pid``, ``stdout``, ``stderr``, ``poll``, ``wait`` and ``kill``.
What is replaced is the name ``subprocess`` in that one module.
"""

import dis
import itertools
import subprocess
from collections.abc import Callable, Iterator
from typing import Any, Final

import metaflow.runtime

_KNOWN: Final = frozenset(("pid", "stdout", "stderr", "poll", "wait", "kill"))
_OPTIONS: Final = {
    "bufsize": 1,
    "stdin": subprocess.PIPE,
    "stdout": subprocess.PIPE,
    "stderr": subprocess.PIPE,
}

Launch = Callable[[list[str], dict[str, str]], Any]
"""Takes the command and the environment of a task; returns what a worker can use, or None."""


class _Subprocess:
    """The module `subprocess`, with other ways to start a process before its own."""

    def __init__(self) -> None:
        self.ways: list[Launch] = []

    def Popen(self, command: list[str], *, env: dict[str, str], **options: Any) -> Any:  # noqa: N802
        if options == _OPTIONS:  # what a worker asks for
            for launch in self.ways:
                process = launch(command, env)
                if process is not None:
                    return process
        return subprocess.Popen(command, env=env, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)


def take_seam(launch: Launch, *, first: bool = False) -> None:
    """Have Metaflow's runtime start tasks by a function from now on, where that can.

    Parameters
    ----------
    launch : callable
    first : bool, default=False
        Whether it is asked before those that are there.
    """
    if not isinstance(metaflow.runtime.subprocess, _Subprocess):
        metaflow.runtime.subprocess = _Subprocess()
    ways = metaflow.runtime.subprocess.ways
    if launch not in ways:
        ways.insert(0 if first else len(ways), launch)


def fits_seam() -> bool:
    """Return whether the runtime of this Metaflow looks as the launcher expects it."""
    worker = getattr(metaflow.runtime, "Worker", None)
    launch = getattr(worker, "_launch", None)
    if launch is None or not hasattr(metaflow.runtime, "subprocess"):
        return False
    names = set(launch.__code__.co_names)
    return {"subprocess", "Popen", "CLIArgs"} <= names and set(_find_uses(worker)) <= _KNOWN


def _find_uses(worker: Any) -> Iterator[str]:
    """Yield the attributes that a worker's methods use of its process."""
    for method in vars(worker).values():
        if not hasattr(method, "__code__"):
            continue
        instructions = list(dis.get_instructions(method))
        for before, after in itertools.pairwise(instructions):
            uses = before.opname == "LOAD_ATTR" and before.argval == "_proc"
            if uses and after.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                yield str(after.argval)
