"""Which versions stand behind the names of installed modules, with what they require."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

_FOLDER: Final = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)\.(dist|egg)-info")
_REQUIRED: Final = re.compile(r"^Requires-Dist:\s*([\w.-]+)(.*)$", re.MULTILINE)
_FILES_OF_METADATA: Final = ("METADATA", "PKG-INFO")


class Distribution(NamedTuple):
    """An installed package."""

    name: str
    version: str
    folder: Path
    """Its ``.dist-info``."""


def list_distributions(path: Iterable[str] | None = None) -> dict[str, Distribution]:
    """Return the installed packages by normalised name; what stands first on the path wins.

    Parameters
    ----------
    path : iterable of str or None, default=None
        Folders; None is `sys.path`.
    """
    found: dict[str, Distribution] = {}
    for entry in sys.path if path is None else path:
        folder = Path(entry)
        for child in sorted(folder.iterdir()) if folder.is_dir() else ():
            match = _FOLDER.fullmatch(child.name)
            if match:
                name = _normalise(match["name"])
                found.setdefault(name, Distribution(name, match["version"], child))
    return found


def find_versions(
    modules: Iterable[str],
    installed: Mapping[str, Distribution],
    owners: dict[str, list[str]],
) -> dict[str, str | None]:
    """Return the version by name of each package behind some modules, and what it requires.

    Parameters
    ----------
    modules : iterable of str
        Top-level names: ``sklearn``.
    installed : mapping of str to Distribution
    owners : dict of str to list of str
        Packages by module, as far as they are known; it is filled.

    Returns
    -------
    dict
        None for a module that belongs to no package.
    """
    versions: dict[str, str | None] = {}
    todo: list[str] = []
    for module in modules:
        if module not in owners:
            owners[module] = _find_owners(module, installed)
        if not owners[module]:
            versions[f"{module} (module)"] = None
        todo += owners[module]
    while todo:
        name = todo.pop()
        if name in versions or name not in installed:
            continue
        versions[name] = installed[name].version
        todo += _list_required(installed[name].folder)
    return dict(sorted(versions.items()))


def _find_owners(module: str, installed: Mapping[str, Distribution]) -> list[str]:
    name = _normalise(module)
    if name in installed:
        return [name]
    return sorted(one.name for one in installed.values() if module in _list_modules(one.folder))


def _list_modules(folder: Path) -> Iterator[str]:
    listed = folder / "top_level.txt"
    if listed.is_file():
        yield from listed.read_text(encoding="utf-8").split()
        return
    record = folder / "RECORD"
    if record.is_file():
        for line in record.read_text(encoding="utf-8").splitlines():
            first = line.partition(",")[0].partition("/")[0]
            yield first.partition(".")[0]


def _list_required(folder: Path) -> list[str]:
    for name in _FILES_OF_METADATA:
        path = folder / name
        if path.is_file():
            head = path.read_text(encoding="utf-8").partition("\n\n")[0]
            return [
                _normalise(required)
                for required, rest in _REQUIRED.findall(head)
                if "extra ==" not in rest
            ]
    return []


def _normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
