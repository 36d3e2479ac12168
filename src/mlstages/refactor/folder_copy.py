"""A folder, copied for a run and made again as it was before the next.

Files are never linked: a run that writes to one must not write to the user's. Where the file
system can, a copy shares the disk's blocks with what it is a copy of.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mlstages.errors import FileError

SKIPPED: Final = frozenset(
    {".git", ".venv", "venv", "__pycache__", ".metaflow", "node_modules", ".mypy_cache", ".tox"}
)
"""Folders that no script works with."""
_FICLONE: Final = 0x40049409
"""Linux: the copy shares the disk's blocks until one of the two is written to."""
_CHUNK: Final = 2**20
_UPWARD: Final = re.compile(
    r"\.\.[/\\\\]|[\"']\.\.[\"']|\.parent\.parent|\.parents\b|\bpardir\b"
    r"|dirname\(\s*os\.path\.dirname"
)
"""How a script names what lies above its folder."""


def find_beside(source: Path, text: str, scratch: Path) -> frozenset[str]:
    """Return which entries of the folder above a script needs, if it looks there at all.

    All of them where they are not large, for a name may be put together by the script, or be
    read by a module that it imports; else those that it names.
    """
    if not _UPWARD.search(text):
        return frozenset()
    entries = [
        entry
        for entry in source.parent.iterdir()
        if entry != source and entry.name not in SKIPPED and not scratch.is_relative_to(entry)
    ]
    if _are_large(entries):
        entries = [e for e in entries if _names(text, e.name) or _names(text, e.stem)]
    return frozenset(entry.name for entry in entries)


def _are_large(entries: list[Path]) -> bool:
    n_files, total = 0, 0
    for entry in entries:
        for size, _ in _find_sizes(entry):
            n_files += 1
            total += size
            if n_files > _MOST_FILES or total > _MOST_BYTES:
                return True
        total += 0 if entry.is_dir() else entry.lstat().st_size
    return total > _MOST_BYTES


_MOST_FILES: Final = 5_000
_MOST_BYTES: Final = 200 * 2**20


def _find_sizes(source: Path) -> Iterator[tuple[int, Path]]:
    """Yield each file of a folder that is copied, after its size."""
    for folder, folders, names in os.walk(source):
        folders[:] = [name for name in folders if name not in SKIPPED]
        paths = (Path(folder, name) for name in names)
        yield from ((path.lstat().st_size, path) for path in paths)


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def restore(source: Path, target: Path) -> None:
    """Make a folder the copy of another; what is as it was copied is left alone."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        target.unlink()
    target.mkdir(parents=True, exist_ok=True)
    wanted = {entry.name: entry for entry in source.iterdir() if entry.name not in SKIPPED}
    for entry in list(target.iterdir()):
        if entry.name not in wanted:
            shutil.rmtree(entry) if _is_folder(entry) else entry.unlink()
    for name, entry in wanted.items():
        restore_entry(entry, target / name)
    target.chmod(source.stat().st_mode | 0o700)


def require_space(source: Path, scratch: Path) -> None:
    """Refuse a folder for whose copy there is no room.

    Raises
    ------
    FileError
        It says how much is missing, and what takes the space.
    """
    sizes = list(_find_sizes(source))
    needed, free = sum(size for size, _ in sizes), shutil.disk_usage(scratch).free
    if needed > free:
        size, largest = max(sizes)
        raise FileError(
            f"{source} is copied to run the script there, and is too large: {needed:,} bytes, "
            f"{free:,} are free in {scratch.parent}; its largest file is {largest} ({size:,}). "
            "Put the script into a folder of its own, or choose another place for copies (TMPDIR)"
        )


def restore_entry(entry: Path, copy: Path) -> None:
    """Make a file or a folder the copy of another; what cannot be read is left out."""
    if not os.access(entry, os.R_OK):
        return  # nor can the script read it
    if _is_folder(entry):
        restore(entry, copy)
    elif entry.is_symlink() or entry.is_file():
        _restore_file(entry, copy)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _restore_file(entry: Path, copy: Path) -> None:
    if _is_folder(copy):
        shutil.rmtree(copy)
    if entry.is_symlink() and not entry.is_file():
        return  # what it points to is a folder, or nothing
    same = entry.stat()
    if copy.is_file() and not copy.is_symlink():
        now = copy.stat()
        if (now.st_mtime_ns, now.st_size) == (same.st_mtime_ns, same.st_size):
            return
    copy.unlink(missing_ok=True)
    with entry.open("rb") as source, copy.open("wb") as target:
        try:
            fcntl.ioctl(target, _FICLONE, source.fileno())
        except OSError:  # a file system that cannot share what two files have in common
            shutil.copyfileobj(source, target, _CHUNK)
    shutil.copystat(entry, copy)
