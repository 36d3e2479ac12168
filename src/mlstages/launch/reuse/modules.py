"""Where a module's code is, and whose: the user's is followed, a package's has a version."""

import importlib.machinery
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from mlstages.launch.installed import is_users


class Owner(StrEnum):
    """Who wrote a module."""

    USER = "user"
    """It lies beside the flow, or in a package that is not installed but linked."""
    PACKAGE = "package"
    """It lies in site-packages: its version stands for its code."""
    PYTHON = "python"
    """The standard library."""
    MISSING = "missing"


class ModuleHome(NamedTuple):
    """Whose a module is, and its file where that is followed."""

    owner: Owner
    path: Path | None


MAIN: Final = "__main__"


def locate(name: str) -> ModuleHome:
    """Return where a module is, without importing it.

    Parameters
    ----------
    name : str
        With dots; ``__main__`` is the flow's own file.
    """
    top, _, rest = name.partition(".")
    if top in sys.stdlib_module_names:
        return ModuleHome(Owner.PYTHON, None)
    origin, folders = _find_top(top)
    if origin is None and not folders:
        return ModuleHome(Owner.MISSING, None)
    if not is_users(origin or folders[0]):
        return ModuleHome(Owner.PACKAGE, None)
    for word in rest.split(".") if rest else ():
        origin, folders = _step_down(folders, word)
        if origin is None and not folders:
            return ModuleHome(Owner.MISSING, None)
    return ModuleHome(Owner.USER, origin)


def _find_top(name: str) -> tuple[Path | None, tuple[Path, ...]]:
    module = sys.modules.get(name)
    if module is not None:
        file = getattr(module, "__file__", None)
        folders = getattr(module, "__path__", ())
        return (Path(file).absolute() if file else None), _paths(folders)
    spec = importlib.machinery.PathFinder.find_spec(name)
    return _origin(spec), _paths(spec.submodule_search_locations or () if spec else ())


def _step_down(folders: tuple[Path, ...], word: str) -> tuple[Path | None, tuple[Path, ...]]:
    spec = importlib.machinery.PathFinder.find_spec(word, [str(folder) for folder in folders])
    return _origin(spec), _paths(spec.submodule_search_locations or () if spec else ())


def _origin(spec: importlib.machinery.ModuleSpec | None) -> Path | None:
    if spec is None or spec.origin is None or not spec.has_location:
        return None
    return Path(spec.origin).absolute()


def _paths(folders: Iterable[str]) -> tuple[Path, ...]:
    return tuple(Path(folder).absolute() for folder in folders)
