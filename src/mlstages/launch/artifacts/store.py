"""The content-addressed files of a flow: large pickles lie there raw, the rest as ever.

``<flow>/data/<first two digits>/<SHA-1>``, and beside it ``<SHA-1>_meta``, which says whether
Metaflow's own reader has to decompress.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

from metaflow.datastore.content_addressed_store import ContentAddressedStore
from metaflow.plugins.datastores.local_storage import LocalStorage

from mlstages.launch.artifacts.arrays import LARGE
from mlstages.launch.artifacts.layout import Layout
from mlstages.launch.artifacts.mapping import MappedBlob, is_untouched, map_blob
from mlstages.launch.artifacts.trailer import LENGTH, has_trailer

_RAW: Final = json.dumps({"cas_raw": True, "cas_version": 1}).encode()
_COMPRESSED: Final = json.dumps({"cas_raw": False, "cas_version": 1}).encode()
_CHUNK: Final = 1024 * 1024
_MOST_MAPPED: Final = 64
"""A mapping holds a file descriptor, and a process may have no more than a thousand or so."""


@dataclass(frozen=True, slots=True)
class RawBlob:
    """A blob that lies raw in a file, whether it is to be read or was to be stored."""

    key: str
    path: Path


class ArtifactStore(ContentAddressedStore):  # type: ignore[misc] # Metaflow has no types
    """A store that takes a `Layout` or `RawBlob` for bytes, and may return a `RawBlob`."""

    def __init__(self, store: ContentAddressedStore) -> None:
        super().__init__(store._prefix, store._storage_impl)
        self._blob_cache = store._blob_cache
        # By where it begins. Whoever uses its memory keeps a mapping alive.
        self._mapped: WeakValueDictionary[int, MappedBlob] = WeakValueDictionary()

    def save_blobs(
        self,
        blob_iter: Iterable[Any],
        raw: bool = False,
        len_hint: int = 0,
        is_transfer: bool = False,
    ) -> list[Any]:
        """Return name (and address) of each blob, now stored."""
        if raw or is_transfer:
            saved: list[Any] = super().save_blobs(blob_iter, raw, len_hint, is_transfer)
            return saved
        # One at a time: the iterator lets go of each artifact as it goes on.
        results: list[Any] = []
        for blob in blob_iter:
            if isinstance(blob, bytes):
                results += super().save_blobs([blob])
            else:
                key = blob.key if isinstance(blob, RawBlob) else self._save_raw(blob)
                results.append(self.save_blobs_result(uri=None, key=key))
        return results

    def load_blobs(
        self, keys: Iterable[str], force_raw: bool = False, is_transfer: bool = False
    ) -> Iterator[Any]:
        """Yield the name and the bytes of each blob; a raw one is left where it is."""
        if force_raw or is_transfer:
            yield from super().load_blobs(keys, force_raw, is_transfer)
            return
        for key in keys:
            path = self.path_of(key)
            if _is_raw_with_trailer(path):
                yield key, RawBlob(key, path)
            else:
                yield from super().load_blobs([key])

    def path_of(self, key: str) -> Path:
        """Return the file of a blob."""
        path = self._storage_impl.path_join(self._prefix, key[:2], key)
        return Path(self._storage_impl.full_uri(path))

    def read_memory(self, blob: RawBlob) -> MappedBlob | bytearray:
        """Return a blob as memory that the caller may write, and no one else has."""
        if len(self._mapped) < _MOST_MAPPED:
            try:
                mapped = map_blob(blob.path, blob.key)
            except OSError:  # reading may do where mapping does not
                pass
            else:
                self._mapped[mapped.address] = mapped
                return mapped
        memory = bytearray(blob.path.stat().st_size)
        with blob.path.open("rb") as file:
            file.readinto(memory)
        return memory

    def find_stored(self, layout: Layout) -> RawBlob | None:
        """Return the blob that has a value already, if that can be told without its arrays."""
        if not layout.stream.has_arrays:
            digest = hashlib.sha1(usedforsecurity=False)
            for view in layout.stream.views():
                digest.update(view)
            blob = RawBlob(digest.hexdigest(), self.path_of(digest.hexdigest()))
        else:
            mapped = self._find_mapped(layout)
            if mapped is None:
                return None
            blob = RawBlob(mapped.key, mapped.path)
        # Somebody may have tidied up.
        return blob if blob.path.exists() else None

    def _find_mapped(self, layout: Layout) -> MappedBlob | None:
        """Return the mapped blob that a file would repeat byte by byte, if there is one."""
        begins = {part.address - offset for offset, part in _arrays_of(layout)}
        mapped = self._mapped.get(begins.pop()) if len(begins) == 1 else None
        if mapped is None or len(mapped) != layout.file_length:
            return None
        return mapped if is_untouched(mapped) and _repeats(layout, mapped) else None

    def _save_raw(self, layout: Layout) -> str:
        folder = Path(self._storage_impl.full_uri(self._prefix))
        folder.mkdir(parents=True, exist_ok=True)
        temporary, key = _write(layout, folder)
        try:
            if not self.path_of(key).exists():
                _put_in_place(temporary, self.path_of(key))
        finally:
            temporary.unlink(missing_ok=True)
        return key


def _is_raw_with_trailer(path: Path) -> bool:
    try:
        if path.stat().st_size < LARGE:
            return False
        with path.open("rb") as file:
            file.seek(-LENGTH, os.SEEK_END)
            return has_trailer(file.read())
    except OSError:
        return False  # Metaflow says what is wrong with it


def _arrays_of(layout: Layout) -> Iterator[tuple[int, Any]]:
    """Yield the offset in the file of each array, and the part that it is."""
    offset = 0
    for part in layout.parts:
        if part.address is not None:
            yield offset, part
        offset += len(part.view)


def _repeats(layout: Layout, mapped: MappedBlob) -> bool:
    """Return whether all but the arrays is the same: those are the mapping's own memory."""
    offset = 0
    for part in layout.parts:
        end = offset + len(part.view)
        if part.address is None and part.view != mapped[offset:end]:
            return False
        offset = end
    return True


