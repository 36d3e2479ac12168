"""Why each task of a run was reused or not, as a value."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDecision:
    """What became of a task.

    Parameters
    ----------
    step : str
    task : str
        ``run/step/task``, in the run that was explained.
    is_reused : bool
    why : str
        What kept it from being reused; empty where it is.
    origin : str or None
        The task that it was taken from, ``run/step/task``.
    """

    step: str
    task: str
    is_reused: bool
    why: str
    origin: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the decision as ``--json`` prints it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Of a whole run, its tasks in the order in which they were launched.

    Parameters
    ----------
    run : str
        ``flow/run``.
    tasks : tuple of TaskDecision
        Empty if nothing was to be reused.
    """

    run: str
    tasks: tuple[TaskDecision, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as ``--json`` prints it."""
        return {"run": self.run, "tasks": [task.to_dict() for task in self.tasks]}


def read_explanation(path: Path, *, run: str) -> Explanation:
    """Return what a run ``--with reuse:explain=PATH`` wrote; empty if it wrote nothing.

    Parameters
    ----------
    path : Path
    run : str
        ``flow/run``.
    """
    if not path.is_file():
        return Explanation(run=run, tasks=())
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Explanation(run=run, tasks=tuple(TaskDecision(**task) for task in kept["tasks"]))


def write_explanation(path: Path, tasks: Iterable[TaskDecision]) -> None:
    """Write what `read_explanation` reads."""
    text = json.dumps({"tasks": [task.to_dict() for task in tasks]})
    path.write_text(text, encoding="utf-8")
