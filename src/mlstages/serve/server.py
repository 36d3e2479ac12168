"""One process that serves: its parts, how it begins, and how it drains and ends.

uvicorn speaks HTTP. What is done otherwise than it does: a signal to stop makes the server
unready first and has it go on for a while, and the process ends with 0.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from mlstages.release.log import ReleaseLog
from mlstages.release.released import Released
from mlstages.serve.app import Application
from mlstages.serve.live import Follower, Live
from mlstages.serve.metrics import Metrics
from mlstages.serve.protocol import bound_protocol
from mlstages.serve.recorder import Recorder
from mlstages.serve.service import Service
from mlstages.serve.settings import Settings
from mlstages.serve.stopping import find_stop_signals

_LAST_SECONDS = 30
"""For requests that are being answered when the server ends."""

_log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """uvicorn's server, whose signals are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would stop at once, and end by the signal itself."""
        yield


def serve(
    settings: Settings,
    released: Released | ReleaseLog,
    records: Path,
    listener: socket.socket,
    say_ready: Callable[[], None],
) -> None:
    """Serve until a signal says to stop, then finish what has been asked.

    Parameters
    ----------
    settings : Settings
    released : Released or ReleaseLog
        The release that answers, or the log that is followed.
    records : Path
    listener : socket
    say_ready : callable
        Called when requests are answered.

    Raises
    ------
    MlstagesError
        If the model or the file of records cannot be used.
    """
    # The command line has it end the process; here it is a client that went away.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    metrics = Metrics()
    live = Live(settings, metrics)
    follower = None
    if isinstance(released, ReleaseLog):
        follower = Follower(live, released)
        follower.start()
    else:
        live.take(released)
    recorder = Recorder(
        records,
        keeps_predictions=settings.keeps_predictions,
        count_dropped=metrics.dropped.inc,
    )
    service = Service(settings=settings, live=live, metrics=metrics, recorder=recorder)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(service, listener, say_ready))
    if follower is not None:
        follower.stop()
    recorder.stop()
    service.stop()


async def _serve(service: Service, listener: socket.socket, say_ready: Callable[[], None]) -> None:
    server = Server(_configure(Application(service), service.settings))
    loop = asyncio.get_running_loop()
    draining: list[asyncio.Task[None]] = []

    def stop() -> None:
        if draining:  # the second signal does not wait
            server.should_exit = True
            return
        draining.append(loop.create_task(_drain(service, server)))

    for number in find_stop_signals():
        loop.add_signal_handler(number, stop)
    loop.call_soon(say_ready)
    await server.serve(sockets=[listener])
    _log.info("stopped")


async def _drain(service: Service, server: Server) -> None:
    service.is_draining = True
    _log.info(
        "draining: not ready any more, requests are answered for %g s", service.settings.drain
    )
    await asyncio.sleep(service.settings.drain)
    server.should_exit = True


def _configure(app: Any, settings: Settings) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=bound_protocol(settings.max_body, settings.timeout),
        ws="none",
        lifespan="off",
        loop="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_LAST_SECONDS,
    )
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.access").propagate = False
    config.load()
    return config
