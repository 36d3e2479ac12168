"""The file that a run learnt from, where the run carries it or knows where it is."""

from pathlib import Path

from mlstages.config import name_data
from mlstages.errors import RunUnusableError
from mlstages.runs.find import find_run

_NAMES = ("DATASET_NAME", "DATASET_PATH", "DATA_FILE")


def read_dataset(pathspec: str) -> tuple[str, Path | bytes]:
    """Return the name of a run's data set, and its bytes or where they are.

    Raises
    ------
    RunNotFoundError
        If there is no such run.
    RunUnusableError
        If it keeps none: only runs of ``mlstages flow`` do.
    """
    run = find_run(pathspec)
    parameters = run["_parameters"].task
    if not all(name in parameters for name in _NAMES):
        raise RunUnusableError(
            f"{pathspec} does not keep the file that it learnt from: say which it is by --data"
        )
    name, path, content = (parameters[name].data for name in _NAMES)
    data = name_data(name, path, content)
    return data.name, data if path else content
