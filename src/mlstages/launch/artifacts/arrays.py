"""Which arrays are stored as they lie in memory, and from what they are made again.

NumPy is not imported here: where an artifact has an array, NumPy has been.
"""

import sys
from collections.abc import Callable
from typing import Any, Final

LARGE: Final = 64 * 1024
"""Bytes from which on an array is stored in a place of its own.

Also the size from which on `pickle.Pickler` hands a bytes object over instead of copying it
(FRAME_SIZE_TARGET), which `mlstages.launch.artifacts.stream` rests on.
"""

# Of fixed size, and nothing but bytes. (np.dtypes.StringDType, kind T, points elsewhere.)
_KINDS: Final = frozenset("biufcmMSUV")

Reduced = tuple[Any, ...]


def make_reducer(place: Callable[[Any], bytes]) -> tuple[type, Callable[[Any], Reduced]] | None:
    """Return the class of arrays and how pickle takes one apart; None without NumPy.

    Parameters
    ----------
    place : callable
        Is given the bytes of a large array, an array of uint8, and returns what shall stand
        for them in the pickle.
    """
    numpy = sys.modules.get("numpy")
    array_type: type | None = getattr(numpy, "ndarray", None)
    if numpy is None or array_type is None:
        return None
    # numpy._core.numeric._frombuffer, which NumPy's own pickles of protocol 5 name (1.26: in
    # numpy.core): frombuffer(buffer, dtype).reshape(shape, order=order).
    make_array = numpy.empty(1, "u1").__reduce_ex__(5)[0]

    def reduce(array: Any) -> Reduced:
        if not _is_plain(array):
            # As Metaflow pickles it, whatever protocol we have.
            return tuple(array.__reduce_ex__(4))
        order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
        # In protocol 4, too, an array that is neither becomes one in C's order.
        flat = array.ravel(order=order).view("u1")
        return make_array, (place(flat), array.dtype, array.shape, order)

    return array_type, reduce


def _is_plain(array: Any) -> bool:
    dtype = array.dtype
    return bool(
        array.nbytes >= LARGE
        and dtype.kind in _KINDS
        and not dtype.hasobject
        # Protocol 4 has NumPy turn other byte orders into the machine's own.
        and dtype.isnative
        and dtype.metadata is None
    )


def address_of(array: Any) -> int:
    """Return where an array of uint8 lies in memory."""
    return int(array.__array_interface__["data"][0])
