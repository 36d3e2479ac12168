"""Which runs are being run on this machine right now, told by its processes.

Metaflow's local metadata has no heartbeat: a run whose process was killed looks as if it
ran for ever. But a process that runs a flow (the orchestrator) starts each task as
``flow.py ... step NAME --run-id ID ...``, and one that was told ``--run-id-file`` has
written its run's id there. One that forks its tasks from a warm process is listed with its
run's id, or the warm process is (`mlstages.launch.fork`).
"""

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from mlstages.launch.history import find_history

_COMMANDS: Final = ("run", "resume")
_LOOKS: Final = 8
_SECONDS_BETWEEN_LOOKS: Final = 0.05


class Orchestrators(NamedTuple):
    """The live orchestrators of this machine."""

    run_ids: frozenset[str]
    """Of runs that certainly have one."""
    since: tuple[datetime, ...]
    """When those in the present history started that have begun no task yet."""


def find_orchestrators() -> Orchestrators:
    """Return which runs have a live orchestrator on this machine.

    Returns
    -------
    Orchestrators

    Notes
    -----
    Of all flows: a run id is unique on a machine, since Metaflow's local ids are the time
    in microseconds. Processes of other users count where the system shows their command.
    Between two tasks an orchestrator tells nothing, so it is looked at a few times.
    """
    run_ids = set()
    since = []
    for process in psutil.process_iter():
        try:
            if not _is_orchestrator(process.cmdline()):
                continue
            run_id = _find_run_id_patiently(process)
            if run_id is not None:
                run_ids.add(run_id)
            elif find_history(Path(process.cwd())) == find_history():
                since.append(datetime.fromtimestamp(process.create_time()))
        except psutil.Error:  # it ended between two looks, or is not ours to look at
            continue
    return Orchestrators(frozenset(run_ids), tuple(since))


def _find_run_id_patiently(process: psutil.Process) -> str | None:
    for _ in range(_LOOKS):
        run_id = _find_run_id(process)
        if run_id is not None:
            return run_id
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return None


def _is_orchestrator(command: Sequence[str]) -> bool:
    flow_file = next((i for i, word in enumerate(command) if word.endswith(".py")), None)
    return flow_file is not None and any(word in _COMMANDS for word in command[flow_file + 1 :])


def _find_run_id(process: psutil.Process) -> str | None:
    told = _option(process.cmdline(), "--run-id") or _read_run_id_file(process)
    if told is not None:
        return told
    for task in process.children():
        try:
            run_id = _option(task.cmdline(), "--run-id")
        except psutil.Error:
            continue
        if run_id is not None:
            return run_id
    return None


def _read_run_id_file(process: psutil.Process) -> str | None:
    name = _option(process.cmdline(), "--run-id-file")
    if name is None:
        return None
    try:
        return Path(process.cwd(), name).read_text(encoding="utf-8").strip() or None
    except OSError:  # not written yet, or gone
        return None


def _option(command: Sequence[str], option: str) -> str | None:
    # Of a task that is just ending the command is empty.
    for word, following in zip(command, [*command[1:], ""], strict=False):
        if word == option:
            return following
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None
