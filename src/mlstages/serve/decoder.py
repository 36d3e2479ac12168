"""The server's side of the process that reads Parquet and Arrow, which `decoding` is."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from typing import Any, Final

from mlstages.release.schema import LONGEST_TEXT
from mlstages.serve.answer import Refused
from mlstages.serve.decoding import LENGTH

_SHARE: Final = 0.8
"""Of the time for an answer: a file that takes it is refused before the request is given up."""

_BUSY: Final = "another table is being read: try again later"
_RETRY: Final = ((b"retry-after", b"1"),)
_COMMAND: Final = (sys.executable, "-P", "-m", "mlstages.serve.decoding")


class Decoder:
    """A process that reads one table at a time; begun when the first one comes.

    Parameters
    ----------
    timeout : float
        Seconds for an answer.
    """

    def __init__(self, timeout: float) -> None:
        self._seconds = timeout * _SHARE
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._is_ready = False

    def read(self, kind: str, body: bytes, names: list[str], max_rows: int) -> dict[str, Any]:
        """Return what the process says of a table.

        Raises
        ------
        Refused
            If it cannot be read, or not in time (400), or there is no time to (503).
        """
        until = time.monotonic() + self._seconds
        if not self._lock.acquire(timeout=self._seconds):
            raise Refused(503, _BUSY, headers=_RETRY)
        try:
            self._make_ready(until)
            return self._ask(kind, body, names, max_rows, until)
        except (OSError, EOFError) as error:
            self._end()
            why = "it takes too long" if isinstance(error, TimeoutError) else "it is damaged"
            raise Refused(400, f"the body cannot be read: {why}, or too large") from None
        finally:
            self._lock.release()

    def stop(self) -> None:
        """End the process."""
        self._end()

    def _ask(
        self, kind: str, body: bytes, names: list[str], max_rows: int, until: float
    ) -> dict[str, Any]:
        asked = {"kind": kind, "names": names, "longest": LONGEST_TEXT + 1, "max_rows": max_rows}
        head = json.dumps(asked | {"seconds": self._seconds + 1}).encode()
        self._send(LENGTH.pack(len(head)) + head + LENGTH.pack(len(body)) + body, until)
        return self._receive(until)

    def _make_ready(self, until: float) -> None:
        """Return when the process has begun; one that needs longer goes on with it."""
        if self._line is None:
            self._begin()
        if not self._is_ready:
            try:
                self._receive(until)
            except TimeoutError:
                raise Refused(503, _BUSY, headers=_RETRY) from None
            self._is_ready = True

    def _begin(self) -> None:
        self._line, other = socket.socketpair()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MLSTAGES_")}
        with other:
            self._process = subprocess.Popen(
                _COMMAND,
                stdin=other.fileno(),
                stdout=other.fileno(),
                stderr=subprocess.DEVNULL,  # a panic's own words are no line of our log
                env=environment | {"POLARS_MAX_THREADS": "1"},
                start_new_session=True,  # what ends the server has it finish first
            )

    def _end(self) -> None:
        process, line = self._process, self._line
        self._process, self._line, self._is_ready = None, None, False
        if line is not None:
            line.close()
        if process is not None:
            process.kill()
            process.wait()

    def _send(self, message: bytes, until: float) -> None:
        assert self._line is not None  # it has begun
        self._line.settimeout(_count_seconds(until))
        self._line.sendall(message)

    def _receive(self, until: float) -> dict[str, Any]:
        (length,) = LENGTH.unpack(self._receive_part(LENGTH.size, until))
        found: dict[str, Any] = json.loads(self._receive_part(length, until))
        return found

    def _receive_part(self, length: int, until: float) -> bytes:
        assert self._line is not None  # it has begun
        part = bytearray()
        while len(part) < length:
            self._line.settimeout(_count_seconds(until))
            more = self._line.recv(min(length - len(part), 2**20))
            if not more:
                raise EOFError
            part += more
        return bytes(part)


def _count_seconds(until: float) -> float:
    return max(until - time.monotonic(), 0.001)
