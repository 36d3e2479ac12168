"""Where the runs of this folder are, found without loading Metaflow.

`mlstages.launch.history` asks Metaflow itself; a server that starts in a quarter of a second
cannot. A test holds both against each other.
"""

import json
import os
from pathlib import Path
from typing import Final

_VARIABLE: Final = "METAFLOW_DATASTORE_SYSROOT_LOCAL"


def find_history() -> Path:
    """Return the folder of the runs that belong to the current folder; it may not exist yet."""
    root = os.environ.get(_VARIABLE) or _read_configured()
    here = Path.cwd()
    if root:
        return Path(root).absolute() / ".metaflow"
    for folder in (here, *here.parents):
        if (folder / ".metaflow").is_dir():
            return folder / ".metaflow"
    return here / ".metaflow"


def _read_configured() -> str | None:
    """Return what Metaflow's file of settings has (`metaflow_config_funcs.init_config`, 2.19)."""
    home = Path(os.environ.get("METAFLOW_HOME", "~/.metaflowconfig")).expanduser()
    profile = os.environ.get("METAFLOW_PROFILE")
    path = home / (f"config_{profile}.json" if profile else "config.json")
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    value = settings.get(_VARIABLE)
    return value if isinstance(value, str) else None
