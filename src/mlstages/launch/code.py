"""The code that a run was made with: kept with the run by Metaflow, read back for others.

Metaflow's own code package serves: it holds the folder of the flow, the local packages that
ask for it (``METAFLOW_PACKAGE_POLICY = "include"``), the git commit and whether the tree
was dirty. Stock Metaflow makes it for remote steps only; a setting has it made always.
"""

import json
import os
import sys
from pathlib import Path, PurePosixPath
from typing import Any, Final

import metaflow.metaflow_config
from metaflow.metadata_provider import MetaDatum

SETTING: Final = "METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE"
"""In the environment of a run that is to keep its code."""

_MODULES: Final = ".mf_code"
"""Where the package keeps modules that are not in the flow's folder (2.19)."""

_SHA: Final = "METAFLOW_CODE_SHA"
"""In the environment of tasks that begin when the code has been packed."""

_NOT_USERS: Final = ("metaflow", "metaflow_extensions")


def keep_code() -> None:
    """Have a run that this process itself is about to start keep its code.

    Notes
    -----
    Metaflow (2.19) reads the setting from the environment when it is imported, which has
    happened here; its commands and its runtime take the value over when they are imported.
    """
    if SETTING not in os.environ:
        metaflow.metaflow_config.FEAT_ALWAYS_UPLOAD_CODE_PACKAGE = True
        runtime = sys.modules.get("metaflow.runtime")
        if runtime is not None:
            runtime.FEAT_ALWAYS_UPLOAD_CODE_PACKAGE = True  # type: ignore[attr-defined]


def tell_code(package: Any, task: Any, *, seconds: float | None = None) -> None:
    """Have a run that keeps its code say where that is, if none of its tasks has.

    Parameters
    ----------
    package : metaflow.package.MetaflowPackage
    task : metaflow.runtime.Task
        The last one of the run.
    seconds : float or None, default=None
        How long to wait for the package; None is until it has been made.

    Notes
    -----
    Metaflow (2.19.39, `runtime.py` 1530) makes the package in a thread and tells of it those
    tasks that begin when it is there: a run that was quicker, or failed at once, had kept none.
    What is told is as `metadata_provider/metadata.py` 678 tells it.
    """
    runtime = sys.modules["metaflow.runtime"]
    if not runtime.FEAT_ALWAYS_UPLOAD_CODE_PACKAGE or os.environ.get(_SHA):
        return
    sha = package.package_sha(timeout=seconds)
    if not sha:
        return
    where = {
        "ds_type": task.datastore_type,
        "sha": sha,
        "location": package.package_url(),
        "metadata": package.package_metadata,
    }
    kept = MetaDatum(
        field="code-package",
        value=json.dumps(where),
        type="code-package",
        tags=[f"attempt_id:{task.retries}"],
    )
    task.metadata.register_metadata(task.run_id, task.step, task.task_id, [kept])


def read_code(code: Any) -> dict[str, bytes] | None:
    """Return the files that a run was made with, by path; None if it kept none.

    Parameters
    ----------
    code : metaflow.client.core.MetaflowCode or None
        ``run.code``, which the Client fetches anew each time that it is asked for.

    Returns
    -------
    dict of str to bytes, or None
        The flow's folder, and below ``.mf_code`` the local packages; Metaflow itself is
        left out.
    """
    if code is None:
        return None
    files = {}
    for member in code.tarball.getmembers():
        parts = PurePosixPath(member.name).parts
        beside = parts[:1] == (_MODULES,)
        is_users = parts[1] not in _NOT_USERS if beside else not member.name.startswith(".mf_")
        content = code.tarball.extractfile(member)
        if is_users and content is not None:
            files[member.name] = content.read()
    return files


def write_code(files: dict[str, bytes], folder: Path) -> Path:
    """Write the files below a folder; return the one that makes its packages importable.

    Parameters
    ----------
    files : dict of str to bytes
        As `read_code` returned them.
    folder : Path
        An existing one.

    Returns
    -------
    Path
        To stand in PYTHONPATH.
    """
    for name, content in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            continue  # a path that leads out of the folder is nobody's source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / _MODULES


def read_git_state(code: Any) -> dict[str, Any]:
    """Return commit, branch and whether the tree was dirty; empty outside of git.

    Parameters
    ----------
    code : metaflow.client.core.MetaflowCode or None
        ``run.code``.
    """
    if code is None:
        return {}
    info = code.info
    names = {"commit_sha": "commit", "branch_name": "branch", "has_uncommitted_changes": "dirty"}
    return {ours: info[theirs] for theirs, ours in names.items() if theirs in info}
