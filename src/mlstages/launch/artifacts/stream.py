"""An object becomes the parts of a pickle; its large arrays are among them as they are.

What `pickle.loads` reads, with the bytes of each large array beginning at a multiple of 64,
so that they can be used where they lie in a mapped file. Nothing is joined or copied: the
parts go to the file one after the other.
"""

import copyreg
import pickle
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mlstages.launch.artifacts.arrays import LARGE, address_of, make_reducer
from mlstages.launch.artifacts.trailer import Place, write_trailer

ALIGNMENT: Final = 64
HEADER: Final = struct.Struct("<cQ")
"""What stands before an array: the opcode of a bytearray, and its length."""

_BYTEARRAY8: Final = b"\x96"
_PLACEHOLDER_HEADER: Final = struct.pack("<cI", b"B", LARGE)  # BINBYTES
_PROTOCOL_4: Final = b"\x80\x04"
_PROTOCOL_5: Final = b"\x80\x05"


class ArrayBytes(NamedTuple):
    """The bytes of an array, in the memory that the array has."""

    view: memoryview
    address: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PickleStream:
    """A pickle in parts."""

    parts: tuple[bytes | ArrayBytes, ...]
    _keeps: Any = field(repr=False)
    """What owns the memory of the arrays."""

    @property
    def has_arrays(self) -> bool:
        """Whether a large array is among the parts."""
        return any(isinstance(part, ArrayBytes) for part in self.parts)

    def __len__(self) -> int:
        return sum(len(view) for view in self.views())

    def views(self) -> Iterator[memoryview]:
        """Yield the bytes, part by part."""
        for part in self.parts:
            yield part.view if isinstance(part, ArrayBytes) else memoryview(part)

    def place_arrays(self) -> list[tuple[int, ArrayBytes]]:
        """Return the offset of each array, and the array."""
        placed, offset = [], 0
        for part, view in zip(self.parts, self.views(), strict=True):
            if isinstance(part, ArrayBytes):
                placed.append((offset, part))
            offset += len(view)
        return placed


def pickle_in_parts(value: Any) -> PickleStream:
    """Return the pickle of a value; without large arrays, to the byte that of protocol 4.

    Parameters
    ----------
    value : object

    Raises
    ------
    Exception
        Whatever `pickle.dumps` raises for the value.

    Examples
    --------
    >>> import pickle
    >>> stream = pickle_in_parts({"a": [1, 2]})
    >>> b"".join(stream.views()) == pickle.dumps({"a": [1, 2]}, protocol=4)
    True
    """
    file = _Parts()
    pickler = pickle.Pickler(file, protocol=4)
    reducer = make_reducer(file.hold_place)
    if reducer is not None and reducer[0] not in copyreg.dispatch_table:
        pickler.dispatch_table = copyreg.dispatch_table | dict([reducer])
    pickler.dump(value)
    file.require_all_placed()
    # The pickler's memo owns the arrays that some __reduce__ made for the pickle alone.
    return PickleStream(parts=tuple(file.parts), _keeps=(value, pickler))


def finish(stream: PickleStream) -> PickleStream:
    """Return the stream as it is stored raw: marked as protocol 5, with a trailer.

    The mark makes its name another one than that of Metaflow's own pickle of the same value.
    So one name never stands for bytes that one process stores raw, and another compressed.
    """
    first = stream.parts[0]
    assert isinstance(first, bytes)
    places = [Place(offset, len(array.view)) for offset, array in stream.place_arrays()]
    first = _PROTOCOL_5 + first.removeprefix(_PROTOCOL_4)
    parts = (first, *stream.parts[1:], write_trailer(places))
    return PickleStream(parts=parts, _keeps=stream._keeps)


class _Parts:
    """The file of a pickler, which puts arrays where the pickler puts their placeholders.

    `pickle.Pickler` passes a bytes object of 64 KiB or more to `write` as it is, alone, right
    after its header (CPython 3.8 and later, ``_Pickler_write_bytes``). So a placeholder of
    that size is recognised by being the same object.
    """

    def __init__(self) -> None:
        self.parts: list[bytes | ArrayBytes] = []
        self._size = 0
        self._waiting: dict[int, tuple[bytes, Any]] = {}

    def hold_place(self, array: Any) -> bytes:
        placeholder = bytes(LARGE)
        self._waiting[id(placeholder)] = placeholder, array
        return placeholder

    def write(self, data: Any) -> None:
        _placeholder, array = self._waiting.pop(id(data), (None, None))
        if array is None:
            # A view of memory that is not ours may not outlive this call.
            self._append(data if isinstance(data, bytes) else bytes(data))
        else:
            self._place(array)

    def require_all_placed(self) -> None:
        if self._waiting:  # a Python that does not do as above: better no artifact than zeros
            raise pickle.PicklingError("an array was left out of its pickle")

    def _append(self, part: bytes) -> None:
        self.parts.append(part)
        self._size += len(part)

    def _place(self, array: Any) -> None:
        before = self.parts.pop()
        assert isinstance(before, bytes)
        assert before.endswith(_PLACEHOLDER_HEADER)
        self._size -= len(before)
        view = memoryview(array)
        self._append(before.removesuffix(_PLACEHOLDER_HEADER))
        header = HEADER.pack(_BYTEARRAY8, len(view))
        self._append(_pad(self._size + len(header)) + header)
        self.parts.append(ArrayBytes(view, address_of(array)))
        self._size += len(view)


def _pad(offset: int) -> bytes:
    """Return opcodes without effect, after which `offset` is a multiple of the alignment."""
    length = -offset % ALIGNMENT
    if length == 0:
        return b""
    if length < 3:
        length += ALIGNMENT
    # SHORT_BINBYTES pushes bytes, POP drops them.
    return struct.pack("<cB", b"C", length - 3) + bytes(length - 3) + b"0"
