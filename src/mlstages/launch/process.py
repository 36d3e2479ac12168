"""Run a flow as Metaflow's users do, as a process of its own, and say how it ended."""

import logging
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from metaflow import Run
from metaflow.exception import MetaflowNotFound

from mlstages.errors import MlstagesError, RunFailedError, rebuild_error
from mlstages.launch.history import describe_history, open_history, require_writable_history
from mlstages.launch.identity import supply_username

logger = logging.getLogger(__name__)

_TAIL: Final = 12
"""Lines of output that an error quotes where Metaflow kept no exception."""


def run_flow(flow_file: Path, flow_name: str, parameters: Mapping[str, str]) -> str:
    """Return the pathspec of a new, successful run of a flow.

    Parameters
    ----------
    flow_file : Path
        The flow, with ``if __name__ == "__main__"`` at its end.
    flow_name : str
        Its class.
    parameters : mapping of str to str
        Its parameters by the names of their options, without dashes.

    Returns
    -------
    str
        ``<flow name>/<run id>``, for Metaflow's Client API.

    Raises
    ------
    FileError
        If the folder of Metaflow's history cannot be written.
    MlstagesError
        The one that a step raised under `mlstages.launch.step_errors.plain_errors`.
    RunFailedError
        If the run failed for another reason.

    Notes
    -----
    Metaflow's own output is logged, a line a record.
    """
    supply_username()
    require_writable_history()
    logger.info("history: %s", describe_history())
    with tempfile.TemporaryDirectory(prefix="mlstages-") as folder:
        run_id_file = Path(folder) / "run_id"
        # Where pylint is installed, Metaflow would spend seconds on it in each run.
        command = [sys.executable, "-u", str(flow_file.absolute()), "--no-pylint", "run"]
        command += ["--run-id-file", str(run_id_file)]
        command += [f"--{name}={value}" for name, value in parameters.items()]
        exit_code, tail = _run_logged(command)
        pathspec = f"{flow_name}/{run_id_file.read_text()}" if run_id_file.exists() else None
    if exit_code == 0 and pathspec is not None:
        return pathspec
    raise _explain_failure(flow_name, pathspec, exit_code, tail)


def read_artifacts(pathspec: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Return artifacts of a finished run by name, as its last step saw them."""
    open_history()
    data = Run(pathspec).data
    return {name: getattr(data, name) for name in names}


def _run_logged(command: list[str]) -> tuple[int, list[str]]:
    tail: deque[str] = deque(maxlen=_TAIL)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            tail.append(line.rstrip())
            logger.info("%s", tail[-1])
    return process.returncode, list(tail)


def _explain_failure(
    flow_name: str, pathspec: str | None, exit_code: int, tail: list[str]
) -> MlstagesError:
    if pathspec is None:
        quoted = "\n  ".join(tail)
        return RunFailedError(f"{flow_name} did not start (exit code {exit_code}):\n  {quoted}")
    task = _find_failed_task(pathspec)
    if task is None:
        quoted = "\n  ".join(tail)
        return RunFailedError(f"{pathspec} failed (exit code {exit_code}):\n  {quoted}")
    exception = task.exception
    if exception is None:
        return RunFailedError(
            f"{task.pathspec} ended without an exception, as a killed task does: see its logs by "
            "Metaflow's own command, logs"
        )
    error = rebuild_error(exception.type, exception.exception)
    if error is not None:
        return error
    return RunFailedError(
        f"{task.pathspec} failed with {exception.type}: {exception.exception}\n"
        f"{exception.stacktrace or ''}".rstrip()
    )


def _find_failed_task(pathspec: str) -> Any | None:
    open_history()
    try:
        for step in Run(pathspec):
            for task in step:
                if not task.successful:
                    return task
    except MetaflowNotFound:  # it ended before its first task
        return None
    return None
