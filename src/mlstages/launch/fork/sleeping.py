"""Warm processes that begin when there is a task: it may be that none of a run is run at all.

What the flow's own file imports at its top is imported at once all the same: the orchestrator
needs it to run that file. The rest is looked for when the first task asks.
"""

import os
import pickle
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from mlstages.launch.fork import child
from mlstages.launch.fork.plan import MOST_POOLS, plan_pools
from mlstages.launch.fork.preload import find_first_imports, find_imports
from mlstages.launch.fork.warned import keep_warnings
from mlstages.launch.fork.zygote import (
    Zygote,
    fork_warm,
    import_ahead,
    open_channels,
    run_zygote,
)

_WAKE: Final = b"w"


class SleepingZygote(Zygote):
    """The orchestrator's side; its first question wakes them.

    Parameters
    ----------
    pid : int
        A child of this process.
    channels : sequence of socket
        The sending ends for as many pools as there can be.
    waking : socket
        Where they are woken, and then say which pool is for which step.
    """

    def __init__(self, pid: int, channels: Sequence[socket.socket], waking: socket.socket) -> None:
        super().__init__(pid, channels, {})
        self._waking = waking

    def is_ready(self, step: str) -> bool:
        """Return True when tasks of the step can be forked; False if they never can."""
        if self._waking.fileno() != -1:
            self._pool_of_step = self._wake()
        return super().is_ready(step)

    def close(self) -> None:
        """End the warm processes."""
        self._waking.close()
        super().close()

    def _wake(self) -> dict[str, int]:
        with self._waking, suppress(OSError):  # they may have been killed
            self._waking.sendall(_WAKE)
            with self._waking.makefile("rb") as file:
                told = file.read()
            if told:
                return dict(pickle.loads(told))
        return {}


def fork_sleeping_zygote(flow_file: str) -> Zygote:
    """Return warm processes that sleep, forked from this one, which has run nothing of the user's.

    Parameters
    ----------
    flow_file : str
        It is read for what it imports, not run.
    """
    keep_warnings()
    import_ahead(find_first_imports(Path(flow_file)))  # what this process will need as well
    sending, receiving = open_channels(MOST_POOLS)
    waking, woken = socket.socketpair()
    orchestrator = os.getpid()
    pid = fork_warm(
        lambda: _sleep(flow_file, woken, receiving, orchestrator), not_its=[*sending, waking]
    )
    for channel in (*receiving, woken):
        channel.close()
    return SleepingZygote(pid, sending, waking)


def _sleep(
    flow_file: str, woken: socket.socket, channels: Sequence[socket.socket], orchestrator: int
) -> NoReturn:
    child.outlast_interrupts()
    if woken.recv(len(_WAKE)) != _WAKE:  # the run is over
        os._exit(0)
    plan = plan_pools(find_imports(Path(flow_file))).flatten()
    woken.sendall(pickle.dumps(plan.pool_of_step))
    woken.close()
    n_pools = len(plan.pools)
    for channel in channels[n_pools:]:
        channel.close()
    run_zygote(flow_file, plan.pools, channels[:n_pools], orchestrator, lazy=True)
