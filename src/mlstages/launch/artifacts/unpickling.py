"""A stored blob becomes the value again; its arrays use the memory that the blob is in.

The pickle is read without its arrays, and with other opcodes around them. NumPy's own end an
array with BUILD: an empty array takes its state, which must hold bytes, so it would be a copy.
"""

import pickle
import struct
from typing import Any, Final

from mlstages.launch.artifacts.arrays import make_array
from mlstages.launch.artifacts.layout import STATE_ENDS, measure_end_of_array
from mlstages.launch.artifacts.stream import write_header
from mlstages.launch.artifacts.trailer import read_trailer

_NEXT_BUFFER: Final = b"\x97"
_MAKE_ARRAY: Final = f"c{make_array.__module__}\n{make_array.__name__}\n".encode()


def unpickle_in_place(memory: Any) -> Any:
    """Return the value of a blob that has a trailer, without copying its large arrays.

    Parameters
    ----------
    memory : buffer
        The blob, writable. Two values must not be made from the same memory: their arrays
        would be the same.
    """
    view = memoryview(memory)
    places, _end = read_trailer(view)
    if not places:
        return pickle.loads(view)
    rest: list[bytes | memoryview] = []
    after = 0
    for offset, length, _padding, memo in places:
        # The padding may stay: it does nothing.
        rest.append(view[after : offset - len(write_header(length))])
        after = offset + length
        after += measure_end_of_array(view[after:])
        rest.append(_NEXT_BUFFER + STATE_ENDS + _make_array_of(memo))
    rest.append(view[after:])
    arrays = [view[place.offset : place.offset + place.length] for place in places]
    return pickle.loads(b"".join(rest), buffers=arrays)


def _make_array_of(memo: int) -> bytes:
    """Return opcodes that turn an empty array and its state into the array.

    The array's own number in the memo holds both for a moment, and then the array: so all
    other numbers stay what they are.
    """
    put = struct.pack("<cI", b"r", memo)  # LONG_BINPUT
    get = struct.pack("<cI", b"j", memo)  # LONG_BINGET
    pop, pair, reduce = b"0", b"\x86", b"R"
    return pair + put + pop + _MAKE_ARRAY + get + reduce + put
