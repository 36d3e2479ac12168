"""What the handlers of a process share."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from mlstages.serve.answer import Answer, Refused
from mlstages.serve.decoder import Decoder
from mlstages.serve.live import Live, Serving
from mlstages.serve.metrics import Metrics
from mlstages.serve.recorder import Recorder
from mlstages.serve.request import Request
from mlstages.serve.settings import Settings

Returned = TypeVar("Returned")

_THREADS: Final = 4
RETRY: Final = ((b"retry-after", b"1"),)


@dataclass(slots=True, kw_only=True, eq=False)
class Service:
    """One process of a server.

    Parameters
    ----------
    settings : Settings
    live : Live
    metrics : Metrics
    recorder : Recorder
    waiting : int
        Requests that are worked on.
    is_draining : bool
        Whether the process is about to stop.
    """

    settings: Settings
    live: Live
    metrics: Metrics
    recorder: Recorder
    waiting: int = 0
    is_draining: bool = False
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_THREADS))
    writer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    decoder: Decoder = field(init=False)

    def __post_init__(self) -> None:
        self.decoder = Decoder(self.settings.timeout)

    @property
    def is_ready(self) -> bool:
        """Whether to send requests here."""
        return self.live.serving is not None and not self.is_draining

    def find_serving(self) -> Serving:
        """Return the release that answers; a request asks once.

        Raises
        ------
        Refused
            If there is none (503).
        """
        serving = self.live.serving
        if serving is None:
            raise Refused(503, "no model is released at present", headers=RETRY)
        return serving

    def stop(self) -> None:
        """Begin nothing more; what runs in threads is not waited for."""
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.writer.shutdown(wait=False, cancel_futures=True)
        self.decoder.stop()

    async def run_in_thread(self, work: Callable[[], Returned]) -> Returned:
        """Return what work comes to, done beside the other requests.

        Raises
        ------
        Refused
            If it takes too long (504). It goes on then, and counts as waiting until it ends.
        """
        future = asyncio.get_running_loop().run_in_executor(self.threads, work)
        try:
            async with asyncio.timeout(self.settings.timeout):
                return await asyncio.shield(future)
        except TimeoutError:
            self.waiting += 1
            future.add_done_callback(self._end_late)
            raise Refused(
                504, f"there was no answer within {self.settings.timeout:g} s: send less"
            ) from None

    async def record(self, work: Callable[[], Returned]) -> Returned:
        """Return what work on the records comes to, which bounds its time itself.

        Its thread is its own, so that who holds the file holds no prediction up; and it is
        waited for to the end, so that nothing is written after a refusal.
        """
        return await asyncio.get_running_loop().run_in_executor(self.writer, work)

    def _end_late(self, future: "asyncio.Future[Returned]") -> None:
        self.waiting -= 1
        if not future.cancelled():
            future.exception()  # nobody waits for it, so nobody else looks


Handler = Callable[[Service, Request], Awaitable[Answer]]
