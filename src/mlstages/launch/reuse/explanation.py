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


def list_reuse_options(explain: Path | None = None) -> tuple[str, ...]:
    """Return the options of Metaflow's ``run`` that have steps reused.

    Parameters
    ----------
    explain : Path or None, default=None
        Where the run is to write what `read_explanation` reads; a path without a comma,
        which Metaflow would take for the end of it.

    Examples
    --------
    >>> list_reuse_options()
    ('--with', 'reuse')
    """
    return ("--with", "reuse" if explain is None else f"reuse:explain={explain}")


def read_explanation(path: Path) -> Explanation:
    """Return what a run ``--with reuse:explain=PATH`` wrote; empty if it wrote nothing.

    Parameters
    ----------
    path : Path
    """
    if not path.is_file():
        return Explanation(run="", tasks=())
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Explanation(run=kept["run"], tasks=tuple(TaskDecision(**task) for task in kept["tasks"]))


def write_explanation(path: Path, run: str, tasks: Iterable[TaskDecision]) -> None:
    """Write what `read_explanation` reads."""
    text = json.dumps(Explanation(run=run, tasks=tuple(tasks)).to_dict())
    path.write_text(text, encoding="utf-8")
