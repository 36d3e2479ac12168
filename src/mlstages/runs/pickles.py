"""What a pickle holds, told without running it.

Unpickling calls whatever the pickle names, so a history from a stranger could run a
stranger's code, and a history whose classes are not installed here could not be read at
all. Here every class and function that a pickle names is replaced by an inert stand-in
that only remembers what it was called with.
"""

import io
import json
import pickle
from collections import OrderedDict
from typing import Any, Final, NamedTuple

LONGEST_PREVIEW: Final = 200


# Such bytes can be any instructions of the pickle machine.
_OF_BYTES_THAT_ARE_NO_PICKLE: Final = (
    *(pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError, AttributeError),
    *(RecursionError, MemoryError, OverflowError),
)


class Description(NamedTuple):
    """What a value is, without the value."""

    type: str
    """Its class, with the module if that is not builtins."""
    shape: tuple[int, ...] | None
    """Of a NumPy array or a pandas table; the length of a list, tuple, text, dict, set or bytes."""
    preview: str | None
    """The beginning of its repr, for values of Python's own plain types."""


class _StandIn:
    """What a pickle would have made with a class or function that it names."""

    module = ""
    name = ""
    state: Any = None

    def __new__(cls, *arguments: Any, **options: Any) -> "_StandIn":
        made = super().__new__(cls)
        made.arguments = arguments
        return made

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.arguments: tuple[Any, ...] = arguments

    def __setstate__(self, state: Any) -> None:
        self.state = state

    # A pickle fills lists and dicts of the user's own classes through these.
    def append(self, item: Any) -> None: ...
    def extend(self, items: Any) -> None: ...
    def __setitem__(self, key: Any, value: Any) -> None: ...

    def __repr__(self) -> str:
        return f"<{_describe_stand_in(self).type}>"

    def __hash__(self) -> int:
        return id(self)


# Nothing that these do reaches outside of the value or makes more than the pickle holds,
# as bytearray(10**12) would.
_HARMLESS: Final[dict[tuple[str, str], Any]] = {
    **{("builtins", kind.__name__): kind for kind in (set, frozenset, complex)},
    ("collections", "OrderedDict"): OrderedDict,
}


class _InertUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        harmless = _HARMLESS.get((module, name))
        return harmless or type("_StandIn", (_StandIn,), {"module": module, "name": name})

    def persistent_load(self, pid: Any) -> Any:
        return _StandIn(pid)


def describe_pickle(blob: bytes) -> Description:
    """Return what the pickled value is; nothing that the pickle names is run.

    Parameters
    ----------
    blob : bytes
        A pickle of any protocol.

    Returns
    -------
    Description
        Of type ``"damaged"`` if the bytes are no pickle.

    Examples
    --------
    >>> import pickle, fractions
    >>> describe_pickle(pickle.dumps([1, 2, 3]))
    Description(type='list', shape=(3,), preview='[1, 2, 3]')
    >>> describe_pickle(pickle.dumps(fractions.Fraction(1, 3)))
    Description(type='fractions.Fraction', shape=None, preview=None)
    """
    try:
        return _describe(read_inert(blob))
    except _OF_BYTES_THAT_ARE_NO_PICKLE:
        return Description("damaged", None, None)


def _describe(value: Any) -> Description:
    if isinstance(value, _StandIn):
        return _describe_stand_in(value)
    if isinstance(value, type):
        return Description(f"class {value.module}.{value.name}", None, None)  # type: ignore[attr-defined] # a stand-in's
    return describe_value(value)


def read_inert(blob: bytes) -> Any:
    """Return the pickled value, with a stand-in for all that is not Python's own plain types.

    Parameters
    ----------
    blob : bytes
        A pickle of any protocol; nothing that it names is run.
    """
    return _InertUnpickler(io.BytesIO(blob)).load()


def read_plain_value(blob: bytes) -> Any:
    """Return the pickled value if JSON can carry it, else what it is, in angle brackets.

    Parameters
    ----------
    blob : bytes
        A pickle of any protocol; nothing that it names is run.
    """
    try:
        value = read_inert(blob)
        json.dumps(value)
    except _OF_BYTES_THAT_ARE_NO_PICKLE:
        return f"<{describe_pickle(blob).type}>"
    return value


