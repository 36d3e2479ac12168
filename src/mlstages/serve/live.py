"""The release that answers now, and the thread that follows the log of releases.

A new release is loaded and checked beside the old one and takes its place in one assignment.
A request takes `Live.serving` once: so none fails and none is answered by two models.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Final, NamedTuple

from mlstages.release.log import ReleaseLog
from mlstages.release.released import Released
from mlstages.serve.metrics import Metrics
from mlstages.serve.predictor import Predictor, load_predictor
from mlstages.serve.rows import Rows, make_reader
from mlstages.serve.settings import Settings

_PAUSE: Final = 0.5
"""Seconds between two looks at the log."""

_log = logging.getLogger(__name__)


class Serving(NamedTuple):
    """All that a request needs of a release."""

    predictor: Predictor
    read_rows: Callable[[bytes], Rows]

    @property
    def released(self) -> Released:
        """The release itself."""
        return self.predictor.released


class Live:
    """The release that answers.

    Parameters
    ----------
    settings : Settings
    metrics : Metrics

    Attributes
    ----------
    serving : Serving or None
        None where the last release was taken back.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.serving: Serving | None = None
        self._settings = settings
        self._metrics = metrics

    def take(self, released: Released) -> None:
        """Have a release answer from now on.

        Raises
        ------
        RunNotFoundError, RunUnusableError
            If it is broken; the one before goes on.
        """
        predictor = load_predictor(released, self._settings.cache)
        self.serving = Serving(predictor, make_reader(released.schema, self._settings.max_rows))
        self._metrics.release.set(released.number)
        self._metrics.refused.set(0)
        _log.info(
            "release %d of %s answers (%s)",
            released.number,
            released.run,
            "from its coefficients" if predictor.is_quick else "by its model",
        )

    def take_none(self) -> None:
        """Have nobody answer: the only release was taken back."""
        self.serving = None
        self._metrics.release.set(0)
        _log.warning("no release is left: requests are answered 503")

    def refuse(self, number: int, error: Exception) -> None:
        """Go on without a release that is broken."""
        self._metrics.refused.set(number)
        _log.error("release %d is refused, the one before goes on: %s", number, error)


class Follower:
    """A thread that has each new release of a log answer.

    Parameters
    ----------
    live : Live
    log : ReleaseLog
    """

    def __init__(self, live: Live, log: ReleaseLog) -> None:
        self._live = live
        self._releases = log
        self._seen = self._look()
        self._number = log.find_current()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)

    def start(self) -> None:
        """Have the present release answer, and follow.

        Raises
        ------
        RunNotFoundError, RunUnusableError
            If it is broken.
        """
        if self._number is not None:
            self._live.take(self._releases.read(self._number))
        self._thread.start()

    def stop(self) -> None:
        """Follow no longer."""
        self._stopped.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stopped.wait(_PAUSE):
            seen = self._look()
            if seen != self._seen:
                self._seen = seen
                self._take_current()

    def _take_current(self) -> None:
        number = self._number
        try:
            number = self._releases.find_current()
            if number == self._number:
                return
            self._number = number
            if number is None:
                self._live.take_none()
            else:
                self._live.take(self._releases.read(number))
        except Exception as error:  # unpickling runs the model's own code, which raises anything
            self._live.refuse(number or 0, error)

    def _look(self) -> tuple[int, ...]:
        try:
            found = os.stat(self._releases.path)  # noqa: PTH116 # twice a second, for ever
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino
