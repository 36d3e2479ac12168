"""A request as handlers see it: its headers, and its body within the bounds."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from os import urandom
from typing import Any, Final

from mlstages.serve.answer import Refused
from mlstages.serve.protocol import WHOLE

Receive = Callable[[], Awaitable[Any]]

SHORT: Final = 16_384
"""Bytes of a body that is dealt with in less time than handing it to a thread takes."""

_CLOSE: Final = ((b"connection", b"close"),)


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


class Request:
    """One request; `body` reads what follows the headers, once.

    Parameters
    ----------
    scope : dict
        As ASGI has it.
    receive : callable
    id : str
        Given to the client with the answer.
    max_body : int
    timeout : float
        Seconds for the body to arrive.
    """

    def __init__(
        self, scope: Any, receive: Receive, *, id: str, max_body: int, timeout: float
    ) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.id = id
        self.max_body = max_body
        self.timeout = timeout
        self._receive = receive
        self._scope = scope
        self._body: bytes | None = None
        self._timer: asyncio.Timeout | None = None
        self._gave_way = False

    @property
    def has_arrived(self) -> bool:
        """Whether nothing of its body is still to come."""
        return WHOLE in self._scope

    def find_header(self, name: bytes) -> bytes:
        """Return the first value of a header; its name is in small letters."""
        for key, value in self.headers:
            if key == name:
                return value
        return b""

    def read_type(self) -> str:
        """Return the type of the body, without its parameters, in small letters."""
        sent = self.find_header(b"content-type").partition(b";")[0]
        return sent.strip().lower().decode("latin-1")

    async def read_body(self) -> bytes:
        """Return the body; it is waited for once.

        Raises
        ------
        Refused
            If it is too large (413) or does not come (408).
        ClientGoneError
            If the client went away.
        """
        if self._body is None:
            self._body = await self._read_within_bounds()
        return self._body

    async def _read_within_bounds(self) -> bytes:
        length = self.find_header(b"content-length")
        if length and int(length) > self.max_body:
            raise self._say_large()
        if self.has_arrived:
            return await self._read_parts()  # at once: a timer would be a tenth of the price
        try:
            async with asyncio.timeout(self.timeout) as self._timer:
                return await self._read_parts()
        except TimeoutError:
            waited = "before others" if self._gave_way else f"within {self.timeout:g} s"
            raise Refused(408, f"the body did not arrive {waited}", headers=_CLOSE) from None

    def give_way(self) -> None:
        """Have the body be awaited no longer."""
        if self._timer is not None:
            self._gave_way = True
            self._timer.reschedule(asyncio.get_running_loop().time())

    async def _read_parts(self) -> bytes:
        body = b""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            part: bytes = message["body"]
            body += part
            if len(body) > self.max_body:
                raise self._say_large()
            if not message["more_body"]:
                return body

    def _say_large(self) -> Refused:
        # As much again is read and thrown away: who is cut off while sending sees no answer.
        return Refused(413, f"the body has more than {self.max_body:,} bytes: send parts")


class RequestIds:
    """Ids that no other process and no later one gives: where from, and a number."""

    def __init__(self) -> None:
        self._begin = urandom(6).hex()
        self._count = count(1)

    def make(self) -> str:
        """Return the next id."""
        return f"{self._begin}-{next(self._count):x}"
