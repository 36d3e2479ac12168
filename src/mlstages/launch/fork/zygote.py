"""The warm processes: they import what tasks will need, and run nothing of the user's.

The first one imports Metaflow. From it a process is forked for each pool, which imports that
pool's libraries and serves its children. A library that has been imported forks safely; one
that has been used may have started threads, and would hang in the child.
"""

import gc
import importlib
import inspect
import json
import os
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import IO, Final, NoReturn

from setproctitle import setproctitle

from mlstages.launch.fork import child, request
from mlstages.launch.fork.cards import take_card_seam
from mlstages.launch.fork.linux import die_with
from mlstages.launch.fork.plan import MOST_POOLS, Pool, plan_pools
from mlstages.launch.fork.pool import READY, serve
from mlstages.launch.fork.preload import Import, find_imports
from mlstages.launch.fork.request import Ends, Request
from mlstages.launch.fork.task import ForkedTask

_OF_A_FLOW: Final = "metaflow.cli"
"""Its command takes on the options of the flow that is there when it is imported (2.19)."""

_START: Final = (
    # The current folder must not come first on the path: a types.py there would be imported.
    "import sys; sys.path.pop(0); "
    "from mlstages.launch.fork.zygote import main; main(sys.argv[1])"
)


class Zygote:
    """The orchestrator's side of the warm processes.

    Parameters
    ----------
    pid : int
        The first of them, a child of this process.
    channels : sequence of socket
        The sending end of each pool's channel.
    plan : file
        Says which pool is for which step, once that is known.
    """

    def __init__(self, pid: int, channels: Sequence[socket.socket], plan: IO[bytes]) -> None:
        self._pid = pid
        self._channels = channels
        self._plan = plan
        self._ready: set[int] = set()

    @cached_property
    def _pool_of_step(self) -> dict[str, int]:
        with self._plan:
            told = self._plan.read()
        return dict(json.loads(told)) if told else {}

    def is_ready(self, step: str) -> bool:
        """Return True when tasks of the step can be forked; False if they never can."""
        pool = self._pool_of_step.get(step, 0)
        if pool not in self._ready and self._channels[pool].recv(len(READY)) == READY:
            self._ready.add(pool)
        return pool in self._ready

    def launch(self, step: str, asked: Request) -> ForkedTask:
        """Return a task of a step, which runs now.

        Raises
        ------
        OSError
            If the request has certainly reached nobody.
        """
        stdin, in_end = os.pipe()
        out_end, stdout = os.pipe()
        err_end, stderr = os.pipe()
        told, reply = os.pipe()
        theirs = Ends(stdin, stdout, stderr, reply)
        try:
            request.send(self._channels[self._pool_of_step.get(step, 0)], asked, theirs)
        except OSError:
            for end in (in_end, out_end, err_end, told):
                os.close(end)
            raise
        finally:
            for end in theirs:
                os.close(end)
        with os.fdopen(told, "rb") as answer:
            pid = answer.read()
        return ForkedTask(
            asked.command,
            int(pid) if pid else None,
            os.fdopen(in_end, "wb", 0),
            os.fdopen(out_end, "rb"),
            os.fdopen(err_end, "rb"),
        )

    def close(self) -> None:
        """End the warm processes."""
        for channel in self._channels:
            channel.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def start_zygote(flow_file: str, title: str) -> Zygote:
    """Return new warm processes, started as a new interpreter.

    Parameters
    ----------
    flow_file : str
        It is read for what it imports, not run.
    title : str
        What lists of processes show.
    """
    sending, receiving = _open_channels()
    told, tell = os.pipe()
    descriptors = [channel.fileno() for channel in receiving]
    asked = json.dumps([flow_file, title, os.getpid(), tell, descriptors])
    process = subprocess.Popen(
        [sys.executable, "-c", _START, asked],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(tell, *descriptors),
    )
    os.close(tell)
    for channel in receiving:
        channel.close()
    process.returncode = 0  # who ends it and waits for it is the `Zygote`
    return Zygote(process.pid, sending, os.fdopen(told, "rb"))


def main(asked: str) -> NoReturn:
    """Be the warm processes of an orchestrator."""
    flow_file, title, orchestrator, tell, descriptors = json.loads(asked)
    setproctitle(title)
    die_with(orchestrator)
    run_zygote(flow_file, [socket.socket(fileno=end) for end in descriptors], tell, orchestrator)


def run_zygote(
    flow_file: str, channels: Sequence[socket.socket], tell: int, orchestrator: int
) -> NoReturn:
    """Import, fork a process for each further pool, and serve.

    Parameters
    ----------
    flow_file : str
    channels : sequence of socket
        The receiving ends, `MOST_POOLS` of them.
    tell : int
        Where to say which pool is for which step.
    orchestrator : int
        The parent of this process, and of the tasks.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import_metaflow()
    plan = plan_pools(find_imports(Path(flow_file)))
    with os.fdopen(tell, "wb") as file:
        file.write(json.dumps(plan.pool_of_step).encode())
    _grow(0, plan.pools, channels, orchestrator)


def _grow(
    place: int, pools: Sequence[Pool], channels: Sequence[socket.socket], orchestrator: int
) -> NoReturn:
    """Be the pool at a place, and have those grow that are forked from it."""
    _import(pools[place].imports)
    me = os.getpid()
    for other, pool in enumerate(pools):
        if other > place and pool.parent == place and os.fork() == 0:
            die_with(me)
            _grow(other, pools, channels, orchestrator)
    for other, channel in enumerate(channels):
        if other != place:
            channel.close()
    to_here, from_tasks = request.open_channel()
    take_card_seam(to_here, dict(os.environ))
    gc.collect()
    gc.freeze()
    serve(channels[place], from_tasks, orchestrator, child.become)
    os._exit(0)


def _import(imports: Sequence[Import]) -> None:
    show = warnings.showwarning
    # Not `catch_warnings`, which would undo the filters that a library sets at its import.
    warnings.showwarning = _show_nothing
    for wanted in imports:
        try:
            module = importlib.import_module(wanted.module)
            if wanted.name and not hasattr(module, wanted.name):
                importlib.import_module(f"{wanted.module}.{wanted.name}")
        except Exception:  # the task will import it, and have it fail where it should
            continue
    warnings.showwarning = show


def _show_nothing(*warning: object) -> None:
    pass


def _open_channels() -> tuple[list[socket.socket], list[socket.socket]]:
    channels = [request.open_channel() for _ in range(MOST_POOLS)]
    return [ends[0] for ends in channels], [ends[1] for ends in channels]


def import_metaflow() -> None:
    """Import what of Metaflow a task needs and that does not depend on its flow."""
    for module in ("metaflow.cli_components.step_cmd", "metaflow.task"):
        importlib.import_module(module)
    _forget(_OF_A_FLOW)
    # A first look at source compiles large patterns.
    graph = sys.modules["metaflow.graph"]
    graph.deindent_docstring(inspect.getsource(graph.deindent_docstring))


def _forget(module: str) -> None:
    package, _, attribute = module.rpartition(".")
    del sys.modules[module]
    delattr(sys.modules[package], attribute)
