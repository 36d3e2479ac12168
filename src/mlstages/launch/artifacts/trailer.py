"""Where the arrays of a blob lie: a table after the end of its pickle.

Unpicklers stop at the pickle's last opcode and never see it, so the file stays one that
`pickle.loads` reads.
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

_MARK: Final = b"\nmlstages/arrays"
_COUNT: Final = struct.Struct("<Q")
_PLACE: Final = struct.Struct("<QQ")

LENGTH: Final = len(_MARK) + _COUNT.size
"""Bytes of the trailer of a blob without arrays: no trailer is shorter."""


class Place(NamedTuple):
    """Where the bytes of one array lie."""

    offset: int
    """From the beginning of the blob."""
    length: int


def write_trailer(places: Sequence[Place]) -> bytes:
    """Return what stands after the pickle."""
    return b"".join([*(_PLACE.pack(*place) for place in places), _COUNT.pack(len(places)), _MARK])


def has_trailer(end: bytes) -> bool:
    """Return whether a blob that ends so has a trailer.

    Parameters
    ----------
    end : bytes
        Its last `LENGTH` bytes.
    """
    return end.endswith(_MARK)


def read_trailer(blob: memoryview) -> list[Place]:
    """Return where the arrays of a blob lie that has a trailer.

    Examples
    --------
    >>> read_trailer(memoryview(b"pickle" + write_trailer([Place(64, 8)])))
    [Place(offset=64, length=8)]
    """
    end = len(blob) - LENGTH
    (count,) = _COUNT.unpack_from(blob, end)
    table = blob[end - count * _PLACE.size : end]
    return [Place(*numbers) for numbers in _PLACE.iter_unpack(table)]
