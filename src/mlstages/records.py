"""What was predicted and what people said of it: one SQLite file beside the runs.

Predictions are bounded in number, the oldest go first. What people say is kept until somebody
takes it away: a row that was acknowledged is on the disk.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from mlstages.errors import FileError, RunNotFoundError

MOST_PREDICTIONS: Final = 1_000_000
MOST_FEEDBACK: Final = 100_000
"""Pieces that nobody has decided about."""

MOST_BYTES: Final = 2**30
"""Of the file: beyond it the oldest tenth of the predictions goes."""

_PATIENCE: Final = 10.0
"""Seconds that a writer waits for another process's."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS predictions (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, at REAL NOT NULL, run TEXT NOT NULL,
    row TEXT NOT NULL, prediction TEXT NOT NULL, outside TEXT NOT NULL, seconds REAL NOT NULL);
CREATE INDEX IF NOT EXISTS predictions_id ON predictions (id);
CREATE INDEX IF NOT EXISTS predictions_at ON predictions (at);
CREATE TABLE IF NOT EXISTS feedback (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, run TEXT NOT NULL,
    prediction_id TEXT, row TEXT NOT NULL, prediction TEXT NOT NULL, truth TEXT NOT NULL,
    remark TEXT NOT NULL, status TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS feedback_status ON feedback (status);
CREATE TABLE IF NOT EXISTS gauges (name TEXT PRIMARY KEY, value REAL NOT NULL);
"""


class Status(StrEnum):
    """What a person decided about a piece of feedback."""

    NEW = "new"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One answer of a server.

    Parameters
    ----------
    id : str
        Given to who asked, so that the truth can be told later.
    at : float
        Seconds since 1970, UTC.
    run : str
        The run whose model answered.
    row : dict
        Values by field.
    prediction : float, int, bool or str
    outside : tuple of str
        Fields in which the training data has nothing like it.
    seconds : float
        From the request to the answer.
    """

    id: str
    at: float
    run: str
    row: dict[str, Any]
    prediction: Any
    outside: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What somebody said of a prediction.

    Parameters
    ----------
    number : int
        0 before it is kept.
    at : float
        Seconds since 1970, UTC.
    run : str
    prediction_id : str or None
    row : dict
    prediction : float, int, bool or str
        What the model said.
    truth : float, int, bool or str
        What is right.
    remark : str
    status : Status
    """

    number: int = 0
    at: float
    run: str
    prediction_id: str | None
    row: dict[str, Any]
    prediction: Any
    truth: Any
    remark: str = ""
    status: Status = Status.NEW

    def to_dict(self) -> dict[str, Any]:
        """Return the feedback as JSON can carry it."""
        return asdict(self)


class Records:
    """The file of one flow's predictions and feedback; for one thread at a time.

    Parameters
    ----------
    path : Path
        Made if it is not there, with its folder.

    Raises
    ------
    FileError
        If it cannot be opened, or is no such file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            # WAL with FULL: what is acknowledged is on the disk, and readers never wait.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise FileError(
                f"{path} cannot be opened ({error}): predictions and feedback are kept there; "
                "move it away if it is damaged"
            ) from None

    @contextmanager
    def waiting(self, seconds: float) -> Iterator[None]:
        """Have a writer wait no longer than this for another process's, for a while."""
        self._set_patience(seconds)
        try:
            yield
        finally:
            self._set_patience(_PATIENCE)

    def _set_patience(self, seconds: float) -> None:
        self._database.execute(f"PRAGMA busy_timeout = {max(1, int(seconds * 1000))}")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def add_predictions(
        self,
        predictions: Iterable[Prediction],
        most: int = MOST_PREDICTIONS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """Keep predictions, and no more than so many of all, nor a file of more bytes."""
        rows = [
            (p.id, p.at, p.run, _dump(p.row), _dump(p.prediction), _dump(p.outside), p.seconds)
            for p in predictions
        ]
        with self._transaction():
            self._database.executemany(
                "INSERT INTO predictions (id, at, run, row, prediction, outside, seconds) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._database.execute(
                "DELETE FROM predictions WHERE number <= (SELECT max(number) FROM predictions) - ?",
                (most,),
            )
            if self._count_bytes() > most_bytes:
                self._database.execute(
                    "DELETE FROM predictions WHERE number <= (SELECT min(number) + "
                    "(max(number) - min(number) + 1) / 10 FROM predictions)"
                )

    def _count_bytes(self) -> int:
        """Return the bytes in use; what was deleted leaves pages that are filled again."""
        pages, free, size = (
            self._database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def iterate_predictions(
        self, since: float = 0.0, until: float = float("inf"), run: str | None = None
    ) -> Iterator[Prediction]:
        """Yield predictions of a span of time, oldest first; of one run or of all."""
        found = self._read(
            f"SELECT {_PREDICTION} FROM predictions "
            "WHERE at >= ? AND at < ? AND (? IS NULL OR run = ?) ORDER BY at, number",
            (since, until, run, run),
        )
        yield from map(_to_prediction, found)

    def find_prediction(self, prediction_id: str) -> Prediction | None:
        """Return a prediction by the id that was given to who asked, or None."""
        found = self._database.execute(
            f"SELECT {_PREDICTION} FROM predictions WHERE id = ?", (prediction_id,)
        ).fetchone()
        return None if found is None else _to_prediction(found)

    def add_feedback(self, feedback: Feedback) -> int:
        """Return the number of a piece of feedback that is on the disk now.

        Raises
        ------
        FileError
            If nobody has decided about `MOST_FEEDBACK` others.
        """
        (n_new,) = self._database.execute(
            "SELECT count(*) FROM feedback WHERE status = ?", (Status.NEW.value,)
        ).fetchone()
        if n_new >= MOST_FEEDBACK:
            raise FileError(
                f"{n_new} pieces of feedback wait for a decision: mlstages feedback list shows them"
            )
        added = self._database.execute(
            "INSERT INTO feedback (at, run, prediction_id, row, prediction, truth, remark, status) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                feedback.at,
                feedback.run,
                feedback.prediction_id,
                _dump(feedback.row),
                _dump(feedback.prediction),
                _dump(feedback.truth),
                feedback.remark,
                feedback.status.value,
            ),
        )
        number = added.lastrowid
        assert number is not None  # an insertion has one
        return number

    def read_feedback(self, *statuses: Status) -> tuple[Feedback, ...]:
        """Return the feedback of these statuses, or all, oldest first."""
        found = self._read(
            "SELECT number, at, run, prediction_id, row, prediction, truth, remark, status "
            "FROM feedback ORDER BY number"
        )
        every = (
            Feedback(
                number=number,
                at=at,
                run=run,
                prediction_id=prediction_id,
                row=json.loads(row),
                prediction=json.loads(prediction),
                truth=json.loads(truth),
                remark=remark,
                status=Status(status),
            )
            for number, at, run, prediction_id, row, prediction, truth, remark, status in found
        )
        return tuple(one for one in every if not statuses or one.status in statuses)

    def set_status(self, numbers: Sequence[int], status: Status) -> None:
        """Have pieces of feedback accepted or rejected: all of them, or none.

        Raises
        ------
        RunNotFoundError
            If there is none of such a number.
        """
        known = {number for (number,) in self._read("SELECT number FROM feedback")}
        unknown = [str(number) for number in numbers if number not in known]
        if unknown:
            raise RunNotFoundError(
                f"no feedback {', '.join(unknown)}: mlstages feedback list shows all"
            )
        with self._said(), self._transaction():
            self._database.executemany(
                "UPDATE feedback SET status = ? WHERE number = ?",
                [(status.value, number) for number in numbers],
            )

    def set_gauges(self, gauges: Mapping[str, float]) -> None:
        """Keep what the newest report of `mlstages.monitor` came to, in place of the last one's."""
        with self._said(), self._transaction():
            self._database.execute("DELETE FROM gauges")
            self._database.executemany("INSERT INTO gauges VALUES (?, ?)", gauges.items())

    def read_gauges(self) -> dict[str, float]:
        """Return what the newest report came to, by the series' names; empty if there is none."""
        return dict(self._database.execute("SELECT name, value FROM gauges ORDER BY rowid"))

    def _read(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        with self._said():
            yield from self._database.execute(query, values)

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise FileError(
                f"{self.path} cannot be read or written ({error}): try again; if another program "
                "holds it, end that one"
            ) from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


_PREDICTION: Final = "id, at, run, row, prediction, outside, seconds"


def _to_prediction(found: tuple[Any, ...]) -> Prediction:
    """Return the prediction whose columns `_PREDICTION` names."""
    name, at, run, row, prediction, outside, seconds = found
    return Prediction(
        id=name,
        at=at,
        run=run,
        row=json.loads(row),
        prediction=json.loads(prediction),
        outside=tuple(json.loads(outside)),
        seconds=seconds,
    )


def find_records(history: Path, flow_name: str) -> Path:
    """Return the file of a flow's predictions and feedback; it may not exist yet."""
    return history / ".mlstages-records" / f"{flow_name}.sqlite"


# `json.dumps` makes an encoder for each call that has options: three times the price.
_dump: Final = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode
