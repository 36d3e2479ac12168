"""Which runs are being run on this machine right now, told by its processes.

Metaflow's local metadata has no heartbeat: a run whose process was killed looks as if it
ran for ever. But a process that runs a flow (the orchestrator) starts each task as
``flow.py ... step NAME --run-id ID ...``, and one that was told ``--run-id-file`` has
written its run's id there.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import psutil

_COMMANDS: Final = ("run", "resume")


class Orchestrators(NamedTuple):
    """The live orchestrators of this machine."""

    run_ids: frozenset[str]
    """Of runs that certainly have one."""
    since: tuple[datetime, ...]
    """When those started whose run cannot be told: they are between two tasks."""


def find_orchestrators() -> Orchestrators:
    """Return which runs have a live orchestrator on this machine.

    Returns
    -------
    Orchestrators

    Notes
    -----
    Of all flows: a run id is unique on a machine, since Metaflow's local ids are the time
    in microseconds. Processes of other users count where the system shows their command.
    """
    run_ids = set()
    since = []
    for process in psutil.process_iter():
        try:
            if not _is_orchestrator(process.cmdline()):
                continue
            found = _find_run_id(process)
            started = datetime.fromtimestamp(process.create_time())
        except psutil.Error:  # it ended between two looks, or is not ours to look at
            continue
        if found is None:
            since.append(started)
        else:
            run_ids.add(found)
    return Orchestrators(frozenset(run_ids), tuple(since))


def _is_orchestrator(command: Sequence[str]) -> bool:
    flow_file = next((i for i, word in enumerate(command) if word.endswith(".py")), None)
    return flow_file is not None and any(word in _COMMANDS for word in command[flow_file + 1 :])


def _find_run_id(process: psutil.Process) -> str | None:
    in_file = _read_run_id_file(process)
    if in_file is not None:
        return in_file
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
    for word, following in zip(command, [*command[1:], ""], strict=True):
        if word == option:
            return following
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None
