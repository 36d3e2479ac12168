"""An object becomes the parts of its pickle; large arrays are among them as they are.

Joined, the parts are what `pickle.dumps` returns, to the byte. But they are not joined: they
go to the file one after the other, and no array is copied.
"""

import copyreg
import pickle
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mlstages.launch.artifacts.arrays import LARGE, address_of, make_reducer

_PLACEHOLDER_HEADER: Final = struct.pack("<cI", b"B", LARGE)


class ArrayBytes(NamedTuple):
    """The bytes of an array, in the memory that the array has."""

    view: memoryview
    address: int
    array: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PickleStream:
    """A pickle in parts. The part before an array ends with the array's header."""

    parts: tuple[bytes | ArrayBytes, ...]
    pickler: Any = field(repr=False)
    """Its memo owns the arrays that some ``__reduce__`` made for the pickle alone."""

    @property
    def has_arrays(self) -> bool:
        """Whether a large array is among the parts; if not, nobody can change them."""
        return any(isinstance(part, ArrayBytes) for part in self.parts)

    def __len__(self) -> int:
        return sum(len(view) for view in self.views())

    def views(self) -> Iterator[memoryview]:
        """Yield the bytes, part by part."""
        for part in self.parts:
            yield part.view if isinstance(part, ArrayBytes) else memoryview(part)


def pickle_in_parts(value: Any) -> PickleStream:
    """Return the pickle of a value, as Metaflow 2.19 makes it: of protocol 4.

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
    return PickleStream(parts=tuple(file.parts), pickler=pickler)


def write_header(length: int) -> bytes:
    """Return what stands before bytes in a pickle: BINBYTES, or BINBYTES8 from 4 GB on."""
    if length <= 0xFFFFFFFF:
        return struct.pack("<cI", b"B", length)
    return struct.pack("<cQ", b"\x8e", length)


class _Parts:
    """The file of a pickler, which puts arrays where the pickler puts their placeholders.

    `pickle.Pickler` passes a bytes object of 64 KiB or more to `write` as it is, alone, right
    after its header (CPython 3.8 and later, ``_Pickler_write_bytes``). So a placeholder of
    that size is recognised by being the same object.
    """

    def __init__(self) -> None:
        self.parts: list[bytes | ArrayBytes] = []
        self._waiting: dict[int, tuple[bytes, ArrayBytes]] = {}

    def hold_place(self, array: Any, data: Any) -> bytes:
        placeholder = bytes(LARGE)
        part = ArrayBytes(memoryview(data), address_of(data), array)
        self._waiting[id(placeholder)] = placeholder, part
        return placeholder

    def write(self, data: Any) -> None:
        _placeholder, array = self._waiting.pop(id(data), (None, None))
        if array is None:
            # A view of memory that is not ours may not outlive this call.
            self.parts.append(data if isinstance(data, bytes) else bytes(data))
            return
        before = self.parts.pop()
        assert isinstance(before, bytes)
        assert before.endswith(_PLACEHOLDER_HEADER)
        header = write_header(len(array.view))
        self.parts += [before.removesuffix(_PLACEHOLDER_HEADER) + header, array]

    def require_all_placed(self) -> None:
        if self._waiting:  # a Python that does not do as above: better no artifact than zeros
            raise pickle.PicklingError("an array was left out of its pickle")
