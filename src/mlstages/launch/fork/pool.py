"""Children that are ready to become a task, forked ahead of time from one warm process.

Each child waits for a request on the same channel; the kernel gives a request to one of them.
It is forked twice, so that its parent is the orchestrator and not the warm process: what
becomes of the warm process then does not matter to a task that runs.
"""

import os
import select
import socket
import time
from collections.abc import Callable
from typing import Final

from mlstages.launch.fork.request import Ends, Request, receive
from mlstages.linux import die_with

READY: Final = b"ready"
_TAKEN: Final = b"t"


def serve(
    channel: socket.socket, orchestrator: int, become: Callable[[Request, Ends], None]
) -> None:
    """Keep a child ready until nobody is left who may send a request.

    Parameters
    ----------
    channel : socket
        The receiving end. That this process is ready is said on it first.
    orchestrator : int
        The process that the children are to belong to.
    become : callable
        What a child does with a request; it does not return.
    """
    channel.send(READY)
    closed = select.poll()
    closed.register(channel, select.POLLHUP)
    while True:
        spare = _fork_spare(channel, orchestrator, become)
        closed.register(spare, select.POLLIN)
        events = dict(closed.poll())
        closed.unregister(spare)
        os.close(spare)
        # POLLHUP of the channel: no end of it is left that could send.
        if events.get(channel.fileno(), 0) & select.POLLHUP:
            return


def _fork_spare(
    channel: socket.socket, orchestrator: int, become: Callable[[Request, Ends], None]
) -> int:
    """Return a descriptor that can be read once the child has taken a request, or has died."""
    taken, take = os.pipe()
    between = os.fork()
    if between == 0:
        between = os.getpid()
        if os.fork() == 0:
            os.close(taken)
            _wait_for_parent(between, orchestrator)
            _wait_for_request(channel, take, become)
        os._exit(0)
    os.close(take)
    os.waitpid(between, 0)
    return taken


def _wait_for_parent(between: int, orchestrator: int) -> None:
    while os.getppid() == between:
        time.sleep(0.0001)
    die_with(orchestrator)


def _wait_for_request(
    channel: socket.socket, take: int, become: Callable[[Request, Ends], None]
) -> None:
    try:
        received = receive(channel)
        os.write(take, _TAKEN)
        os.close(take)
        channel.close()
        if received is not None:
            become(*received)
    finally:
        os._exit(1)
