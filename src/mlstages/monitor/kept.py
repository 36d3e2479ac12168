"""What is kept of a flow in use: its release, its predictions and feedback."""

from pathlib import Path

from mlstages.errors import FileError, RunNotFoundError
from mlstages.records import Records, find_records
from mlstages.release.log import ReleaseLog
from mlstages.release.released import Released


def read_released(history: Path, flow_name: str) -> Released:
    """Return the release of a flow that counts.

    Raises
    ------
    RunNotFoundError
        If there is none.
    RunUnusableError
        If it cannot be read.
    """
    log = ReleaseLog(history, flow_name)
    number = log.find_current()
    if number is None:
        raise RunNotFoundError(
            f"no release of {flow_name} in {history}: mlstages release RUN makes one, and --flow "
            "says of which flow"
        )
    return log.read(number)


def open_records(history: Path, flow_name: str) -> Records:
    """Return the predictions and feedback of a flow.

    Raises
    ------
    FileError
        If none were ever kept, or their file cannot be opened.
    """
    path = find_records(history, flow_name)
    if not path.is_file():
        raise FileError(
            f"no predictions or feedback of {flow_name} were kept, there is no {path}: "
            "mlstages serve keeps them, and --flow says of which flow"
        )
    return Records(path)
