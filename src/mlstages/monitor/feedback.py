"""What users said of a flow's predictions, and a person's decision about it."""

from collections.abc import Sequence
from pathlib import Path

from mlstages.errors import RunNotFoundError
from mlstages.monitor.kept import open_records, read_released
from mlstages.records import Feedback, Status
from mlstages.release.released import Released


def read_feedback(history: Path, flow_name: str, *statuses: Status) -> tuple[Feedback, ...]:
    """Return the feedback of these statuses, or all, oldest first.

    Raises
    ------
    FileError
        If none was ever kept.
    """
    records = open_records(history, flow_name)
    try:
        return records.read_feedback(*statuses)
    finally:
        records.close()


def decide(
    history: Path, flow_name: str, numbers: Sequence[int], status: Status
) -> tuple[Feedback, ...]:
    """Return the feedback of these numbers as it now stands: all are decided, or none.

    Raises
    ------
    FileError
        If none was ever kept.
    RunNotFoundError
        If there is none of such a number.
    """
    records = open_records(history, flow_name)
    try:
        records.set_status(numbers, status)
        return tuple(told for told in records.read_feedback() if told.number in set(numbers))
    finally:
        records.close()


def read_accepted(history: Path, flow_name: str) -> tuple[tuple[Feedback, ...], Released]:
    """Return what was accepted, and the release that it has to fit.

    Raises
    ------
    RunNotFoundError, RunUnusableError, FileError
        If there is no release, it cannot be read, or no feedback was ever kept.
    """
    released = read_released(history, flow_name)
    return read_feedback(history, flow_name, Status.ACCEPTED), released


def find_old(data: Path | None, released: Released) -> tuple[str, Path | bytes]:
    """Return the name of the data set that a new version goes on from, and the data set.

    Parameters
    ----------
    data : Path or None
        None takes what the released run learnt from.
    released : Released

    Raises
    ------
    RunNotFoundError, RunUnusableError
        If that is asked for, and the run or its data set is not there.
    """
    if data is not None:
        return str(data), data
    from mlstages.runs.dataset import read_dataset  # loads Metaflow

    try:
        return read_dataset(released.run)
    except RunNotFoundError as error:
        raise RunNotFoundError(f"{error.message}; or say by --data which file it is") from None
