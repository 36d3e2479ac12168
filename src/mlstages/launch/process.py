"""Run a flow as Metaflow's users do, as a process of its own, and say how it ended."""

import logging
import re
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from metaflow import Run
from metaflow.exception import MetaflowNotFound

from mlstages.errors import (
    FileError,
    FlowFileError,
    MlstagesError,
    OptionError,
    RunFailedError,
    rebuild_error,
)
from mlstages.launch.fork.orchestrator import become_orchestrator, start_orchestrator
from mlstages.launch.fork.refusal import holds_another_launcher
from mlstages.launch.history import describe_history, open_history, require_writable_history
from mlstages.launch.identity import supply_username
from mlstages.launch.run_options import RunOptions, place_options, sort_words

_HEADER: Final = re.compile(r"^Metaflow \S+ executing (?P<flow>\w+)", re.MULTILINE)

logger = logging.getLogger(__name__)

_TAIL: Final = 12
"""Lines of output that an error quotes where Metaflow kept no exception."""

_USAGE_ERROR: Final = 2
"""Metaflow's exit code for an option that it refuses."""


def run_flow(
    flow_file: Path,
    flow_name: str,
    parameters: Mapping[str, str],
    *,
    options: Sequence[str] = (),
    meanwhile: Callable[[], None] | None = None,
) -> str:
    """Return the pathspec of a new, successful run of a flow.

    Parameters
    ----------
    flow_file : Path
        The flow, with ``if __name__ == "__main__"`` at its end.
    flow_name : str
        Its class.
    parameters : mapping of str to str
        Its parameters by the names of their options, without dashes.
    options : sequence of str, default=()
        Of Metaflow's ``run``, as typed: ``("--with", "kubernetes", "--datastore", "s3")``.
    meanwhile : callable or None, default=None
        What this process does while the run begins; what that prints is logged afterwards.

    Returns
    -------
    str
        ``<flow name>/<run id>``, for Metaflow's Client API.

    Raises
    ------
    OptionError
        If Metaflow refuses an option.
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
    given = [f"--{name}={value}" for name, value in parameters.items()]
    placed = place_options(options)
    return _execute(flow_file, flow_name, ["run", *given], placed=placed, meanwhile=meanwhile)


def become_run(flow_file: Path, words: Sequence[str]) -> NoReturn:
    """Be ``python FLOW.py run ...`` with tasks forked, to the end of this process.

    Parameters
    ----------
    flow_file : Path
        Any flow.
    words : sequence of str
        Options of Metaflow's ``run``, those that stand before the word ``run`` too, and the
        flow's parameters, as typed.

    Raises
    ------
    FileError
        If there is no such file, or the folder of Metaflow's history cannot be written.
    FlowFileError
        If it is no flow.
    """
    _require_file(flow_file)
    supply_username()
    placed = sort_words(words)
    require_writable_history(placed.metadata, placed.datastore)
    before_run = ["--no-pylint", *placed.before_run]
    become_orchestrator([str(flow_file), *before_run, "run", "--with", "fork", *placed.after_run])


def run_any_flow(flow_file: Path, words: Sequence[str]) -> str:
    """Return the pathspec of a new, successful run of any flow.

    Parameters
    ----------
    flow_file : Path
    words : sequence of str
        As for `become_run`.

    Raises
    ------
    MlstagesError
        As `run_flow`.
    """
    _require_file(flow_file)
    return _execute(flow_file, None, ["run"], placed=sort_words(words))


def resume_flow(
    flow_file: Path,
    flow_name: str,
    origin_run_id: str,
    *,
    step: str | None = None,
    tags: Sequence[str] = (),
    modules: Path | None = None,
) -> str:
    """Return the pathspec of a new, successful run that goes on from an earlier one.

    Parameters
    ----------
    flow_file : Path
    flow_name : str
        Its class.
    origin_run_id : str
        The earlier run. What succeeded in it is taken from it.
    step : str or None, default=None
        The step to begin with; None is the one that did not succeed.
    tags : sequence of str, default=()
        For the new run.
    modules : Path or None, default=None
        A folder of modules that come before those that are installed.

    Returns
    -------
    str
        ``<flow name>/<run id>``.

    Raises
    ------
    MlstagesError
        As `run_flow`.
    """
    arguments = ["resume", *([step] if step else []), f"--origin-run-id={origin_run_id}"]
    arguments += [f"--tag={tag}" for tag in tags]
    return _execute(flow_file, flow_name, arguments, placed=place_options(()), modules=modules)


def read_flow_name(flow_file: Path) -> str:
    """Return the name of a flow's class, as Metaflow says it.

    Raises
    ------
    FileError
        If there is no such file.
    FlowFileError
        If Metaflow does not take the file for a flow.
    """
    _require_file(flow_file)
    supply_username()
    command = [sys.executable, str(flow_file.absolute()), "--no-pylint", "show"]
    shown = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8"
    )
    said = _HEADER.search(shown.stdout + shown.stderr)
    if shown.returncode or said is None:
        quoted = "\n  ".join((shown.stdout + shown.stderr).splitlines()[-_TAIL:])
        raise FlowFileError(f"{flow_file} is no flow that Metaflow can run:\n  {quoted}")
    return said["flow"]


def _require_file(flow_file: Path) -> None:
    if not flow_file.is_file():
        raise FileError(f"{flow_file} does not exist: give the file of a flow")
    # Not to be run as a script, which may do anything. Whoever imports a flow names it so.
    if b"flow" not in flow_file.read_bytes().lower():
        raise FlowFileError(
            f"{flow_file} is no flow: give a file with a class of FlowSpec (mlstages refactor "
            "makes one of a script)"
        )


def _execute(
    flow_file: Path,
    flow_name: str | None,
    arguments: Sequence[str],
    *,
    placed: RunOptions,
    modules: Path | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> str:
    supply_username()
    require_writable_history(placed.metadata, placed.datastore)
    logger.info("history: %s", describe_history(placed.metadata, placed.datastore))
    with tempfile.TemporaryDirectory(prefix="mlstages-") as folder:
        run_id_file = Path(folder) / "run_id"
        # Where pylint is installed, Metaflow would spend seconds on it in each run.
        command = [str(flow_file.absolute()), "--no-pylint", *placed.before_run]
        command += [*arguments, *placed.after_run, "--run-id-file", str(run_id_file)]
        if modules is None or not holds_another_launcher(modules):
            command += ["--with", "fork"]
        ended = _run_logged(command, modules, meanwhile)
        flow_name = flow_name or ended.flow_name
        pathspec = f"{flow_name}/{run_id_file.read_text()}" if run_id_file.exists() else None
    if ended.exit_code == 0 and pathspec is not None:
        return pathspec
    raise _explain_failure(flow_name, pathspec, ended.exit_code, ended.tail, placed)


def read_artifacts(
    pathspec: str, names: tuple[str, ...], *, options: Sequence[str] = ()
) -> dict[str, Any]:
    """Return artifacts of a finished run by name, as its last step saw them.

    Parameters
    ----------
    pathspec : str
        The run.
    names : tuple of str
        Its artifacts.
    options : sequence of str, default=()
        Of Metaflow's ``run``, as the run was started: they may say where it is kept.
    """
    open_history(place_options(options).metadata)
    data = Run(pathspec).data
    return {name: getattr(data, name) for name in names}


class _Ended(NamedTuple):
    exit_code: int
    tail: list[str]
    flow_name: str
    """As Metaflow has said it; the flow's file if it has not."""


