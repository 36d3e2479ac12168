"""What is kept between runs to save time, beside the history: nothing here is believed.

Modules that were taken apart, by the digest of their text; and an index of traces, each
checked against its task before it is used. Deleting the folder costs one run.
"""

import hashlib
import json
import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from mlstages.launch.reuse import source
from mlstages.launch.reuse.source import ImportedName, Module, Unit, UnitKind, Use, read_module

FOLDER: Final = ".mlstages-reuse"
"""Within the folder of the runs, where Metaflow sees no flow in it."""

_LARGEST_INDEX: Final = 4_000_000
"""Bytes; the older half is forgotten beyond."""


class CodeCache:
    """Modules by the digest of their text, and packages by module.

    Parameters
    ----------
    path : Path or None
        None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._kept: dict[str, Any] = _read_json(path) if path is not None else {}
        if self._kept.get("layout") != _describe_layout():
            self._kept = {}
        self._modules: dict[str, Any] = self._kept.get("modules", {})
        self._used: dict[str, Any] = {}
        self._owners: dict[str, Any] = self._kept.get("owners", {})
        self._is_changed = False
        self._owned = len(self._owners.get("by_module", {}))

    def read_module(self, text: bytes) -> Module:
        """Return the units of a module; raises as `source.read_module`."""
        key = hashlib.sha256(text).hexdigest()
        if key in self._modules:
            self._used[key] = self._modules[key]
            return decode_module(self._modules[key])
        module = read_module(text)
        self._used[key] = encode_module(module)
        self._is_changed = True
        return module

    def owners(self, installed: list[str]) -> dict[str, list[str]]:
        """Return packages by module, as long as the same ones are installed; to be filled."""
        digest = hashlib.sha256("\n".join(installed).encode()).hexdigest()
        if self._owners.get("installed") != digest:
            self._owners = {"installed": digest, "by_module": {}}
            self._owned = 0
        found: dict[str, list[str]] = self._owners["by_module"]
        return found

    def save(self) -> None:
        """Write what has changed; where that is not possible the next run takes longer."""
        grown = len(self._owners.get("by_module", {})) != self._owned
        if self._path is not None and (self._is_changed or grown):
            kept = {"layout": _describe_layout(), "modules": self._used, "owners": self._owners}
            _write(self._path, json.dumps(kept, separators=(",", ":")))


@cache
def _describe_layout() -> str:
    """Return what makes a module that was taken apart useless: another reader, or Python."""
    reader = hashlib.sha256(Path(source.__file__).read_bytes()).hexdigest()
    return f"{reader}-{sys.version}"


def encode_module(module: Module) -> list[Any]:
    """Return a module as JSON takes it."""
    return [
        [_encode_unit(unit) for unit in module.units],
        module.imports,
        module.stars,
        [_encode_unit(unit) for unit in module.main],
    ]


def decode_module(kept: list[Any]) -> Module:
    """Return the module that `encode_module` wrote down."""
    units, imports, stars, main = kept
    return Module(
        units=tuple(map(_decode_unit, units)),
        imports=_decode_imports(imports),
        stars=tuple(ImportedName(*one) for one in stars),
        main=tuple(map(_decode_unit, main)),
    )


def _encode_unit(unit: Unit) -> list[Any]:
    return [
        *(unit.names, unit.kind, unit.line, unit.digest, unit.documented_digest),
        *(unit.uses, unit.imports, sorted(unit.attributes), unit.decorators),
        *(unit.decorator_digests, unit.looks_up_names, unit.members),
    ]


def _decode_unit(kept: list[Any]) -> Unit:
    names, kind, line, digest, documented, uses, imports, attributes, *others = kept
    above, decorator_digests, dynamic, members = others
    return Unit(
        names=tuple(names),
        kind=UnitKind(kind),
        line=line,
        digest=digest,
        documented_digest=documented,
        uses=_decode_uses(uses),
        imports=_decode_imports(imports),
        attributes=frozenset(attributes),
        decorators=_decode_uses(above),
        decorator_digests=tuple((one, tuple(words)) for one, words in decorator_digests),
        looks_up_names=dynamic,
        members=tuple(members),
    )


def _decode_uses(kept: list[Any]) -> tuple[Use, ...]:
    return tuple(
        Use(tuple(chain), line, how, tuple(constants), tuple(keywords), *flags)
        for chain, line, how, constants, keywords, *flags in kept
    )


def _decode_imports(kept: list[Any]) -> tuple[tuple[str, ImportedName], ...]:
    return tuple((alias, ImportedName(*name)) for alias, name in kept)


class Index:
    """Lines of JSON, one a trace, that any number of processes append to.

    Parameters
    ----------
    path : Path or None
        None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def append(self, line: dict[str, Any]) -> None:
        """Add a line; in one write, so that lines of several tasks do not mix."""
        if self._path is None:
            return
        text = json.dumps(line, separators=(",", ":")) + "\n"
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, text.encode())
            finally:
                os.close(handle)

    def read_lines(self) -> list[bytes]:
        """Return the lines, the newest first."""
        try:
            text = self._path.read_bytes() if self._path is not None else b""
        except OSError:
            return []
        return text.splitlines()[::-1]

    def trim(self) -> None:
        """Forget the older half of an index that has grown too large."""
        with suppress(OSError):
            if self._path is not None and self._path.stat().st_size > _LARGEST_INDEX:
                lines = self._path.read_bytes().splitlines(keepends=True)
                _write(self._path, b"".join(lines[len(lines) // 2 :]).decode())


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, text: str) -> None:
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
