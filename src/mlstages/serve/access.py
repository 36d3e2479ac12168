"""Who may ask: a token as programs send it, or as a browser asks a person for it."""

import base64
import binascii

from mlstages.serve.answer import Refused
from mlstages.serve.request import Request

_ASK = ((b"www-authenticate", b'Bearer realm="mlstages", Basic realm="mlstages"'),)


class Gate:
    """The check of a token.

    Parameters
    ----------
    token : str or None
        None lets everybody in.
    """

    def __init__(self, token: str | None) -> None:
        self._token = None if token is None else token.encode()

    def require_token(self, request: Request) -> None:
        """Return if a request has the token: as a bearer's, or as the password of any user.

        Raises
        ------
        Refused
            If it has none, or another one (401).
        """
        if self._token is None:
            return
        from hmac import compare_digest  # takes as long whatever the token begins with

        scheme, _, sent = request.find_header(b"authorization").partition(b" ")
        if scheme.lower() == b"basic":
            sent = _read_password(sent)
        elif scheme.lower() != b"bearer":
            sent = b""
        if not compare_digest(sent.strip(), self._token):
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
