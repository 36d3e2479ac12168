"""Who may ask: a token as programs send it, or as a browser asks a person for it.

A server without a token on this machine's own address is for who sits at it. The page of a
site whose name has been made to lead here (DNS rebinding) is not: its requests name that site.
"""

import base64
import binascii
import re
from typing import Final

from mlstages.serve.answer import Refused
from mlstages.serve.request import Request

_OWN_NAMES: Final = re.compile(rb"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?", re.IGNORECASE)
_MOST_NAMES: Final = 100
_ASK: Final = ((b"www-authenticate", b'Bearer realm="mlstages", Basic realm="mlstages"'),)


class Gate:
    """The check of who asks.

    Parameters
    ----------
    token : str or None
        None lets everybody in that reaches the server.
    is_local : bool
        Whether only this machine is to reach it.
    """

    def __init__(self, token: str | None, *, is_local: bool) -> None:
        self._token = None if token is None else token.encode()
        self._is_local = is_local
        # Of own names: looking one up is a tenth of the price of reading it.
        self._names = {b""}

    def let_in(self, request: Request) -> None:
        """Return if a request may be answered.

        Raises
        ------
        Refused
            If it has no token, or another one (401), or, where none is asked for, speaks to
            another machine than this one (403).
        """
        if self._token is not None:
            self._require_token(request, self._token)
        elif self._is_local:
            self._require_own_name(request.find_header(b"host"))

    def _require_own_name(self, name: bytes) -> None:
        if name in self._names:
            return
        if _OWN_NAMES.fullmatch(name) is None:
            raise Refused(
                403,
                f"{name[:200].decode('latin-1')!r} is not this machine: ask localhost, have a "
                "proxy send `Host: localhost`, or start the server with a token",
            )
        if len(self._names) < _MOST_NAMES:
            self._names.add(name)

    def _require_token(self, request: Request, token: bytes) -> None:
        from hmac import compare_digest  # takes as long whatever the token begins with

        scheme, _, sent = request.find_header(b"authorization").partition(b" ")
        if scheme.lower() == b"basic":
            sent = _read_password(sent)
        elif scheme.lower() != b"bearer":
            sent = b""
        if not compare_digest(sent.strip(), token):
            raise Refused(
                401,
                "a token is needed: Authorization: Bearer TOKEN, or any name with the token "
                "as its password",
                headers=_ASK,
            )


def require_same_origin(request: Request) -> None:
    """Return if a form was sent from our own page, or by no browser.

    Raises
    ------
    Refused
        If another site's page has a browser send it (403).
    """
    # What a browser says of itself holds behind a proxy as well, which sends another host.
    site = request.find_header(b"sec-fetch-site")
    if site in (b"same-origin", b"none"):
        return
    origin = request.find_header(b"origin")
    if site == b"cross-site" or (
        origin and origin.partition(b"://")[2] != request.find_header(b"host")
    ):
        raise Refused(403, "this form was sent from another site's page")


def _read_password(sent: bytes) -> bytes:
    try:
        return base64.b64decode(sent, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""
