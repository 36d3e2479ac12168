"""How a pickle is laid out in its file, so that its arrays can be used where they lie.

The file is the pickle with bytes without effect before the header of each large array, such
that the array begins at a multiple of 64; then comes the trailer. What is left when both are
taken away is Metaflow's own pickle, whose SHA-1 is the name of the file. So the name is the
same whoever stores the value, and whoever stores it again after it was only read.
"""

import pickle
import struct
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from mlstages.launch.artifacts.stream import ArrayBytes, PickleStream, write_header
from mlstages.launch.artifacts.trailer import (
    Place,
    has_trailer,
    read_trailer,
    write_trailer,
)

ALIGNMENT: Final = 64
MOST_BESIDE_ARRAYS: Final = 1024 * 1024
"""Bytes of the rest of a pickle up to which it is worth to have its arrays in place.

The rest is read and copied for it; and of a value with many objects, the arrays are not what
takes the time.
"""


STATE_ENDS: Final = b"\x94t\x94"
"""What follows the bytes of an array: remember them, make a tuple of the state, remember it."""
_BUILD: Final = b"b"
_FRAME: Final = b"\x95"
_FRAME_LENGTH: Final = 9


class Part(NamedTuple):
    """Bytes of the file."""

    view: memoryview
    is_of_pickle: bool
    """Whether Metaflow's own pickle has them, too."""
    address: int | None
    """Where they lie in memory, if they are an array's."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A file, part by part."""

    parts: tuple[Part, ...]
    stream: PickleStream
    """The pickle; owns the memory."""

    @property
    def file_length(self) -> int:
        """Bytes of the file."""
        return sum(len(part.view) for part in self.parts)


def lay_out(stream: PickleStream) -> Layout:
    """Return how a pickle is stored raw."""
    beside = sum(len(part) for part in stream.parts if isinstance(part, bytes))
    is_worth_it = stream.has_arrays and beside <= MOST_BESIDE_ARRAYS
    memo = stream.pickler.memo.copy() if is_worth_it else {}
    parts: list[Part] = []
    places: list[Place] = []
    offset = 0

    def append(data: Any, is_of_pickle: bool = True, address: int | None = None) -> None:
        nonlocal offset
        view = memoryview(data)
        parts.append(Part(view, is_of_pickle, address))
        offset += len(view)

    for part, array, after in zip_longest(stream.parts, stream.parts[1:], stream.parts[2:]):
        if isinstance(part, ArrayBytes):
            append(part.view, address=part.address)
        elif isinstance(array, ArrayBytes) and id(array.array) in memo and _ends_array(after):
            length = len(array.view)
            header = write_header(length)
            append(part.removesuffix(header))
            padding = _pad(offset + len(header))
            append(padding, is_of_pickle=False)
            append(header)
            places.append(Place(offset, length, len(padding), memo[id(array.array)][0]))
        else:
            append(part)
    append(write_trailer(places), is_of_pickle=False)
    return Layout(tuple(parts), stream)


def measure_end_of_array(rest: memoryview) -> int:
    """Return the length of what ends an array after its bytes, the last opcode BUILD.

    Parameters
    ----------
    rest : memoryview
        What follows the bytes.

    Raises
    ------
    pickle.UnpicklingError
        If something else follows.
    """
    # A frame is a hint to readers, which may begin here.
    begin = _FRAME_LENGTH if bytes(rest[:1]) == _FRAME else 0
    end = begin + len(STATE_ENDS) + len(_BUILD)
    if rest[begin:end] != STATE_ENDS + _BUILD:
        raise pickle.UnpicklingError("the table of arrays does not fit the pickle")
    return end


def _ends_array(part: Any) -> bool:
    try:
        return measure_end_of_array(memoryview(part)) > 0
    except pickle.UnpicklingError:
        return False


def _pad(offset: int) -> bytes:
    """Return opcodes without effect, after which `offset` is a multiple of the alignment."""
    length = -offset % ALIGNMENT
    if length == 0:
        return b""
    if length < 3:
        length += ALIGNMENT
    # SHORT_BINBYTES pushes bytes, POP drops them.
    return struct.pack("<cB", b"C", length - 3) + bytes(length - 3) + b"0"


def strip_layout(blob: bytes) -> bytes:
    """Return Metaflow's own pickle of what a blob holds, whether it was laid out or not.

    Parameters
    ----------
    blob : bytes
    """
    if not has_trailer(blob):
        return blob
    view = memoryview(blob)
    places, end = read_trailer(view)
    pieces, after = [], 0
    for offset, length, padding, _memo in places:
        header = offset - len(write_header(length))
        pieces.append(view[after : header - padding])
        pieces.append(view[header : offset + length])
        after = offset + length
    return b"".join([*pieces, view[after:end]])
