"""What goes back to a client: an answer, or a refusal that becomes one."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

JSON: Final = b"application/json"
_HTML: Final = b"text/html; charset=utf-8"
_PAGE: Final = (
    # No script, nothing from elsewhere, in nobody's frame.
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
        b"base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)

_encode: Final = msgspec.json.Encoder().encode


class Fault(NamedTuple):
    """Why a row is refused; rows count from 1, and the only row of a request has no number."""

    row: int | None
    field: str
    expected: str
    got: str


class Answer(NamedTuple):
    """A status, a body of a type, and further headers."""

    status: int
    body: bytes
    type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Refused(Exception):  # noqa: N818 # it is no error of ours, but an answer
    """A request is not done; the message says to the client why.

    Parameters
    ----------
    status : int
        Of HTTP.
    message : str
    faults : sequence of Fault
    headers : tuple of (bytes, bytes)
    """

    def __init__(
        self,
        status: int,
        message: str,
        faults: Sequence[Fault] = (),
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.faults = faults
        self.headers = headers


def to_json(plain: Any, status: int = 200) -> Answer:
    """Return an answer in JSON; `plain` has finite numbers only."""
    return Answer(status, _encode(plain))


def to_page(page: bytes, status: int = 200) -> Answer:
    """Return an answer in HTML."""
    return Answer(status, page, _HTML, _PAGE)


def to_refusal(refused: Refused, request_id: str) -> Answer:
    """Return the answer that says why a request is not done."""
    plain: dict[str, Any] = {"id": request_id, "error": refused.message}
    if refused.faults:
        plain["faults"] = [fault._asdict() for fault in refused.faults]
    return Answer(refused.status, _encode(plain), JSON, refused.headers)
