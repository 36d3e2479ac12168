"""Where the runs of this folder are kept: Metaflow's own rule, and whether it can be written.

Metaflow keeps runs in the nearest ``.metaflow`` upwards, else makes one in the current
folder (`LocalStorage.get_datastore_root_from_config`, 2.19).
"""

import tempfile
from pathlib import Path
from typing import Final

from metaflow.metaflow_config import DATASTORE_SYSROOT_LOCAL, DEFAULT_DATASTORE, DEFAULT_METADATA

from mlstages.errors import FileError

_FOLDER: Final = ".metaflow"


def find_history() -> Path:
    """Return the folder of the runs that belong to the current folder; it may not exist yet."""
    if DATASTORE_SYSROOT_LOCAL:
        return Path(DATASTORE_SYSROOT_LOCAL).absolute() / _FOLDER
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / _FOLDER).is_dir():
            return folder / _FOLDER
    return here / _FOLDER


def describe_history() -> str:
    """Return where the runs are: a folder, or the service that Metaflow is configured for."""
    if (DEFAULT_METADATA, DEFAULT_DATASTORE) == ("local", "local"):
        return str(find_history())
    return f"Metaflow's {DEFAULT_METADATA} metadata and {DEFAULT_DATASTORE} datastore"


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
