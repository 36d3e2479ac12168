"""The process that reads Parquet and Arrow for a server: what goes wrong in it ends it alone.

A file of one wrong byte has polars abort, and one of some kilobytes can fill the memory. So
``python -m mlstages.serve.decoding`` reads them within bounds of its own, one after the other:
what to read and the file come by its standard input, each after its length; the answer goes back
by its standard output. It ends where the input does.
"""

import json
import resource
import signal
import struct
import sys
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, Final

if TYPE_CHECKING:
    import polars

LENGTH: Final = struct.Struct(">Q")
"""What stands before each part of what is said."""

_MOST_MEMORY: Final = 2**30
"""Bytes of addresses beyond those that it begins with."""

_MOST_BYTES: Final = 2**26
"""Of an answer: a file packs one text ten thousand times, and JSON does not."""


def main() -> None:
    """Answer until the input ends; the first answer says that all is loaded."""
    received, sent = sys.stdin.buffer, sys.stdout.buffer
    import polars

    example = BytesIO()
    polars.DataFrame({"x": [1.0]}).write_parquet(example)
    _read_frame("parquet", example.getvalue(), ["x"], 1)  # its threads take addresses, too
    _bound_memory()
    _write(sent, {})
    while (asked := _read(received)) is not None:
        body = _read(received)
        assert body is not None  # it follows what is asked
        _write(sent, _answer(json.loads(asked), body))


def _answer(asked: dict[str, Any], body: bytes) -> dict[str, Any]:
    import polars

    # Also where the server is gone, nothing here computes for ever.
    signal.setitimer(signal.ITIMER_REAL, asked["seconds"])
    try:
        return _read_rows(asked["kind"], body, asked["names"], asked["longest"], asked["max_rows"])
    # A panic of Rust's is none of polars' errors, nor an Exception.
    except (
        polars.exceptions.PolarsError,
        polars.exceptions.PanicException,
        OSError,
        ValueError,
    ) as error:
        return {"error": str(error)[:200]}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _read_rows(
    kind: str, body: bytes, names: list[str], longest: int, max_rows: int
) -> dict[str, Any]:
    import polars

    schema = _read_schema(kind, body)
    unknown = [name for name in schema if name not in names]
    nested = {name: str(kind) for name, kind in schema.items() if not _has_values(kind)}
    if unknown or nested:
        return {"unknown": {name: str(schema[name]) for name in unknown}, "nested": nested}
    frame = _read_frame(kind, body, list(schema), max_rows + 1)
    if frame.height > max_rows:
        return {"n_rows": frame.height}
    texts = polars.selectors.string()
    frame = frame.with_columns(
        polars.selectors.float().fill_nan(None),
        polars.selectors.categorical().cast(polars.String),
        polars.selectors.enum().cast(polars.String),
    ).with_columns(texts.str.slice(0, longest))
    return {"rows": frame.to_dicts()}


def _read_schema(kind: str, body: bytes) -> "dict[str, polars.DataType]":
    import polars

    if kind == "parquet":
        return dict(polars.read_parquet_schema(BytesIO(body)))
    return dict(polars.read_ipc_stream(BytesIO(body), n_rows=0).schema)


def _read_frame(kind: str, body: bytes, names: list[str], n_rows: int) -> "polars.DataFrame":
    import polars

    read = polars.read_parquet if kind == "parquet" else polars.read_ipc_stream
    return read(BytesIO(body), columns=names, n_rows=n_rows)


def _has_values(kind: "polars.DataType") -> bool:
    """Return whether a column holds what JSON has: no lists, bytes, dates or decimals."""
    import polars

    is_number = kind.is_numeric() and not kind.is_decimal()
    named = (polars.Boolean, polars.String, polars.Categorical, polars.Enum, polars.Null)
    return is_number or isinstance(kind, named)


def _bound_memory() -> None:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 # it is no file
        pages = int(file.read().split()[0])
    most = pages * resource.getpagesize() + _MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(received: BinaryIO) -> bytes | None:
    head = received.read(LENGTH.size)
    return received.read(LENGTH.unpack(head)[0]) if head else None


def _write(sent: BinaryIO, answer: dict[str, Any]) -> None:
    part = json.dumps(answer).encode()
    if len(part) > _MOST_BYTES:
        part = json.dumps({"n_bytes": len(part)}).encode()
    sent.write(LENGTH.pack(len(part)) + part)
    sent.flush()


if __name__ == "__main__":
    main()
