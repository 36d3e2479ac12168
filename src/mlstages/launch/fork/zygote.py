"""The warm processes: they import what tasks will need, and run nothing of the user's.

The first one imports Metaflow. From it a process is forked for each pool, which imports that
pool's libraries and serves its children. A library that has been imported forks safely; one
that has been used may have started threads, and would hang in the child.
"""

import gc
import importlib
import inspect
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from setproctitle import setproctitle

from mlstages.launch.fork import child, request
from mlstages.launch.fork.cards import import_for_cards, take_card_seam
from mlstages.launch.fork.plan import Pool, plan_pools
from mlstages.launch.fork.pool import READY, serve
from mlstages.launch.fork.preload import Import, find_imports
from mlstages.launch.fork.request import Ends, Request
from mlstages.launch.fork.shortcuts import read_ahead, take_shortcuts
from mlstages.launch.fork.task import ForkedTask
from mlstages.launch.fork.warned import imported_for, keep_warnings
from mlstages.linux import die_with

_OF_A_FLOW: Final = frozenset(("metaflow.cli", "metaflow.cli_components.run_cmds"))
"""Their commands take on the options of the flow that is there when they are imported (2.19)."""

_OF_A_TASK: Final = (
    *("metaflow.cli_components.step_cmd", "metaflow.task"),
    # What ``@fork`` imports within each.
    *("mlstages.launch.artifacts", "mlstages.launch.fork.packaging"),
)

_NOBODY: Final = ""
"""The name of no module."""

