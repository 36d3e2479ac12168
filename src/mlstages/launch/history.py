"""Where the runs of this folder are kept, by Metaflow's own rule, and access to them.

Metaflow keeps runs in the nearest ``.metaflow`` upwards, else makes one in the current
folder (`LocalStorage.get_datastore_root_from_config`, 2.19).
"""

import http.client
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

import metaflow
from metaflow.metaflow_config import (
    DATASTORE_SYSROOT_LOCAL,
    DEFAULT_DATASTORE,
    DEFAULT_METADATA,
    S3_ENDPOINT_URL,
    SERVICE_URL,
)

from mlstages.errors import FileError, RunFailedError
from mlstages.launch.identity import supply_username

_FOLDER: Final = ".metaflow"
_PATIENCE: Final = 10
"""Seconds that a service has to answer."""


def find_history(here: Path | None = None) -> Path:
    """Return the folder of the runs that belong to a folder; it may not exist yet.

    Parameters
    ----------
    here : Path or None, default=None
        An absolute path; None is the current folder.
    """
    if DATASTORE_SYSROOT_LOCAL:
        return Path(DATASTORE_SYSROOT_LOCAL).absolute() / _FOLDER
    here = here or Path.cwd()
    for folder in (here, *here.parents):
        if (folder / _FOLDER).is_dir():
            return folder / _FOLDER
    return here / _FOLDER


def describe_history(metadata: str = DEFAULT_METADATA, datastore: str = DEFAULT_DATASTORE) -> str:
    """Return where the runs are: a folder, or what Metaflow is configured or asked for."""
    if (metadata, datastore) == ("local", "local"):
        return str(find_history())
    return f"Metaflow's {metadata} metadata and {datastore} datastore"


def open_history(metadata: str = DEFAULT_METADATA) -> bool:
    """Point Metaflow's Client API at the runs of the current folder, whoever ran them.

    Parameters
    ----------
    metadata : str, default=what Metaflow is configured for
        ``local`` or ``service``. Where the artifacts are stands with each run.

    Returns
    -------
    bool
        Whether there is a history at all.

    Notes
    -----
    The Client remembers the folder of its first use for the life of the process, even
    where the current folder has changed since; so it is told each time.
    """
    supply_username()
    metaflow.namespace(None)
    if metadata != "local":
        metaflow.metadata(metadata)
        return True
    history = find_history()
    if not history.is_dir():
        return False
    metaflow.metadata(f"local@{history.parent}")
    return True


def require_writable_history(
    metadata: str = DEFAULT_METADATA, datastore: str = DEFAULT_DATASTORE
) -> None:
    """Return if a run can be kept.

    Raises
    ------
    FileError
        If the folder of the runs cannot be written.
    RunFailedError
        If a service that is to keep the run does not answer.
    """
    if metadata == "service":
        _require_answer("Metaflow's metadata service", SERVICE_URL, "METAFLOW_SERVICE_URL")
    if datastore == "s3" and S3_ENDPOINT_URL:  # without one it is Amazon's own
        _require_answer("the S3 store", S3_ENDPOINT_URL, "METAFLOW_S3_ENDPOINT_URL")
    if "local" not in (metadata, datastore):
        return
    history = find_history()
    folder = next(folder for folder in (history, *history.parents) if folder.is_dir())
    try:
        # Trying is the only sure way: root passes each check of permissions.
        with tempfile.TemporaryDirectory(dir=folder, prefix=".mlstages-"):
            pass
    except OSError as error:
        raise FileError(
            f"Metaflow keeps its history in {history}, which cannot be written "
            f"({error.strerror}): change to a folder that can, or set "
            "METAFLOW_DATASTORE_SYSROOT_LOCAL"
        ) from None


def _require_answer(service: str, url: str | None, variable: str) -> None:
    # Metaflow itself shows a traceback, or for S3 tries again for a quarter of an hour.
    if not url:
        raise RunFailedError(f"{service} has no address: set {variable}")
    try:
        urllib.request.urlopen(url, timeout=_PATIENCE).close()
    except urllib.error.HTTPError:  # an answer, if only to say that we did not ask for a file
        return
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise RunFailedError(
            f"{service} at {url} does not answer ({reason}): start it, or set {variable}"
        ) from None