def _put_in_place(temporary: Path, path: Path) -> None:
    """Give a raw blob its name, unless another process has been faster."""
    path.parent.mkdir(exist_ok=True)
    meta = f"{path}_meta"
    # Before the blob: one without it would be decompressed by who reads it.
    LocalStorage._atomic_write(meta, _RAW)
    try:
        os.link(temporary, path)
    except FileExistsError:
        # It may be a process that runs without this package, and compresses.
        if not _is_raw_with_trailer(path):
            LocalStorage._atomic_write(meta, _COMPRESSED)
    except OSError:  # a file system without links
        temporary.rename(path)


def _write(layout: Layout, folder: Path) -> tuple[Path, str]:
    """Return a new file that is laid out so, and its name: the SHA-1 of Metaflow's pickle."""
    # Only the owner may read it, as all blobs of Metaflow 2.19 (LocalStorage._atomic_write).
    descriptor, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            digest = _copy(layout, file)
    except BaseException:
        Path(name).unlink()
        raise
    return Path(name), digest


def _copy(layout: Layout, file: Any) -> str:
    digest, chunk = hashlib.sha1(usedforsecurity=False), memoryview(bytearray(_CHUNK))
    for view, is_of_pickle, _address in layout.parts:
        for begin in range(0, len(view), _CHUNK):
            part = view[begin : begin + _CHUNK]
            # A thread of the user may be writing into the array: what gets the name is a copy.
            copy = chunk[: len(part)]
            copy[:] = part
            if is_of_pickle:
                digest.update(copy)
            _write_all(file, copy)
    return digest.hexdigest()


def _write_all(file: Any, data: memoryview) -> None:
    while data:
        data = data[file.write(data) :]
