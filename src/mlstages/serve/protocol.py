"""Bounds of a connection that uvicorn has not: how long and how large a request may be.

uvicorn (0.54) with httptools waits for ever for headers and for bodies that nobody reads, keeps
whatever comes of headers, and loses the body of a request that asks for another protocol.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEADERS: Final = 65_536
"""Bytes of the address and the headers of a request."""

WHOLE: Final = "mlstages.whole"
"""In the scope of a request whose body has arrived."""

_PATIENCE: Final = 10.0
"""Seconds that the headers of a request may take."""

_FRAMING: Final = (b"content-length", b"transfer-encoding")


def bound_protocol(max_body: int, timeout: float) -> type["BoundedProtocol"]:
    """Return the protocol for bodies of so many bytes, and seconds to arrive."""
    bounds = {"max_body": max_body, "timeout": timeout}
    return type("Protocol", (BoundedProtocol,), bounds)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol of one connection, within bounds."""

    max_body = 1_048_576
    timeout = 10.0

    _timer: asyncio.TimerHandle | None = None
    _is_in_head = True
    _n_bytes = 0
    _n_discarded: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait(_PATIENCE, self._end_head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Have data parsed, and refuse to go on with what does not end."""
        self._n_bytes += len(data)  # set back where headers or a body end
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        if self._n_bytes and not self.transport.is_closing():
            self._bound(len(data))

    def on_message_begin(self) -> None:
        """Begin a request, unless it is one that goes on."""
        if self._is_in_head:
            super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; what comes after a body is none."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Have the request answered."""
        if not self._is_in_head:
            return
        self._is_in_head = False
        self._n_bytes = 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that all of the body is here: whoever reads it need not wait."""
        if self.parser.should_upgrade():
            return  # httptools has left the body out
        self._is_in_head = True
        self._n_bytes = 0
        if self._n_discarded is not None:
            self._n_discarded = None
            self._stop_waiting()
        self.scope[WHOLE] = True  # type: ignore[typeddict-unknown-key]
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on, and wait for the rest of a body that nobody wants only within bounds."""
        super().on_response_complete()
        if not self._is_in_head and self.cycle.response_complete:
            self._unset_keepalive_if_required()
            self._n_discarded = 0
            self._wait(self.timeout, self._end)

    def _bound(self, n_bytes: int) -> None:
        """Close what is too large, and begin to wait for the end of headers."""
        if self._is_in_head:
            if self._n_bytes > MOST_HEADERS:
                self.send_400_response("Headers too large.")
            elif self._timer is None:
                self._wait(_PATIENCE, self._end_head)
        elif self._n_discarded is not None:
            self._n_discarded += n_bytes
            if self._n_discarded > self.max_body + MOST_HEADERS:
                self._end()
        # What frames the chunks, and what follows them, may be as much as what is in them.
        elif self._n_bytes > 2 * self.max_body + MOST_HEADERS:
            self._end()

    def _stay(self, rest: bytes) -> None:
        """Have the rest of a request parsed that asked for another protocol, as of this one."""
        framing = [b"%b: %b\r\n" % pair for pair in self.headers if pair[0] in _FRAMING]
        self.parser = httptools.HttpRequestParser(self)
        # As of any other request: see `on_message_begin`, which leaves this beginning out.
        self.data_received(b"POST / HTTP/1.1\r\n" + b"".join(framing) + b"\r\n" + rest)

    def _end_head(self) -> None:
        self._timer = None
        if self.cycle is None or self.cycle.response_complete:
            self._end()
        else:  # it is the next request's, and the answer comes first
            self._wait(_PATIENCE, self._end_head)

    def _end(self) -> None:
        self.transport.close()

    def _wait(self, seconds: float, end: Callable[[], None]) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, end)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
