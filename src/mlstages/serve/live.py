"""The release that answers now, and the thread that follows the log of releases.

A new release is loaded and checked beside the old one and takes its place in one assignment.
A request takes `Live.serving` once: so none fails and none is answered by two models.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Final, NamedTuple

from mlstages.errors import MlstagesError, RunUnusableError
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
        self.refuse_none()
        _log.warning("no release is left: requests are answered 503")

    def refuse_log(self, error: Exception) -> None:
        """Go on, whatever has become of the log of releases."""
        number = 0 if self.serving is None else self.serving.released.number
        self._metrics.refused.set(number or 1)
        _log.error("the log of releases is refused, release %d goes on: %s", number, error)

    def refuse_none(self) -> None:
        """Note that all is well again."""
        self._metrics.refused.set(0)

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
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)

    def start(self) -> None:
        """Have the newest release answer that is not broken, and follow.

        Raises
        ------
        RunNotFoundError, RunUnusableError
            If all are broken.
        """
        refused = self._take_newest(self._releases.find_standing())
        if refused and self._live.serving is None:
            raise refused[-1]
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
        try:
            standing = self._releases.find_standing()
            if not self._releases.read_entries():  # what was taken back has its lines
                raise RunUnusableError(f"{self._releases.path} is empty or gone: bring it back")
        except MlstagesError as error:
            self._live.refuse_log(error)
            return
        if standing:
            self._take_newest(standing)
        else:
            self._live.take_none()

    def _take_newest(self, standing: list[int]) -> list[Exception]:
        """Have the newest release answer that can; return why later ones cannot, oldest first."""
        refused: list[tuple[int, Exception]] = []
        for number in reversed(standing):
            serving = self._live.serving
            if serving is not None and serving.released.number == number:
                break
            try:
                self._live.take(self._releases.read(number))
                break
            except Exception as error:  # to unpickle runs the model's code, which raises anything
                refused.insert(0, (number, error))
        self._live.refuse_none()
        for number, reason in refused:  # the newest last: it is the one to look at
            self._live.refuse(number, reason)
        return [reason for _, reason in refused]

    def _look(self) -> tuple[int, ...]:
        try:
            found = os.stat(self._releases.path)  # noqa: PTH116 # twice a second, for ever
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino
