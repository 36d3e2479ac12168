"""The server as one process or several; what is loaded when."""

import logging
from collections.abc import Callable

from mlstages.records import find_records
from mlstages.release.log import ReleaseLog
from mlstages.release.places import find_history
from mlstages.release.released import Released
from mlstages.serve.settings import Settings

_log = logging.getLogger(__name__)


def serve_release(settings: Settings, released: Released | ReleaseLog, flow_name: str) -> None:
    """Serve until a signal says to stop; return when nothing is left running.

    Parameters
    ----------
    settings : Settings
    released : Released or ReleaseLog
        The release that answers, or the log that is followed.
    flow_name : str
        Whose file of records is written.

    Raises
    ------
    MlstagesError
        If the address, the model or the file of records cannot be used.
    """
    from mlstages.serve.listening import bind, describe_address

    if isinstance(released, Released):
        flow_name = released.flow_name
    records = find_records(find_history(), flow_name)
    listener = bind(settings.host, settings.port)
    address = describe_address(listener)

    def work(say_ready: Callable[[], None]) -> None:
        # Not before a worker is forked: metrics look at the environment when they are imported.
        from mlstages.serve.server import serve

        serve(settings, released, records, listener, say_ready)

    def say_ready() -> None:
        _log.info("serving %s", address, extra={"fields": {"url": address}})

    if settings.workers == 1:
        work(say_ready)
        return
    from mlstages.serve.workers import run_workers

    run_workers(settings, lambda: work(say_ready))
