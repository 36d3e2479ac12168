"""Predictions on their way to the disk, and feedback that is there before it is acknowledged.

Predictions go by a thread, in batches, and are dropped rather than waited for. Feedback is
written by who was given it.
"""

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from mlstages.errors import FileError
from mlstages.records import Feedback, Prediction, Records

MOST_PENDING: Final = 20_000
"""Predictions that wait to be written."""

_PAUSE: Final = 0.25
"""Seconds between two batches."""

_log = logging.getLogger(__name__)


class Recorder:
    """The predictions and feedback of one process.

    Parameters
    ----------
    path : Path
    keeps_predictions : bool
    count_dropped : callable
        Called with a number of predictions that are not kept.
    """

    def __init__(
        self, path: Path, *, keeps_predictions: bool, count_dropped: Callable[[int], None]
    ) -> None:
        self.keeps_predictions = keeps_predictions
        self._path = path
        self._count_dropped = count_dropped
        self._pending: deque[tuple[Any, ...]] = deque()
        self._lock = threading.Lock()
        self._records: Records | None = None
        self._opened: tuple[int, int] | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="recorder", daemon=True)
        if keeps_predictions:
            self._open()  # what cannot be kept is said at the start
            self._thread.start()

    def keep(
        self,
        id: str,
        run: str,
        names: list[str],
        values: Any,
        prediction: Any,
        outside: list[str],
        seconds: float,
    ) -> None:
        """Have a prediction written soon."""
        if not self.keeps_predictions:
            return
        if len(self._pending) >= MOST_PENDING:
            self._count_dropped(1)
            return
        self._pending.append((id, time.time(), run, names, values, prediction, outside, seconds))

    def find_prediction(self, prediction_id: str, until: float) -> Prediction | None:
        """Return a prediction by its id, also if it has not been written yet.

        Raises
        ------
        FileError
            If others use the file until `until`, as `time.monotonic` counts.
        """
        if not self.keeps_predictions:
            return None
        with self._held(until):
            for pending in self._pending.copy():
                if pending[0] == prediction_id:
                    return _to_prediction(pending)
            return self._open().find_prediction(prediction_id)

    def add_feedback(self, feedback: Feedback, until: float) -> int:
        """Return the number of a piece of feedback that is on the disk now.

        Raises
        ------
        FileError
            If the file cannot be opened, or others use it until `until`.
        sqlite3.Error
            If it cannot be written; it is not then, nor later.
        """
        with self._held(until):
            records = self._open()
            with records.waiting(until - time.monotonic()):
                return records.add_feedback(feedback)

    def read_gauges(self) -> dict[str, float]:
        """Return what the newest report of `mlstages monitor` came to, by the series' names."""
        if not self._path.exists() or not self._lock.acquire(blocking=False):
            return {}
        try:
            return self._open().read_gauges()
        except (sqlite3.Error, FileError):  # the server's own numbers are none the worse
            return {}
        finally:
            self._lock.release()

    def stop(self) -> None:
        """Write what is pending."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            if self._records is not None:
                self._records.close()
                self._records = None

    @contextmanager
    def _held(self, until: float) -> Iterator[None]:
        seconds = until - time.monotonic()
        if seconds <= 0 or not self._lock.acquire(timeout=seconds):
            raise FileError(f"{self._path} is being written by another one")
        try:
            yield
        finally:
            self._lock.release()

    def _open(self) -> Records:
        """Return the file that is at its place now: what is moved away is written no more."""
        if self._records is not None and self._look() != self._opened:
            self._records.close()
            self._records = None
        if self._records is None:
            self._records = Records(self._path)
            self._opened = self._look()
        return self._records

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _write_on(self) -> None:
        while not self._stopped.wait(_PAUSE):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            batch = [self._pending.popleft() for _ in range(len(self._pending))]
            if not batch:
                return
            try:
                self._open().add_predictions(map(_to_prediction, batch))
            # A full disk, or another who writes for too long.
            except (sqlite3.Error, FileError) as error:
                self._count_dropped(len(batch))
                _log.warning("%d predictions are not kept: %s: %s", len(batch), self._path, error)


def _to_prediction(pending: tuple[Any, ...]) -> Prediction:
    id, at, run, names, values, prediction, outside, seconds = pending
    return Prediction(
        id=id,
        at=at,
        run=run,
        row=dict(zip(names, values, strict=True)),
        prediction=prediction,
        outside=tuple(outside),
        seconds=seconds,
    )
