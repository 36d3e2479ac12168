"""The profile that Metaflow is to take its settings from, before Metaflow is imported.

Where ``METAFLOW_PROFILE`` names one that is not there, Metaflow cannot even be imported
(`metaflow.metaflow_config_funcs.init_config`, 2.19): so this module does not import it.
"""

import os
from pathlib import Path

from mlstages.errors import FileError


def require_profile() -> None:
    """Return if Metaflow can be imported with the profile that the environment names, if any.

    Raises
    ------
    FileError
        If there is no such profile.
    """
    profile = os.environ.get("METAFLOW_PROFILE")
    if not profile:
        return
    home = Path(os.environ.get("METAFLOW_HOME", "~/.metaflowconfig")).expanduser()
    settings = home / f"config_{profile}.json"
    if not settings.exists():
        raise FileError(
            f"METAFLOW_PROFILE names the profile {profile!r}, and {settings} does not exist: "
            "unset it, or make the file"
        )
