"""Which arrays are stored as they lie in memory, and how they are taken apart and made again.

NumPy is not imported here: where an artifact has an array, NumPy has been.
"""

import sys
from collections.abc import Callable
from typing import Any, Final

LARGE: Final = 64 * 1024
"""Bytes from which on an array is a part of its own, and not copied.

Also the size from which on `pickle.Pickler` hands a bytes object over instead of copying it
(FRAME_SIZE_TARGET), which `mlstages.launch.artifacts.stream` rests on.
"""

# Of fixed size, and nothing but bytes. (np.dtypes.StringDType, kind T, points elsewhere.)
_KINDS: Final = frozenset("biufcmMSUV")

Reduced = tuple[Any, ...]


def make_reducer(
    hold_place: Callable[[Any, Any], bytes],
) -> tuple[type, Callable[[Any], Reduced]] | None:
    """Return the class of arrays and how pickle takes one apart; None without NumPy.

    Parameters
    ----------
    hold_place : callable
        Is given a large array and its bytes, an array of uint8; returns what shall stand for
        them in the pickle.
    """
    numpy = sys.modules.get("numpy")
    array_type: type | None = getattr(numpy, "ndarray", None)
    if numpy is None or array_type is None:
        return None
    empty = numpy.empty(0)

    def reduce(array: Any) -> Reduced:
        if not _is_plain(array):
            return tuple(array.__reduce_ex__(4))
        # What array.__reduce_ex__(4) returns, but for the bytes, of which it makes a copy.
        # (From an empty array each time: the same tuple twice would be pickled once.)
        make, arguments, _state = empty.__reduce__()
        is_fortran = bool(array.flags.f_contiguous and not array.flags.c_contiguous)
        data = array.ravel(order="F" if is_fortran else "C").view("u1")
        return make, arguments, (1, array.shape, array.dtype, is_fortran, hold_place(array, data))

    return array_type, reduce


def make_array(_empty: Any, state: tuple[Any, ...]) -> Any:
    """Return the array of a state that `make_reducer` has made, in the memory of its data."""
    _version, shape, dtype, is_fortran, data = state
    flat = sys.modules["numpy"].frombuffer(data, dtype=dtype)
    return flat.reshape(shape, order="F" if is_fortran else "C")


def address_of(data: Any) -> int:
    """Return where an array of uint8 lies in memory."""
    return int(data.__array_interface__["data"][0])


def _is_plain(array: Any) -> bool:
    dtype = array.dtype
    return bool(
        array.nbytes >= LARGE
        and dtype.kind in _KINDS
        and not dtype.hasobject
        # NumPy turns other byte orders into the machine's own when it unpickles.
        and dtype.isnative
        and dtype.metadata is None
    )
