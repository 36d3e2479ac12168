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
    shape = _find_shape_of_frame(value) if value.name == "DataFrame" else None
    return Description(f"{value.module}.{value.name}", shape, None)


def _find_shape_of_frame(frame: _StandIn) -> tuple[int, int] | None:
    """Return rows and columns of pandas' table, which it keeps in blocks of columns of one type.

    None where no block says how many rows it has (text in Arrow's format), nor a plain index.
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
            case (values, _StandIn() as place, *_):
                shape = _describe_stand_in(values).shape if isinstance(values, _StandIn) else None
                of_place = _measure_place(place)
            case _:
                return None
        if of_place is None:
            return None
        n_columns += of_place
        if n_rows is None and shape:
            n_rows = shape[-1]
    return None if n_rows is None else (n_rows, n_columns)


def _measure_index(index: Any) -> int | None:
    match getattr(index, "arguments", ()):
        case (_, {"start": int(start), "stop": int(stop), "step": int(step)}) if step:
            return len(range(start, stop, step))
    return None


def _measure_place(place: _StandIn) -> int | None:
    """Return how many columns a block has; their numbers are a slice or an array."""
    match (place.name, place.arguments):
        case ("slice", (int(start), int(stop), int() | None as step)) if step != 0:
            return len(range(start, stop, step or 1))
    shape = _describe_stand_in(place).shape
    return shape[0] if shape else None
