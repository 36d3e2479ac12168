"""A stored blob becomes the value again; its arrays use the memory that the blob is in."""

import pickle
from typing import Any, Final

from mlstages.launch.artifacts.stream import HEADER
from mlstages.launch.artifacts.trailer import read_trailer

_NEXT_BUFFER: Final = b"\x97"


def unpickle_in_place(memory: Any) -> Any:
    """Return the value of a blob that has a trailer, without copying its large arrays.

    Parameters
    ----------
    memory : buffer
        The blob, writable. Two values must not be made from the same memory: their arrays
        would be the same.
    """
    view = memoryview(memory)
    places = read_trailer(view)
    if not places:
        return pickle.loads(view)
    rest: list[bytes | memoryview] = []
    arrays, after = [], 0
    for offset, length in places:
        # Protocol 5 has an opcode that takes the next buffer from outside of the pickle.
        rest += [view[after : offset - HEADER.size], _NEXT_BUFFER]
        after = offset + length
        arrays.append(view[offset:after])
    rest.append(view[after:])
    return pickle.loads(b"".join(rest), buffers=arrays)