_START: Final = (
    # The current folder must not come first on the path: a types.py there would be imported.
    "import sys; sys.path.pop(0); "
    "from mlstages.launch.fork.warned import keep_warnings; keep_warnings(); "
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
    pool_of_step : mapping of str to int
        The place of the pool that a step's tasks are forked from.
    """

    def __init__(
        self, pid: int, channels: Sequence[socket.socket], pool_of_step: Mapping[str, int]
    ) -> None:
        self._pid = pid
        self._channels = channels
        self._pool_of_step = pool_of_step
        self._ready: set[int] = set()

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
    plan = plan_pools(find_imports(Path(flow_file)))
    sending, receiving = open_channels(len(plan.pools))
    descriptors = [channel.fileno() for channel in receiving]
    process = subprocess.Popen(
        [sys.executable, "-c", _START, title],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=descriptors,
    )
    assert process.stdin is not None
    with process.stdin as file:
        pickle.dump((flow_file, plan.pools, os.getpid(), descriptors), file)
    for channel in receiving:
        channel.close()
    process.returncode = 0  # who ends it and waits for it is the `Zygote`
    return Zygote(process.pid, sending, plan.pool_of_step)


def fork_zygote(flow_file: str) -> Zygote:
    """Return new warm processes, forked from this one, which has run nothing of the user's.

    Parameters
    ----------
    flow_file : str
        It is read for what it imports, not run.
    """
    plan = plan_pools(find_imports(Path(flow_file)))
    keep_warnings()
    import_ahead(plan.pools[0].imports)  # what this process will need as well
    sending, receiving = open_channels(len(plan.pools))
    orchestrator = os.getpid()
    pid = fork_warm(lambda: run_zygote(flow_file, plan.pools, receiving, orchestrator), sending)
    for channel in receiving:
        channel.close()
    return Zygote(pid, sending, plan.pool_of_step)


def fork_warm(become: Callable[[], NoReturn], not_its: Sequence[socket.socket]) -> int:
    """Return a child of this process that becomes a warm one, without some of the channels."""
    orchestrator = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            die_with(orchestrator)
            for channel in not_its:
                channel.close()
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(nothing, 1)
            os.close(nothing)
            become()
        except ConnectionError:  # the orchestrator has ended
            pass
        except Exception:  # a bug of ours; the run goes on without
            traceback.print_exc()
        finally:
            os._exit(1)
    return pid


def main(title: str) -> NoReturn:
    """Be the warm processes of an orchestrator, which says on stdin which."""
    setproctitle(title)
    flow_file, pools, orchestrator, descriptors = pickle.load(sys.stdin.buffer)
    die_with(orchestrator)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    channels = [socket.socket(fileno=end) for end in descriptors]
    run_zygote(flow_file, pools, channels, orchestrator)


def run_zygote(
    flow_file: str,
    pools: Sequence[Pool],
    channels: Sequence[socket.socket],
    orchestrator: int,
    *,
    lazy: bool = False,
) -> NoReturn:
    """Import, fork a process for each further pool, and serve.

    Parameters
    ----------
    flow_file : str
        As its tasks are started with.
    pools : sequence of Pool
    channels : sequence of socket
        The receiving end of each pool's.
    orchestrator : int
        The parent of this process, and of the tasks.
    lazy : bool, default=False
        Whether further pools import only when they are asked for a child.
    """
    child.outlast_interrupts()
    keep_warnings()
    gc.disable()  # it would only look at what imports leave, which stays
    import_metaflow()
    read_ahead(flow_file)
    _grow(0, pools, channels, orchestrator, lazy)


def _grow(
    place: int,
    pools: Sequence[Pool],
    channels: Sequence[socket.socket],
    orchestrator: int,
    lazy: bool,
) -> NoReturn:
    """Be the pool at a place, and have those grow that are forked from it."""
    is_late = lazy and place > 0
    if is_late:
        channels[place].send(READY)
        _wait_until_asked(channels[place])
    import_ahead(pools[place].imports)
    me = os.getpid()
    for other, pool in enumerate(pools):
        if other > place and pool.parent == place and os.fork() == 0:
            die_with(me)
            _grow(other, pools, channels, orchestrator, lazy)
    for other, channel in enumerate(channels):
        if other != place:
            channel.close()
    to_here, from_tasks = request.open_channel()
    take_card_seam(to_here, dict(os.environ))
    if not is_late:
        channels[place].send(READY)
    gc.freeze()  # what is here by now stays, and is not looked at again
    gc.enable()
    serve(
        channels[place],
        from_tasks,
        orchestrator,
        child.become,
        _warm_up_for_cards,
        at_once=pools[place].draws_cards and not is_late,
    )
    os._exit(0)


def _wait_until_asked(channel: socket.socket) -> None:
    asked = select.poll()
    asked.register(channel, select.POLLIN)
    (event,) = asked.poll()
    if event[1] & select.POLLHUP:  # the run is over
        os._exit(0)


def import_ahead(imports: Sequence[Import]) -> None:
    """Import libraries; warnings that this gives are kept for the tasks that would see them."""
    for wanted in imports:
        # What fails to be imported the task will import, and have it fail where it should.
        with imported_for(wanted.module), suppress(Exception):
            module = importlib.import_module(wanted.module)
            if wanted.name and not hasattr(module, wanted.name):
                importlib.import_module(f"{wanted.module}.{wanted.name}")


def _warm_up_for_cards() -> None:
    with imported_for(_NOBODY):  # Metaflow throws away what the process of a card prints
        import_for_cards()
    forget_commands()


def open_channels(number: int) -> tuple[list[socket.socket], list[socket.socket]]:
    """Return the sending and the receiving ends of new channels."""
    channels = [request.open_channel() for _ in range(number)]
    return [ends[0] for ends in channels], [ends[1] for ends in channels]


def import_metaflow() -> None:
    """Import what of Metaflow a task needs and that does not depend on its flow."""
    for module in _OF_A_TASK:
        importlib.import_module(module)
    forget_commands()
    take_shortcuts()
    # A first look at source compiles large patterns.
    graph = sys.modules["metaflow.graph"]
    graph.deindent_docstring(inspect.getsource(graph.deindent_docstring))


def forget_commands() -> None:
    """Have Metaflow's commands imported anew where a flow is there that they can take on."""
    for name in _OF_A_FLOW & sys.modules.keys():
        package, _, attribute = name.rpartition(".")
        del sys.modules[name]
        delattr(sys.modules[package], attribute)