def describe_value(value: Any) -> Description:
    """Return what a value is, with the beginning of its repr.

    Parameters
    ----------
    value : object
        Arrays and tables are not dumped: three rows are shown.

    Returns
    -------
    Description
    """
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple):
        sized = isinstance(value, (str, bytes, bytearray, list, tuple, dict, set, frozenset))
        shape = (len(value),) if sized else None
    is_long = hasattr(value, "shape") or isinstance(value, (bytes, bytearray))
    text = " ".join(repr(value[:3] if is_long and shape else value).split())
    text += "…" if isinstance(value, (bytes, bytearray)) and len(value) > 3 else ""
    if len(text) > LONGEST_PREVIEW:
        text = f"{text[: LONGEST_PREVIEW - 1]}…"
    return Description(f"{module}{kind.__qualname__}", shape, text)


def _describe_stand_in(value: _StandIn) -> Description:
    in_numpy = value.module.startswith("numpy.")
    # As numpy 1 and 2 pickle arrays in protocols up to 4 and from 5.
    if in_numpy and value.name == "_reconstruct" and value.state is not None:
        return Description("numpy.ndarray", tuple(value.state[1]), None)
    if in_numpy and value.name == "_frombuffer":
        return Description("numpy.ndarray", tuple(value.arguments[2]), None)
    if in_numpy and value.name == "scalar":
        return Description("numpy scalar", (), None)
    if value.name in ("_reconstructor", "__newobj__") and value.arguments:
        made = value.arguments[0]
        return Description(f"{made.module}.{made.name}", None, None)
    is_frame = value.name == "DataFrame" and value.module.partition(".")[0] == "pandas"
    shape = _find_shape_of_frame(value) if is_frame else None
    return Description(f"{value.module}.{value.name}", shape, None)


def _find_shape_of_frame(frame: _StandIn) -> tuple[int, int] | None:
    """Return rows and columns of pandas' table, which it keeps in blocks of columns of one type.

    None where neither the index nor a block says how many rows there are, as with named rows of
    text in Arrow's format; and of what only looks like a table.
    """
    state = frame.state if isinstance(frame.state, dict) else {}
    match getattr(state.get("_mgr"), "arguments", ()):
        case (tuple() | list() as blocks, [_columns, index, *_]):
            pass
        case _:
            return None
    n_columns, n_rows = 0, _measure_index(index)
    for block in blocks:
        match getattr(block, "arguments", ()):
            case (values, place, *_):
                n_here = _measure_place(place)
            case _:
                return None
        if n_here is None:
            return None
        n_columns += n_here
        n_rows = _measure_array(values, -1) if n_rows is None else n_rows
    return None if n_rows is None else (n_rows, n_columns)


def _measure_index(index: Any) -> int | None:
    match getattr(index, "arguments", ()):
        case (_, {"start": start, "stop": stop, "step": step}):
            return _measure_range(start, stop, step)
    return None


def _measure_place(place: Any) -> int | None:
    """Return how many columns a block has; their numbers are a slice or an array."""
    match getattr(place, "arguments", ()):
        case (start, stop, step) if place.name == "slice":
            return _measure_range(start, stop, 1 if step is None else step)
    return _measure_array(place, 0)


def _measure_range(start: Any, stop: Any, step: Any) -> int | None:
    """Return how many numbers there are; a range that goes down to the first has stop None."""
    stop = -1 if stop is None and isinstance(step, int) and step < 0 else stop
    if not all(type(each) is int and abs(each) < 2**62 for each in (start, stop, step)) or not step:
        return None
    return len(range(start, stop, step))


def _measure_array(array: Any, axis: int) -> int | None:
    is_array = isinstance(array, _StandIn) and array.module.startswith("numpy.")
    shape = _describe_stand_in(array).shape if is_array else None
    size = shape[axis] if shape else None
    return size if type(size) is int and size >= 0 else None
