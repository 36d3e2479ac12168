"""Where the caches of reuse lie: beside the runs of a local history, else with the user's."""

import os
from pathlib import Path
from typing import Any

from mlstages.launch.reuse.store import FOLDER, CodeCache, Index


def find_folder(flow_datastore: Any) -> Path:
    """Return the folder of the caches of a flow; it may not exist yet.

    Parameters
    ----------
    flow_datastore : metaflow.datastore.FlowDataStore
    """
    if flow_datastore.TYPE == "local":
        return Path(flow_datastore.datastore_root, FOLDER)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "mlstages" / "reuse"


def find_index(flow_datastore: Any) -> Index:
    """Return the index of the traces of a flow."""
    return Index(find_folder(flow_datastore) / f"{flow_datastore.flow_name}.jsonl")


def find_code_cache(flow_datastore: Any) -> CodeCache:
    """Return what is kept of the code of a flow."""
    return CodeCache(find_folder(flow_datastore) / f"{flow_datastore.flow_name}-code.json")
