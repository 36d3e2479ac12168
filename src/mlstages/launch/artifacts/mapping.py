"""A file becomes memory that may be written without the file noticing.

The pages of a private mapping are those of the page cache, shared by all tasks that map the
file, until one is written: then the task gets its own copy of that page.
"""

import ctypes
import mmap
import os
import sys
from pathlib import Path
from typing import Final

_PAGEMAP: Final = Path("/proc/self/pagemap")
_ENTRY: Final = 8

# The topmost byte of an entry, from the kernel's Documentation/admin-guide/mm/pagemap.rst.
_PRESENT: Final = 0x80
_SWAPPED: Final = 0x40
_OF_THE_FILE: Final = 0x20


class MappedBlob(mmap.mmap):
    """A blob in a private mapping."""

    key: str
    path: Path

    @property
    def address(self) -> int:
        """Where the mapping begins."""
        return ctypes.addressof(ctypes.c_char.from_buffer(self))


def map_blob(path: Path, key: str) -> MappedBlob:
    """Return the file of a blob as memory of this process.

    Parameters
    ----------
    path : Path
    key : str
        The blob's name.

    Raises
    ------
    OSError
        If the file system cannot map, or there are no file descriptors left.
    """
    with path.open("rb") as file:
        blob = MappedBlob(file.fileno(), 0, access=mmap.ACCESS_COPY)
    blob.key, blob.path = key, path
    return blob


def is_untouched(blob: MappedBlob) -> bool:
    """Return whether nothing was written into the mapping: then it is what the file is.

    Only Linux can tell; elsewhere, and whenever in doubt, the answer is False.

    Notes
    -----
    A page that was written is no longer one of the file, and the kernel says so of each page
    of a process to that process. Whether it does is tried on a page of the same file first:
    not every system that has ``/proc`` is Linux.
    """
    if sys.byteorder != "little" or not _PAGEMAP.exists():
        return False
    try:
        with map_blob(blob.path, blob.key) as trial:
            trial[0]
            told_of_reading = _is_of_the_file(trial.address, 1)
            trial[:1] = trial[:1]
            told_of_writing = not _is_of_the_file(trial.address, 1)
        is_told = told_of_reading and told_of_writing
        return is_told and _is_of_the_file(blob.address, len(blob))
    except OSError:
        return False


def _is_of_the_file(address: int, length: int) -> bool:
    first = address // mmap.PAGESIZE
    last = (address + length - 1) // mmap.PAGESIZE
    wanted = (last - first + 1) * _ENTRY
    with _PAGEMAP.open("rb", buffering=0) as pagemap:
        entries = os.pread(pagemap.fileno(), wanted, first * _ENTRY)
    # Few different ones: so it does not matter how many pages there are.
    kinds = set(entries[_ENTRY - 1 :: _ENTRY])
    return len(entries) == wanted and all(
        not kind & _SWAPPED and (kind & _OF_THE_FILE or not kind & _PRESENT) for kind in kinds
    )
