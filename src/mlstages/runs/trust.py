"""A run's model checked, the report kept beside the runs and as a card of the run, and its tag."""

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from metaflow.datastore import FlowDataStore
from metaflow.metaflow_config import CARD_SUFFIX
from metaflow.plugins import DATASTORES
from metaflow.plugins.cards.card_datastore import CardDatastore

from mlstages.errors import RunNotFoundError, RunUnusableError
from mlstages.launch.history import find_history
from mlstages.release.log import FOLDER, ReleaseLog, write_whole
from mlstages.runs.find import find_run
from mlstages.runs.tags import tag_run
from mlstages.runs.trained import read_trained
from mlstages.trained import TrainedModel
from mlstages.trust.declaration import Declaration, Need, read_checks
from mlstages.trust.need import QUESTIONS
from mlstages.trust.page import draw_page
from mlstages.trust.report import TrustReport, check_model

_log = logging.getLogger(__name__)

TRUSTED: Final = "trusted"
"""The tag of a run whose checks passed."""

CHECKS_FILE: Final = "checks.toml"


def trust_run(
    run: str,
    *,
    checks: Path | None = None,
    ask: Callable[[str], str] | None = None,
    flow_name: str | None = None,
    progress: Callable[[str], None] = lambda _says: None,
) -> TrustReport:
    """Return what the checks say of a run's model; the run keeps it, and the tag ``trusted``.

    Parameters
    ----------
    run : str
        ``<flow>/<run id>``, a run id, or ``latest``.
    checks : Path or None, default=None
        The file of checks; None is ``checks.toml`` of the current folder, if there is one.
    ask : callable or None, default=None
        Asks a person a question of `mlstages.trust.need.QUESTIONS` and returns the answer; each
        is asked once in the life of a flow.
    flow_name : str or None, default=None
        Where a bare run id and ``latest`` are looked for; None is the only flow here, or our own.
    progress : callable, default=silence
        Called with the sentence of each check before it is made.

    Raises
    ------
    RunNotFoundError, RunUnusableError
        If there is no such run, or it left no model and rows.
    FileError, DataError
        If the file of checks cannot be read, or a check does not fit the model.
    """
    trained = read_trained(run, flow_name=flow_name)
    flow_name = trained.run.partition("/")[0]
    path = checks or (Path(CHECKS_FILE) if Path(CHECKS_FILE).is_file() else None)
    declaration = read_checks(path) if path else Declaration()
    answered = _answer(declaration.need, find_folder(flow_name) / "need.json", ask)
    report = check_model(
        trained,
        replace(declaration, need=answered),
        released=_read_released(trained, flow_name),
        progress=progress,
    )
    _keep(report, path)
    if report.trusted:
        tag_run(trained.run, add=[TRUSTED])
    else:
        tag_run(trained.run, remove=[TRUSTED])
    return report


def find_folder(flow_name: str) -> Path:
    """Return where the reports and releases of a flow are; it may not exist yet."""
    return find_history() / FOLDER / flow_name


def read_report(pathspec: str) -> dict[str, Any] | None:
    """Return what `TrustReport.to_dict` had of a run, or None if it was never checked."""
    kept = _read_json(_path_of(pathspec))
    return kept["report"] if kept else None


def require_fresh(pathspec: str) -> None:
    """Return if a run was judged against what counts now.

    Raises
    ------
    RunUnusableError
        If another run was released since, or the file of checks is another one.
    """
    kept = _read_json(_path_of(pathspec))
    assert kept is not None  # asked of a run that is trusted
    again = f"check it again: mlstages trust {pathspec}"
    released = _find_released_run(pathspec.partition("/")[0])
    if released not in (None, pathspec, kept["report"]["released"]):
        raise RunUnusableError(
            f"{pathspec} was not compared with {released}, released now: {again}"
        )
    if kept["checks"] is not None and kept["checks"] != _describe_file(Path(kept["checks"][0])):
        raise RunUnusableError(
            f"{kept['checks'][0]} has changed since {pathspec} was checked: {again}"
        )


def _path_of(pathspec: str) -> Path:
    flow_name, _, run_id = pathspec.partition("/")
    return find_folder(flow_name) / "reports" / f"{run_id}.json"


def _find_released_run(flow_name: str) -> str | None:
    entry = ReleaseLog(find_history(), flow_name).find_current_entry()
    return None if entry is None else entry.run


def _read_released(trained: TrainedModel, flow_name: str) -> TrainedModel | None:
    run = _find_released_run(flow_name)
    if run in (None, trained.run):
        return None if run is None else trained
    try:
        return read_trained(run)
    except (RunNotFoundError, RunUnusableError) as error:
        _log.warning("the released run cannot be compared with: %s", error.message)
        return None


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise RunUnusableError(f"{path} is damaged ({error}): remove it, and check again") from None


def _describe_file(path: Path) -> list[str | None]:
    try:
        content = path.read_bytes()
    except OSError:
        return [str(path), None]
    return [str(path), hashlib.sha256(content).hexdigest()]


def _answer(declared: Need, path: Path, ask: Callable[[str], str] | None) -> Need:
    """Return the answers of the file of checks, else those given before, else asked for now."""
    kept = {name: str(text) for name, text in (_read_json(path) or {}).items() if name in QUESTIONS}
    answers = kept | {name: text for name, text in asdict(declared).items() if text}
    if ask is not None:
        answers |= {name: ask(QUESTIONS[name]) for name in QUESTIONS if name not in answers}
    if answers != kept:
        write_whole(path, json.dumps(answers).encode())
    return Need(**answers)


def _keep(report: TrustReport, checks: Path | None) -> None:
    file = None if checks is None else _describe_file(checks.absolute())
    kept = {"report": report.to_dict(), "checks": file}
    write_whole(_path_of(report.run), json.dumps(kept).encode())
    run = find_run(report.run)
    tasks = [task for step in run for task in step if task.successful]
    last = max(tasks, key=lambda task: task.finished_at)
    _save_card(last, draw_page(report))


def _save_card(task: Any, page: str) -> None:
    """Put a page among the cards of a task that has ended, where Metaflow's own tools find it.

    Notes
    -----
    As `metaflow.plugins.cards.card_client.get_cards` opens the store (2.19); a card's name is its
    type, its id and a hash.
    """
    kind, root = (task.metadata_dict.get(name) for name in ("ds-type", "ds-root"))
    if kind == "local" and not (root and Path(root).is_dir()):  # the history was moved
        root = str(find_history())
    store = FlowDataStore(
        task.path_components[0],
        None,
        storage_impl=next(one for one in DATASTORES if kind == one.TYPE),
        ds_root=f"{root}/{CARD_SUFFIX}",
    )
    name = hashlib.sha1(page.encode(), usedforsecurity=False).hexdigest()
    CardDatastore(store, pathspec=task.pathspec).save_card(name, "blank", page, card_id="trust")
