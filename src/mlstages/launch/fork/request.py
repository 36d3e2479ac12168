"""What a child is told to become, and how it is told.

A request is one message on a socket pair: either it has left or it has not, and the kernel
hands it to exactly one receiver. What it says lies in an anonymous file that goes with the
message, since the size of a message is limited; so do the ends of the task's pipes.
"""

import os
import pickle
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from mlstages.launch.fork.facts import Facts, find_facts

_GREETING: Final = b"task"
_DESCRIPTORS: Final = 5


class Request(NamedTuple):
    """A command as a new process would have got it."""

    command: tuple[str, ...]
    """From the interpreter on."""
    environment: dict[str, str]
    folder: str
    """The current one."""
    umask: int
    facts: Facts

    @classmethod
    def to_run(cls, command: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Return the request for a command that would be started by this process, here."""
        return cls(tuple(command), dict(environment), str(Path.cwd()), _read_umask(), find_facts())


class Ends(NamedTuple):
    """The descriptors that go with a request."""

    stdin: int
    stdout: int
    stderr: int
    reply: int
    """Takes the number of the child's process; for a child of the warm one, its exit code, too."""


def open_channel() -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a channel: the one that sends, the one that receives."""
    # SOCK_SEQPACKET keeps messages whole, and ends where no receiver is left.
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(channel: socket.socket, request: Request, ends: Ends) -> None:
    """Send a request.

    Raises
    ------
    OSError
        If it has certainly not left.
    """
    content = os.memfd_create("mlstages-request")
    try:
        _write(content, pickle.dumps(tuple(request)))
        socket.send_fds(channel, [_GREETING], [content, *ends])
    finally:
        os.close(content)


def receive(channel: socket.socket) -> tuple[Request, Ends] | None:
    """Return the next request; None where nobody is left to send one."""
    greeting, descriptors, _, _ = socket.recv_fds(channel, len(_GREETING), _DESCRIPTORS)
    if not greeting:
        return None
    content, *ends = descriptors
    with os.fdopen(content, "rb") as file:
        file.seek(0)
        fields: Any = pickle.load(file)
    return Request(*fields), Ends(*ends)


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _read_umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
