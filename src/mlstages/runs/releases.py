"""The act of releasing a run's model, and of taking it back."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from metaflow.util import get_username

from mlstages.errors import OptionError, RunNotFoundError, RunUnusableError
from mlstages.launch.history import find_history
from mlstages.launch.identity import supply_username
from mlstages.release.description import describe_release
from mlstages.release.log import Entry, ReleaseLog, choose_released_flow
from mlstages.release.model_file import dump_model
from mlstages.release.released import Released
from mlstages.runs.find import find_run, iterate_runs
from mlstages.runs.tags import tag_run
from mlstages.runs.trained import read_trained
from mlstages.runs.trust import read_report, require_fresh
from mlstages.trained import TrainedModel

RELEASED: Final = "released"
"""The tag of the run whose release counts."""


def release_run(
    run: str,
    *,
    why: str = "",
    force: str | None = None,
    flow_name: str | None = None,
) -> Released:
    """Return the release of a run's model, which counts from now on.

    Parameters
    ----------
    run : str
        ``<flow>/<run id>``, a run id, or ``latest``.
    why : str, default=""
        The reason; empty is what the checks said.
    force : str or None, default=None
        The reason to release a run that is not trusted.
    flow_name : str or None, default=None
        Where a bare run id and ``latest`` are looked for; None is the only flow here, or our own.

    Raises
    ------
    RunNotFoundError
        If there is no such run.
    RunUnusableError
        If it is not trusted, and nobody forces it.
    OptionError
        If it is forced without a reason.
    """
    if force is not None and not force.strip():
        raise OptionError("--force needs a reason, which is kept with the release")
    pathspec = find_run(run, flow_name).pathspec
    report = read_report(pathspec)
    if force is None:
        _require_trust(pathspec, report)
        require_fresh(pathspec)
    checks = tuple(report["checks"]) if report else ()
    n_passed = sum(check["passed"] is True for check in checks)
    log = ReleaseLog(find_history(), pathspec.partition("/")[0])
    supply_username()
    trained = read_trained(pathspec)
    released = describe_release(
        trained,
        who=get_username() or "unknown",
        when=_now(),
        why=force or why or f"{n_passed} checks passed",
        forced=force is not None and not (report or {}).get("trusted", False),
        checks=checks,
    )
    model = None if released.form is not None else _dump(trained, released)
    published = log.publish(released, model)
    _set_tags(log)
    return published


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """A release that was taken back.

    Parameters
    ----------
    entry : Entry
        The line of the log that says so.
    now : Entry or None
        The release that counts again; None if there is none.
    """

    entry: Entry
    now: Entry | None

    def to_dict(self) -> dict[str, Any]:
        """Return both as JSON can carry them."""
        return self.entry.to_dict() | {"now": None if self.now is None else self.now.to_dict()}


def undo_release(*, why: str = "", flow_name: str | None = None) -> Undone:
    """Return what was taken back, and what counts now.

    Parameters
    ----------
    why : str, default=""
    flow_name : str or None, default=None
        None is the only flow that has releases here, or our own.

    Raises
    ------
    RunNotFoundError
        If nothing is released.
    """
    history = find_history()
    log = ReleaseLog(history, choose_released_flow(history, flow_name))
    supply_username()
    entry = log.undo(who=get_username() or "unknown", when=_now(), why=why)
    _set_tags(log)
    return Undone(entry=entry, now=log.find_current_entry())


def list_releases(flow_name: str | None = None) -> list[Entry]:
    """Return what was released and taken back, newest first."""
    history = find_history()
    log = ReleaseLog(history, choose_released_flow(history, flow_name))
    return list(reversed(log.read_entries()))


def _dump(trained: TrainedModel, released: Released) -> bytes | None:
    """Return the model as a file that gives the release's examples to the bit, if there is one."""

    def agrees(model: Any) -> bool:
        again = replace(trained, model=model)
        return all(again.predict([row])[0] == expected for row, expected in released.examples)

    return dump_model(trained.model, agrees)


def _require_trust(pathspec: str, report: dict[str, object] | None) -> None:
    otherwise = "or give --force REASON, which is kept"
    if report is None:
        raise RunUnusableError(
            f"{pathspec} was never checked: mlstages trust {pathspec} does; {otherwise}"
        )
    if not report["trusted"]:
        checks = report["checks"]
        assert isinstance(checks, list)  # as it was written
        failed = "".join(f"\n  - {one['says']}" for one in checks if one["passed"] is False)
        raise RunUnusableError(
            f"{pathspec} is not trusted: mend the model or the check; {otherwise}{failed}"
        )


def _set_tags(log: ReleaseLog) -> None:
    """Have the run whose release counts carry the tag, and no other one of the flow."""
    with log.locked():
        released = log.find_current_entry()
        current = None if released is None else released.run
        for run in list(iterate_runs(log.flow_name, tag=RELEASED, all_users=True)):
            if run.pathspec != current:
                tag_run(run.pathspec, remove=[RELEASED])
        if current is not None:
            with suppress(RunNotFoundError):  # it was deleted since, and its tag with it
                tag_run(current, add=[RELEASED])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
