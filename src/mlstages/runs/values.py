"""How two values differ: not at all, or by how much."""

import io
import pickle
from typing import Any, Final, NamedTuple

import numpy as np

_ADDRESS: Final = "_stop_words_id"
"""Of the list of words that a vectorizer of scikit-learn (1.9) has last looked at."""


class ValueDifference(NamedTuple):
    """How one value differs from another."""

    how: str
    """In words: another type, another shape, so many elements."""
    largest_absolute: float | None
    """Largest difference of two numbers in one place; None if these are no numbers."""
    largest_relative: float | None
    """The same, as a share of the first value's number; None where that is undefined."""


def compare_values(a: Any, b: Any) -> ValueDifference | None:
    """Return how `b` differs from `a`, or None if they are equal; NaN equals NaN.

    Parameters
    ----------
    a, b : object
        Numbers and arrays are compared by value, to the bit; lists, tuples and dicts by
        what they hold; anything else by its pickle.

    Examples
    --------
    >>> compare_values([1.0, 2.0], [1.0, 2.5])
    ValueDifference(how='1 of 2 elements differ', largest_absolute=0.5, largest_relative=0.25)
    """
    if type(a) is not type(b):
        return ValueDifference(f"{type(a).__name__} became {type(b).__name__}", None, None)
    as_arrays = _to_arrays(a, b)
    if as_arrays is not None:
        return _compare_arrays(*as_arrays)
    if isinstance(a, (str, bytes)):
        return None if a == b else ValueDifference("another value", None, None)
    if isinstance(a, dict):
        return _compare_items(sorted({*a, *b}, key=repr), a, b)
    if isinstance(a, (list, tuple)):
        if len(a) != len(b):
            return ValueDifference(f"{len(a)} elements became {len(b)}", None, None)
        return _compare_items(range(len(a)), a, b)
    return None if _pickle(a) == _pickle(b) else ValueDifference("another value", None, None)


class _Pickler(pickle.Pickler):
    """Leaves out what remembers an address, which no two processes have in common."""

    def reducer_override(self, obj: Any) -> Any:
        if _ADDRESS not in getattr(obj, "__dict__", ()):
            return NotImplemented
        make, arguments, state, *rest = obj.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        return make, arguments, {key: state[key] for key in state if key != _ADDRESS}, *rest


def _pickle(value: Any) -> bytes:
    file = io.BytesIO()
    _Pickler(file).dump(value)
    return file.getvalue()


def _to_arrays(a: Any, b: Any) -> tuple[Any, Any] | None:
    if isinstance(a, (list, tuple, np.ndarray, np.generic, int, float, complex)):
        try:
            arrays = np.asarray(a), np.asarray(b)
        except (ValueError, OverflowError):  # ragged lists, integers beyond 64 bits
            return None
        if all(array.dtype.kind in "biufc" for array in arrays):
            return arrays
    return None


def _compare_arrays(a: Any, b: Any) -> ValueDifference | None:
    if a.shape != b.shape:
        return ValueDifference(f"shape {a.shape} became {b.shape}", None, None)
    if a.dtype != b.dtype:
        return ValueDifference(f"{a.dtype} became {b.dtype}", None, None)
    differing = ~((a == b) | ((a != a) & (b != b)))
    n_differing = int(np.count_nonzero(differing))
    if n_differing == 0:
        return None
    how = f"{n_differing} of {a.size} elements differ" if a.shape else f"{a} became {b}"
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    before, after = a[differing].astype(wide), b[differing].astype(wide)
    with np.errstate(all="ignore"):  # infinities and zeros are among what is compared
        absolute = np.abs(after - before)
        relative = absolute / np.abs(before)
    return ValueDifference(how, _largest(absolute), _largest(relative))


def _largest(values: Any) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.max()) if len(finite) else None


def _compare_items(keys: Any, a: Any, b: Any) -> ValueDifference | None:
    missing = object()
    found = []
    for key in keys:
        ours, theirs = (
            (a.get(key, missing), b.get(key, missing))
            if isinstance(a, dict)
            else (
                a[key],
                b[key],
            )
        )
        if ours is missing or theirs is missing:
            return ValueDifference(f"{key!r} is in one of them alone", None, None)
        difference = compare_values(ours, theirs)
        if difference is not None:
            found.append((key, difference))
    if not found:
        return None
    named = ", ".join(f"[{key!r}]: {difference.how}" for key, difference in found[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ValueDifference(
        f"{named}{more}",
        max((d.largest_absolute for _, d in found if d.largest_absolute is not None), default=None),
        max((d.largest_relative for _, d in found if d.largest_relative is not None), default=None),
    )
