"""Where the runs of this folder are kept, by Metaflow's own rule, and access to them.

Metaflow keeps runs in the nearest ``.metaflow`` upwards, else makes one in the current
folder (`LocalStorage.get_datastore_root_from_config`, 2.19).
"""

import tempfile
from pathlib import Path
from typing import Final

import metaflow
from metaflow.metaflow_config import DATASTORE_SYSROOT_LOCAL, DEFAULT_DATASTORE, DEFAULT_METADATA

from mlstages.errors import FileError
from mlstages.launch.identity import supply_username

_FOLDER: Final = ".metaflow"


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


def describe_history() -> str:
    """Return where the runs are: a folder, or the service that Metaflow is configured for."""
    if (DEFAULT_METADATA, DEFAULT_DATASTORE) == ("local", "local"):
        return str(find_history())
    return f"Metaflow's {DEFAULT_METADATA} metadata and {DEFAULT_DATASTORE} datastore"


def open_history() -> bool:
    """Point Metaflow's Client API at the runs of the current folder, whoever ran them.

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
    if (DEFAULT_METADATA, DEFAULT_DATASTORE) != ("local", "local"):
        return True
    history = find_history()
    if not history.is_dir():
        return False
    metaflow.metadata(f"local@{history.parent}")
    return True


def require_writable_history() -> None:
    """Return if a run can be kept.

    Raises
    ------
    FileError
        If the folder of the runs cannot be written.
    """
    if (DEFAULT_METADATA, DEFAULT_DATASTORE) != ("local", "local"):
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
