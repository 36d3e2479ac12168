"""Bounds of a connection that uvicorn has not: how long and how large its headers may be.

uvicorn (0.54) with httptools waits for ever for the headers of a request, and keeps whatever
comes of them.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEADERS: Final = 65_536
"""Bytes of the address and the headers of a request."""

WHOLE: Final = "mlstages.whole"
"""In the scope of a request whose body has arrived."""

_PATIENCE: Final = 10.0
"""Seconds that the headers of the first request may take."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol of one connection, within bounds."""

    _first: asyncio.TimerHandle | None = None
    _is_in_head = True
    _n_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._first = self.loop.call_later(_PATIENCE, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Have data parsed, and refuse to go on with headers that do not end."""
        self._n_bytes += len(data)  # set back where headers or a body end
        super().data_received(data)
        if self._is_in_head and self._n_bytes > MOST_HEADERS and not self.transport.is_closing():
            self.send_400_response("Headers too large.")

    def on_headers_complete(self) -> None:
        """Have the request answered."""
        self._is_in_head = False
        self._n_bytes = 0
        if self._first is not None:
            self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that all of the body is here: whoever reads it need not wait."""
        self._is_in_head = True
        self._n_bytes = 0
        self.scope[WHOLE] = True  # type: ignore[typeddict-unknown-key]
        super().on_message_complete()

    def _stop_waiting(self) -> None:
        if self._first is not None:
            self._first.cancel()
            self._first = None
