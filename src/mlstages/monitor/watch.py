"""The report on a flow's release, over a time that is asked for."""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from mlstages.errors import OptionError
from mlstages.monitor.gauges import to_gauges
from mlstages.monitor.kept import open_records, read_released
from mlstages.monitor.monitoring import monitor_release
from mlstages.monitor.report import Limits, MonitorReport
from mlstages.monitor.spans import By
from mlstages.release.log import choose_released_flow
from mlstages.release.places import find_history

_AGO: Final = re.compile(r"(\d{1,6})([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def monitor_flow(
    flow_name: str | None = None,
    *,
    history: Path | None = None,
    now: float | None = None,
    since: str | None = None,
    until: str | None = None,
    by: By = By.DAY,
    limits: Limits | None = None,
) -> MonitorReport:
    """Return the report on a flow's release; its gauges are kept for who serves it.

    Parameters
    ----------
    flow_name : str or None, default=None
        None is the only one that has releases here, or our own.
    history : Path or None, default=None
        The folder of the runs; None is that of the current folder.
    now : float or None, default=None
        Seconds since 1970; None is the present.
    since, until : str or None, default=None
        As `parse_moment` takes them; None is no bound.
    by : By, default=By.DAY
    limits : Limits or None, default=None

    Raises
    ------
    RunNotFoundError, RunUnusableError, FileError, OptionError
        If there is no release, there are no records, or a time is none.
    """
    history = find_history() if history is None else history
    flow_name = choose_released_flow(history, flow_name)
    now = time.time() if now is None else now
    begin = 0.0 if since is None else parse_moment(since, now)
    end = float("inf") if until is None else parse_moment(until, now)
    if begin >= end:
        raise OptionError(f"--since {since} is not before --until {until}: turn them round")
    released = read_released(history, flow_name)
    records = open_records(history, flow_name)
    try:
        report = monitor_release(
            released,
            records.iterate_predictions(begin, end, released.run),
            [told for told in records.read_feedback() if begin <= told.at < end],
            by=by,
            limits=limits,
        )
        records.set_gauges(to_gauges(report, now))
    finally:
        records.close()
    return report


def parse_moment(text: str, now: float) -> float:
    """Return a time in seconds since 1970.

    Parameters
    ----------
    text : str
        ``7d`` (likewise m, h, w) before now, or a time as ISO 8601 has it, UTC if not said.
    now : float

    Raises
    ------
    OptionError
        If it is neither.

    Examples
    --------
    >>> parse_moment("1h", 7200.0), parse_moment("1970-01-02", 0.0)
    (3600.0, 86400.0)
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}).total_seconds()
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        raise OptionError(
            f"{text!r} is no time: write 7d (or 12h, 30m, 2w) for so long ago, or "
            "2026-11-02 or 2026-11-02T08:00, which are UTC"
        ) from None
