"""Where the bytes of a table come from, and what one pass over them tells.

The pass takes the SHA-256 and counts what the readers need to know whether the fast
reader was silent about something. It reads in chunks, so that its memory is constant.
"""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from mlstages.errors import DataError, FileError

_CHUNK: Final = 1 << 20


class Source(NamedTuple):
    """A readable file, scanned once."""

    name: str
    """What messages call it."""
    content: Path | bytes
    sha256: str
    """Of all bytes, in hexadecimal."""
    n_lines: int
    """Lines, the last one counted whether or not a line feed ends it."""
    n_colons: int
    """Colon bytes: a flat JSON object has one for each key."""
    first_nul: int | None
    """Offset of the first NUL byte, which no text has."""

    def open(self) -> BinaryIO:
        """Return a new stream over the bytes, from the start."""
        if isinstance(self.content, bytes):
            return io.BytesIO(self.content)
        return self.content.open("rb")

    def for_polars(self) -> Path | bytes:
        """Return the bytes, or a path that polars does not take for a pattern or an address."""
        return self.content if isinstance(self.content, bytes) else self.content.absolute()

    def require_text(self) -> None:
        """Refuse what a text format cannot hold."""
        if self.first_nul is not None:
            raise DataError(
                f"{self.name} is binary, not text: byte {self.first_nul} is NUL; "
                "export the table as UTF-8 text"
            )

    def lines_of_text(self) -> Iterator[str]:
        """Yield the lines, decoded; a byte order mark is dropped, line ends are kept."""
        with io.TextIOWrapper(self.open(), encoding="utf-8-sig", newline="") as text:
            try:
                yield from text
            except UnicodeDecodeError:
                raise self._not_utf8() from None

    def _not_utf8(self) -> DataError:
        # The decoder works on chunks and does not know the line; bytes split at \n do.
        with self.open() as stream:
            for row, line in enumerate(stream, start=1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError as error:
                    byte = f"byte 0x{line[error.start]:02x}"
                    return DataError(f"{self.name}:{row}: {byte} is not UTF-8: save it as UTF-8")
        return DataError(f"{self.name} is not UTF-8: save it as UTF-8")


def scan(name: str, content: Path | bytes) -> Source:
    """Return the source with what one pass over its bytes tells.

    Raises
    ------
    FileError
        If there is no such file, or it cannot be read.
    """
    try:
        return _scan(name, content)
    except OSError as error:
        raise _explain(name, content, error) from None


def _scan(name: str, content: Path | bytes) -> Source:
    if isinstance(content, Path) and content.exists() and not content.is_file():
        kind = "a folder" if content.is_dir() else "no regular file"
        raise FileError(f"{name} is {kind}: give a file")
    digest = hashlib.sha256()
    n_lines = n_colons = offset = 0
    first_nul = None
    last = b""
    stream = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb", buffering=0)
    with stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            n_lines += chunk.count(b"\n")
            n_colons += chunk.count(b":")
            if first_nul is None and (at := chunk.find(b"\0")) >= 0:
                first_nul = offset + at
            offset += len(chunk)
            last = chunk
    if last and not last.endswith(b"\n"):
        n_lines += 1
    return Source(name, content, digest.hexdigest(), n_lines, n_colons, first_nul)


def _explain(name: str, content: Path | bytes, error: OSError) -> FileError:
    if isinstance(error, FileNotFoundError):
        folder = Path.cwd() if isinstance(content, bytes) else content.absolute().parent
        return FileError(f"{name} does not exist: there is no such file in {folder}")
    return FileError(f"{name} cannot be read: {error.strerror}")
