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
    n_quotes: int
    """Double quotes: around them the fast reader cannot be trusted."""
    n_lone_returns: int
    """Carriage returns that no line feed follows: they end no line for the fast reader."""
    first_nul: int | None
    """Offset of the first NUL byte, which no text has."""

    def open(self) -> BinaryIO:
        """Return a new stream over the bytes, from the start."""
        if isinstance(self.content, bytes):
            return io.BytesIO(self.content)
        return self.content.open("rb")

    def for_polars(self) -> Path | bytes:
        """Return the bytes, or a path that polars does not take for a pattern or an address."""
        if isinstance(self.content, bytes):
            return self.content
        path = self.content.absolute()
        # A name that is not UTF-8 is none for polars (2.1).
        return path if _is_utf8(path) else path.read_bytes()

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
    n_lines = n_colons = n_quotes = n_returns = n_pairs = offset = 0
    first_nul = None
    last = b""
    stream = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb", buffering=0)
    with stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            n_lines += chunk.count(b"\n")
            n_colons += chunk.count(b":")
            n_quotes += chunk.count(b'"')
            if b"\r" in chunk or last.endswith(b"\r"):
                n_returns += chunk.count(b"\r")
                n_pairs += chunk.count(b"\r\n")
                n_pairs += last.endswith(b"\r") and chunk.startswith(b"\n")
            if first_nul is None and (at := chunk.find(b"\0")) >= 0:
                first_nul = offset + at
            offset += len(chunk)
            last = chunk
    if last and not last.endswith(b"\n"):
        n_lines += 1
    return Source(
        name=name,
        content=content,
        sha256=digest.hexdigest(),
        n_lines=n_lines,
        n_colons=n_colons,
        n_quotes=n_quotes,
        n_lone_returns=n_returns - n_pairs,
        first_nul=first_nul,
    )


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _explain(name: str, content: Path | bytes, error: OSError) -> FileError:
    if isinstance(error, FileNotFoundError):
        folder = Path.cwd() if isinstance(content, bytes) else content.absolute().parent
        return FileError(f"{name} does not exist: there is no such file in {folder}")
    return FileError(f"{name} cannot be read: {error.strerror}")
