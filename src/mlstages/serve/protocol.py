"""Bounds of a connection that uvicorn has not: how long and how large its headers may be.

uvicorn (0.54) with httptools waits for ever for the headers of a request, and keeps whatever
comes of them.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEADERS: Final = 65_536
"""Bytes of the address and the headers of a request."""

_PATIENCE: Final = 10.0
"""Seconds that the headers of the first request may take."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol of one connection, within bounds."""

    _head = 0
    _first: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._first = self.loop.call_later(_PATIENCE, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._head = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the address to the headers."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Have the request answered."""
        self._stop_waiting()
        super().on_headers_complete()

    def _stop_waiting(self) -> None:
        if self._first is not None:
            self._first.cancel()
            self._first = None

    def _count(self, n_bytes: int) -> None:
        self._head += n_bytes
        if self._head > MOST_HEADERS:  # httptools makes of it what it makes of no HTTP at all: 400
            raise ValueError("headers too large")
