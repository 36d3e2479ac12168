"""The socket that is listened on."""

import socket
from typing import Final

from mlstages.errors import FileError

_BACKLOG: Final = 2048


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens; the processes of a server share it.

    Raises
    ------
    FileError
        If the address is taken, or none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise FileError(
            f"{host}:{port} cannot be listened on ({error.strerror}): choose another --host "
            "or --port, or --port 0 for any free one"
        ) from None
    listener.listen(_BACKLOG)
    return listener


def describe_address(listener: socket.socket) -> str:
    """Return the address as a browser takes it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
