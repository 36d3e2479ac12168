"""Whose a file is: the user's, or installed with Python or a package."""

import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import Final

_SITE: Final = ("site-packages", "dist-packages")


def is_users(path: Path | str) -> bool:
    """Return whether a file or folder is the user's: neither installed nor Python's own."""
    # Not by `Path.is_relative_to`: it is asked for each module that has been imported.
    return not f"{path}{os.sep}".startswith(_prefixes())


@cache
def installed_folders() -> tuple[Path, ...]:
    """Return where packages and the standard library are installed."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = {sysconfig.get_paths()[name] for name in names}
    paths |= {entry for entry in sys.path if Path(entry).name in _SITE}
    return tuple(Path(path) for path in paths) + tuple(Path(path).resolve() for path in paths)


@cache
def _prefixes() -> tuple[str, ...]:
    return tuple(f"{folder}{os.sep}" for folder in installed_folders())
