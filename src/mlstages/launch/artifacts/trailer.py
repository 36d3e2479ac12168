"""Where the arrays of a blob lie: a table after the end of its pickle.

Unpicklers stop at the pickle's last opcode and never see it, so the file stays one that
`pickle.loads` reads.
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

_MARK: Final = b"\nmlstages/arrays"
_COUNT: Final = struct.Struct("<Q")
_PLACE: Final = struct.Struct("<4Q")

LENGTH: Final = len(_MARK) + _COUNT.size
"""Bytes of the trailer of a blob without arrays: no trailer is shorter."""


class Place(NamedTuple):
    """Where the bytes of one array lie, and what the pickle has for it."""

    offset: int
    """From the beginning of the blob."""
    length: int
    padding: int
    """Bytes without effect that were put before the array's header."""
    memo: int
    """The number under which the pickle remembers the array."""


def write_trailer(places: Sequence[Place]) -> bytes:
    """Return what stands after the pickle."""
    return b"".join([*(_PLACE.pack(*place) for place in places), _COUNT.pack(len(places)), _MARK])


def has_trailer(end: bytes | memoryview) -> bool:
    """Return whether a blob that ends so has a trailer."""
    return end[-len(_MARK) :] == _MARK


def read_trailer(blob: memoryview) -> tuple[list[Place], int]:
    """Return where the arrays of a blob with a trailer lie, and where the trailer begins.

    Examples
    --------
    >>> read_trailer(memoryview(b"pickle" + write_trailer([Place(64, 8, 3, 1)])))
    ([Place(offset=64, length=8, padding=3, memo=1)], 6)
    """
    end = len(blob) - LENGTH
    (count,) = _COUNT.unpack_from(blob, end)
    begin = end - count * _PLACE.size
    return [Place(*numbers) for numbers in _PLACE.iter_unpack(blob[begin:end])], begin
