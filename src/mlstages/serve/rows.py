"""The rows of a request in JSON: typed by the schema, or every reason why not.

The quick way is msgspec's decoder of a type made from the schema. Whatever it refuses is read
again by the standard library, and `Schema.find_faults` names each field: so a message is the
same for every format, and the quick way needs none. msgspec takes the last of two values of one
name: where the number of colons does not show that there are none, the body is read again.
"""

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from mlstages.release.schema import (
    BOOLEAN,
    LARGEST,
    LONGEST_TEXT,
    NUMERIC,
    Field,
    Schema,
    excerpt,
)
from mlstages.serve.answer import Fault, Refused

MOST_FAULTS: Final = 100
"""Faults that are listed; the rest is counted."""

_FROM_BODY: Final = "send one row as an object by column name, or a list of them"


class Rows(NamedTuple):
    """Rows without faults."""

    values: list[Sequence[Any]]
    is_one: bool


def make_reader(schema: Schema, max_rows: int) -> Callable[[bytes], Rows]:
    """Return the function from a body of JSON to its rows.

    Parameters
    ----------
    schema : Schema
    max_rows : int

    Returns
    -------
    function
        Raises `Refused` if the body is no JSON (400), has too many rows (413), or a row has
        faults (422).
    """
    try:
        decode = _make_decoder(schema, max_rows)
    except ValueError:  # a column's name that msgspec (0.22) cannot look for, such as a"b
        return lambda body: read_careful(body, schema, max_rows)
    astuple = msgspec.structs.astuple
    count_names = _make_counter(schema)

    def read(body: bytes) -> Rows:
        try:
            decoded = decode(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):  # the last of a name
            return read_careful(body, schema, max_rows)
        is_one = type(decoded) is not list
        values: list[Sequence[Any]] = [astuple(row) for row in ([decoded] if is_one else decoded)]
        if body.count(b":") != count_names(values):
            parse_json(body)
        return Rows(values, is_one)

    return read


def read_careful(body: bytes, schema: Schema, max_rows: int) -> Rows:
    """Return the rows of a body, read by the standard library."""
    found = parse_json(body)
    is_one = not isinstance(found, list)
    rows = [found] if is_one else found
    require_rows(len(rows), max_rows)
    return Rows(check_rows(rows, schema, is_one), is_one)


def parse_json(body: bytes) -> Any:
    """Return what JSON holds, or refuse it with where it ends to be JSON.

    NaN and Infinity, which Python's own encoder writes, are read, so that the field is named.
    """
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_to_dict)
        # A half of a surrogate pair is a str that nothing can write.
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(400, f"the body is no UTF-8: {error.reason} at byte {error.start}") from None
    except UnicodeEncodeError:
        raise Refused(400, "the body is no JSON: a lone surrogate is no character") from None
    except RecursionError:
        raise Refused(400, f"the body is nested too deep: {_FROM_BODY}") from None
    except ValueError as error:  # also an integer of more digits than Python converts
        raise Refused(400, f"the body is no JSON: {error}; {_FROM_BODY}") from None
    return found


def _to_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Refused(422, f"{excerpt(name)} is there more than once: send one value")
        found[name] = value
    return found


def require_rows(n_rows: int, max_rows: int) -> None:
    """Return if there is a row, and not too many."""
    if n_rows > max_rows:
        raise Refused(413, f"{n_rows} rows, and {max_rows} are taken at a time: send parts")
    if n_rows == 0:
        raise Refused(422, "there is no row: send at least one")


def check_rows(rows: Sequence[Any], schema: Schema, is_one: bool) -> list[Sequence[Any]]:
    """Return the values of rows, or refuse them with every fault; rows count from 1."""
    faults: list[Fault] = []
    n_faults = 0
    values: list[Sequence[Any]] = []
    for place, row in enumerate(rows, start=1):
        found = schema.find_faults(row)
        if not found:
            values.append(schema.to_values(row))
        n_faults += len(found)
        if len(faults) < MOST_FAULTS:
            faults += [Fault(None if is_one else place, *fault) for fault in found]
    if n_faults:
        what = "the row is" if is_one else f"{len(rows) - len(values)} of {len(rows)} rows are"
        more = "" if n_faults <= MOST_FAULTS else f", the first {MOST_FAULTS} of {n_faults} faults"
        counted = "" if is_one else "; rows count from 1"
        raise Refused(422, f"{what} not as expected{more}{counted}", faults[:MOST_FAULTS])
    return values


def _make_counter(schema: Schema) -> Callable[[list[Sequence[Any]]], int]:
    """Return the function from rows to the fewest names with which they were sent."""
    n_fields = len(schema.fields)
    if any(":" in field.name for field in schema.fields):
        return lambda values: -1  # its colon may be sent as an escape, and a second value for it
    if any(field.optional for field in schema.fields):
        return lambda values: sum(value is not None for row in values for value in row)
    return lambda values: n_fields * len(values)


def _make_decoder(schema: Schema, max_rows: int) -> Callable[[bytes], Any]:
    row = _make_type(schema.fields)
    rows = Annotated[list[row], msgspec.Meta(min_length=1, max_length=max_rows)]  # type: ignore[valid-type]
    return msgspec.json.Decoder(row | rows).decode


def _make_type(fields: Sequence[Field]) -> type[msgspec.Struct]:
    named = [(f"field_{i}", field) for i, field in enumerate(fields)]
    required = [(name, _type_of(field)) for name, field in named if not field.optional]
    optional = [(name, _type_of(field) | None, None) for name, field in named if field.optional]
    # By keyword only, so that a field that may be missing can come before one that may not.
    order = {name: i for i, (name, _) in enumerate(named)}
    return msgspec.defstruct(
        "Row",
        sorted([*required, *optional], key=lambda one: order[one[0]]),
        rename={name: field.name for name, field in named},
        forbid_unknown_fields=True,
        kw_only=True,
    )


def _type_of(field: Field) -> Any:
    if field.kind == NUMERIC:
        return Annotated[float, msgspec.Meta(ge=-LARGEST, le=LARGEST)]
    if field.kind == BOOLEAN:
        return bool
    return Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
