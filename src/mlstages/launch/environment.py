"""What a run depends on beside its code and its data: Python, platform, packages."""

import platform
import re
import sys
from pathlib import Path
from typing import Any, Final

_DISTRIBUTION: Final = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)\.(dist|egg)-info")


def describe_environment() -> dict[str, Any]:
    """Return versions and platform, in plain types.

    Returns
    -------
    dict
        ``python``, ``platform``, and ``packages``: version by name of every distribution
        that can be imported here.

    Notes
    -----
    Read from the names of the ``.dist-info`` folders, which the packaging standard fixes:
    opening each one's metadata would take a hundred times as long.
    """
    packages: dict[str, str] = {}
    for entry in sys.path:
        folder = Path(entry)
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        for match in filter(None, map(_DISTRIBUTION.fullmatch, names)):
            # What stands first on the path is what is imported.
            packages.setdefault(match["name"].lower().replace("_", "-"), match["version"])
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": dict(sorted(packages.items())),
    }