def _run_logged(
    command: list[str], modules: Path | None, meanwhile: Callable[[], None] | None
) -> _Ended:
    tail: deque[str] = deque(maxlen=_TAIL)
    flow_name = None
    with start_orchestrator(command, modules) as orchestrator:
        if meanwhile is not None:
            meanwhile()
        for line in orchestrator.lines():
            tail.append(line)
            logger.info("%s", line)
            flow_name = flow_name or _HEADER.match(line)
    name = Path(command[0]).name if flow_name is None else flow_name["flow"]
    return _Ended(orchestrator.wait(), list(tail), name)


def _explain_failure(
    flow_name: str, pathspec: str | None, exit_code: int, tail: list[str], placed: RunOptions
) -> MlstagesError:
    if pathspec is None and exit_code == _USAGE_ERROR and (placed.before_run or placed.after_run):
        return OptionError(f"Metaflow refuses the options: {tail[-1].removeprefix('Error: ')}")
    if pathspec is None:
        quoted = "\n  ".join(tail)
        return RunFailedError(f"{flow_name} did not start (exit code {exit_code}):\n  {quoted}")
    task = _find_failed_task(pathspec, placed.metadata)
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


def _find_failed_task(pathspec: str, metadata: str) -> Any | None:
    open_history(metadata)
    try:
        for step in Run(pathspec):
            for task in step:
                if not task.successful:
                    return task
    except MetaflowNotFound:  # it ended before its first task
        return None
    return None
