"""What a server is asked to do, and the bounds that it keeps."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from mlstages.errors import OptionError

MAX_BODY: Final = 1_048_576
MAX_ROWS: Final = 10_000
MAX_WAITING: Final = 100
TIMEOUT: Final = 10.0
DRAIN: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server serves.

    Parameters
    ----------
    host : str
    port : int
        0 takes a free one.
    workers : int
        Processes that answer.
    token : str or None
        What a client must send as ``Authorization: Bearer``; None lets everybody in.
    keeps_predictions : bool
        Whether predictions are written beside the runs.
    cache : int
        Rows whose answers are remembered; 0 for none.
    access_log : bool
        Whether each request is logged, or only those that were not answered with 2xx.
    max_body : int
        Bytes of a body.
    max_rows : int
        Rows of a request.
    max_waiting : int
        Requests that a process works on; one more is sent away. Also those whose bodies it waits
        for; of one more, the one that is awaited longest is.
    timeout : float
        Seconds for a request to arrive, and again for its answer.
    drain : float
        Seconds between the signal to stop and the last request that is taken.

    Raises
    ------
    OptionError
        If a bound is out of its range.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    token: str | None = None
    keeps_predictions: bool = True
    cache: int = 0
    access_log: bool = False
    max_body: int = MAX_BODY
    max_rows: int = MAX_ROWS
    max_waiting: int = MAX_WAITING
    timeout: float = TIMEOUT
    drain: float = DRAIN

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches the server."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:  # a name
            return self.host.lower() in ("localhost", "ip6-localhost", "ip6-loopback")

    def __post_init__(self) -> None:
        for name in ("workers", "max_body", "max_rows", "max_waiting"):
            if getattr(self, name) < 1:
                raise OptionError(f"--{name.replace('_', '-')}: {getattr(self, name)} is below 1")
        if not 0 <= self.port < 65536:
            raise OptionError(f"--port: {self.port} is none: 0 (any free one) to 65535")
        if self.cache < 0:
            raise OptionError(f"--cache: {self.cache} is below 0, which is no cache")
        if not 0 < self.timeout < float("inf"):
            raise OptionError(f"--timeout: {self.timeout} is no time to wait: seconds above 0")
        if not 0 <= self.drain < float("inf"):
            raise OptionError(f"--drain: {self.drain} is no time to wait: seconds from 0")
        if self.token is not None and not self.token.isascii():
            raise OptionError("the token has characters that no header can carry: use ASCII")
        if self.token == "":
            raise OptionError("the token is empty: write one, or leave the option out")
