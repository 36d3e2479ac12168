"""One warm process: it keeps children ready to become tasks, and forks those that a task asks for.

Each child waits for a request on the same channel; the kernel gives a request to one of them.
It is forked by a process that ends, so that its parent is the orchestrator and not the warm
process: what becomes of the warm process then does not matter to a task that runs. Where tasks
follow one another closely, as in a foreach, several children are forked at a time. What a task
asks for, a card's process, is a child of the warm process: nobody else would wait for its end.
"""

import os
import select
import socket
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from typing import Final, NoReturn

from mlstages.launch.fork.request import Ends, Request, receive
from mlstages.linux import die_with

READY: Final = b"ready"
"""Said on a channel when its requests will be taken."""
_TAKEN: Final = b"t"
_MOST_SPARES: Final = 4
"""At a time. Each costs the memory that it writes to, and its fork if it is not needed."""
_SOON: Final = 0.05
"""Seconds; a spare that is taken earlier after the one before will not be the last."""

Become = Callable[[Request, Ends], None]
"""What a child does with a request; it does not return."""


def serve(
    channel: socket.socket,
    from_tasks: socket.socket,
    orchestrator: int,
    become: Become,
    warm_up: Callable[[], None],
    *,
    at_once: bool,
) -> None:
    """Fork until nobody is left who may send a request for a task.

    Parameters
    ----------
    channel : socket
        The receiving end for tasks.
    from_tasks : socket
        The receiving end for what tasks ask for.
    orchestrator : int
        The process that the tasks are to belong to.
    become : callable
    warm_up : callable
        What pays once a task has asked for something: it may well not be the last one.
    at_once : bool
        Whether one certainly will: then it is done while the first task runs.
    """
    _Server(channel, from_tasks, orchestrator, become, warm_up, at_once).run()


class _Server:
    def __init__(
        self,
        channel: socket.socket,
        from_tasks: socket.socket,
        orchestrator: int,
        become: Become,
        warm_up: Callable[[], None],
        at_once: bool,
    ) -> None:
        self._channel = channel
        self._from_tasks = from_tasks
        self._orchestrator = orchestrator
        self._become = become
        self._warm_up: Callable[[], None] | None = warm_up
        self._at_once = at_once
        self._events = select.poll()
        self._events.register(channel, select.POLLHUP)
        self._events.register(from_tasks, select.POLLIN)
        self._spares: set[int] = set()
        """One descriptor each: it can be read once the child has taken a request, or has died."""
        self._last_taken = -_SOON
        self._own: dict[int, tuple[int, int]] = {}
        """Children of this process by their descriptors: pid, and where to tell its end."""

    def run(self) -> None:
        self._fork_spares(1)
        while True:
            events = dict(self._events.poll())
            # POLLHUP of the channel: no end of it is left that could send.
            if events.get(self._channel.fileno(), 0) & select.POLLHUP:
                return
            for taken in self._spares & events.keys():
                self._replace(taken)
            if self._from_tasks.fileno() in events:
                self._fork_own()
            for ended in self._own.keys() & events.keys():
                self._tell_end(ended)

    def _replace(self, taken: int) -> None:
        self._spares.remove(taken)
        self._events.unregister(taken)
        os.close(taken)
        now = time.monotonic()
        is_soon = now - self._last_taken < _SOON
        self._last_taken = now
        if is_soon and len(self._spares) <= _MOST_SPARES // 2:
            self._fork_spares(_MOST_SPARES)
        elif not self._spares:
            self._fork_spares(1)
        if self._at_once:
            self._warm_up_once()

    def _fork_spares(self, number: int) -> None:
        pipes = [os.pipe() for _ in range(number)]
        between = os.fork()
        if between == 0:
            between = os.getpid()
            for _, take in pipes:
                if os.fork() == 0:
                    for end in set(chain.from_iterable(pipes)) - {take}:
                        os.close(end)
                    self._wait_for_request(between, take)
            os._exit(0)
        os.waitpid(between, 0)
        for taken, take in pipes:
            os.close(take)
            self._events.register(taken, select.POLLIN)
            self._spares.add(taken)

    def _wait_for_request(self, between: int, take: int) -> NoReturn:
        try:
            self._let_go()
            while os.getppid() == between:
                time.sleep(0.0001)
            die_with(self._orchestrator)
            received = receive(self._channel)
            os.write(take, _TAKEN)
            os.close(take)
            self._channel.close()
            if received is not None:
                asked, ends = received
                # Before anything of the user's has run: the task counts as started from now on.
                os.write(ends.reply, str(os.getpid()).encode())
                os.close(ends.reply)
                self._become(asked, ends)
        except ConnectionError:  # the orchestrator has ended
            pass
        except Exception:  # a bug of ours, which the log of the task then shows
            traceback.print_exc()
        finally:
            os._exit(1)

    def _fork_own(self) -> None:
        received = receive(self._from_tasks)
        if received is None:
            return
        asked, ends = received
        me = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                self._let_go()
                self._channel.close()
                os.close(ends.reply)
                die_with(me)
                self._become(asked, ends)
            finally:
                os._exit(1)
        for end in (ends.stdin, ends.stdout, ends.stderr):
            os.close(end)
        _tell(ends.reply, pid)
        descriptor = os.pidfd_open(pid)
        self._own[descriptor] = pid, ends.reply
        self._events.register(descriptor, select.POLLIN)
        self._warm_up_once()

    def _warm_up_once(self) -> None:
        if self._warm_up is not None:
            self._warm_up()
            self._warm_up = None

    def _tell_end(self, descriptor: int) -> None:
        pid, reply = self._own.pop(descriptor)
        self._events.unregister(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        _tell(reply, os.waitstatus_to_exitcode(status))
        os.close(reply)

    def _let_go(self) -> None:
        """Close, in a child, what another process waits for the end of."""
        self._from_tasks.close()
        for taken in self._spares:
            os.close(taken)
        for descriptor, (_, reply) in self._own.items():
            os.close(descriptor)
            os.close(reply)


def _tell(reply: int, number: int) -> None:
    with suppress(BrokenPipeError):  # who asked may be gone
        os.write(reply, f"{number}\n".encode())
