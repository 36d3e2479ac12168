"""Digests of values by what they hold: the same for a value and for its copy from a pickle.

Not told apart: one object under two names from two equal objects, the order of attributes, where
a class of the script was defined (in the script, or in a module made from it), the name of the
file that runs, which a parser of arguments remembers. A figure is its type here, since its pixels
are compared. What does not pickle is its type as well.
"""

import copyreg
import hashlib
import re
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PLAIN = (type(None), bool, int, float, complex, str, type(Ellipsis), type(NotImplemented))
NAMED = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    type,
)
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")
MADE = re.compile(r"(__main__|.*_functions|.*_flow)$")
LONGEST_TEXT = 200


def mask_addresses(text: str) -> str:
    """Return the text without what ``id`` says of an object."""
    return ADDRESS.sub("0x…", text)


def find_name(kind: Any) -> str:
    """Return the name of a class or function; of one that the script defines, without a module."""
    module = getattr(kind, "__module__", None) or ""
    name = getattr(kind, "__name__", None) or type(kind).__name__
    return name if MADE.match(module) else f"{module}.{name}"


def package_of(kind: type) -> str:
    return (kind.__module__ or "").partition(".")[0]


def combine(kind: str, *parts: bytes) -> bytes:
    hashed = hashlib.blake2b(kind.encode(), digest_size=16)
    for part in parts:
        hashed.update(len(part).to_bytes(8, "little"))
        hashed.update(part)
    return hashed.digest()


def as_bytes(text: str) -> bytes:
    return mask_addresses(text).encode("utf-8", "surrogatepass")


class Digests:
    """Digests of one value and of what it is made of."""

    def __init__(self) -> None:
        self.done: dict[int, bytes] = {}
        self.kept: list[Any] = []  # else another object could get the same id
        self.open: list[int] = []

    def of(self, value: Any) -> bytes:
        kind = type(value)
        if kind in PLAIN:
            return combine(kind.__name__, as_bytes(repr(value)))
        if kind in (bytes, bytearray):
            return combine(kind.__name__, bytes(value))
        if isinstance(value, NAMED):
            return combine("named", find_name(value).encode())
        if isinstance(value, types.ModuleType):
            return combine("module", value.__name__.encode())
        if id(value) in self.done:
            return self.done[id(value)]
        if id(value) in self.open:
            return combine("cycle", str(len(self.open) - self.open.index(id(value))).encode())
        self.open.append(id(value))
        try:
            digest = self.of_object(value, kind)
        finally:
            self.open.pop()
        self.done[id(value)] = digest
        self.kept.append(value)
        return digest

    def of_all(self, values: Iterable[Any]) -> list[bytes]:
        return [self.of(value) for value in values]

    def of_object(self, value: Any, kind: type) -> bytes:
        if kind in (list, tuple):
            if all(type(each) in PLAIN for each in value):
                return combine(kind.__name__, as_bytes(repr(value)))
            return combine(kind.__name__, *self.of_all(value))
        if kind is dict:
            return combine("dict", *self.of_all(each for pair in value.items() for each in pair))
        if kind in (set, frozenset):
            return combine(kind.__name__, *sorted(self.of_all(value)))
        special = getattr(self, f"of_{package_of(kind)}", None)
        digest = None if special is None else special(value, kind)
        return self.of_reduced(value, kind) if digest is None else digest

    def of_matplotlib(self, _value: Any, kind: type) -> bytes:
        return combine("drawn", find_name(kind).encode())

    of_mpl_toolkits = of_matplotlib

    def of_numpy(self, value: Any, kind: type) -> bytes | None:
        import numpy as np

        if isinstance(value, np.ma.MaskedArray):
            parts = self.of_all([np.ma.getmaskarray(value), value.filled()])
            return combine("masked", *parts)
        if kind in (np.ndarray, np.memmap, np.matrix, np.recarray):
            return self.of_array(np.asarray(value), kind.__name__)
        if isinstance(value, np.generic) and value.dtype != object:
            return self.of_array(np.asarray(value), kind.__name__)
        if isinstance(value, np.dtype):
            return combine("dtype", str(value).encode())
        return None

    def of_array(self, array: Any, kind: str) -> bytes:
        import numpy as np

        head = (str(array.dtype).encode(), str(array.shape).encode())
        if array.dtype.names:
            return combine(kind, *head, *self.of_all(array[name] for name in array.dtype.names))
        if array.dtype.hasobject:
            return combine(kind, *head, self.of(array.ravel().tolist()))
        if array.dtype.kind in "fc" and np.isnan(array).any():
            array = np.where(np.isnan(array), array.dtype.type(np.nan), array)
        return combine(kind, *head, np.ascontiguousarray(array).tobytes())

    def of_pandas(self, value: Any, kind: type) -> bytes | None:
        import pandas as pd

        if isinstance(value, pd.DataFrame):
            columns = (value.iloc[:, i].array for i in range(value.shape[1]))
            return combine("frame", *self.of_all([value.columns, value.index, *columns]))
        if isinstance(value, pd.Series):
            return combine("series", *self.of_all([value.name, value.index, value.array]))
        if isinstance(value, pd.Index):
            dtype = "multi" if isinstance(value, pd.MultiIndex) else str(value.dtype)
            return combine(
                "index", dtype.encode(), *self.of_all([list(value.names), value.tolist()])
            )
        if isinstance(value, pd.api.extensions.ExtensionArray):
            plain = value.to_numpy()
            values = plain if plain.dtype != object else plain.tolist()
            return combine("column", str(value.dtype).encode(), self.of(values))
        return None

    def of_scipy(self, value: Any, kind: type) -> bytes | None:
        from scipy import sparse

        if not sparse.issparse(value):
            return None
        rows = sparse.coo_array(value)
        rows.sum_duplicates()
        parts = [list(value.shape), *(axis.astype("int64") for axis in rows.coords), rows.data]
        return combine(find_name(kind), *self.of_all(parts))

    def of_argparse(self, value: Any, kind: type) -> bytes | None:
        """Return the digest of a parser, or of a part of one, without the name of what runs."""
        own = Path(sys.argv[0]).name
        state = {
            key: each.replace(own, "…")
            if own and key in ("prog", "_prog_prefix") and each
            else each
            for key, each in vars(value).items()
        }
        return combine(find_name(kind), self.of_state(state))

    def of_polars(self, value: Any, kind: type) -> bytes | None:
        import polars as pl

        if isinstance(value, pl.DataFrame):
            parts = [str(value.schema), value.to_dict(as_series=False)]
            return combine("frame", *self.of_all(parts))
        if isinstance(value, pl.Series):
            return combine("series", *self.of_all([value.name, str(value.dtype), value.to_list()]))
        return None

    def of_pyarrow(self, value: Any, kind: type) -> bytes | None:
        import pyarrow as pa

        if isinstance(value, pa.Table):
            return combine("table", *self.of_all([str(value.schema), value.to_pydict()]))
        return None

    def of_reduced(self, value: Any, kind: type) -> bytes:
        """Return the digest of what a pickle would hold; of what has none, that of its type."""
        opaque = combine("opaque", find_name(kind).encode())
        if isinstance(value, (types.MethodType, types.GeneratorType)):
            if isinstance(value, types.MethodType):
                return combine("method", value.__name__.encode(), self.of(value.__self__))
            return opaque
        reducer = copyreg.dispatch_table.get(kind)
        try:
            reduced = reducer(value) if reducer else value.__reduce_ex__(4)
        except RecursionError:
            raise
        except Exception:  # whatever a class raises, it does not pickle
            return opaque
        if isinstance(reduced, str):
            return combine("global", reduced.rpartition(".")[2].encode())
        if package_of(kind) == "sklearn" and kind.__name__.startswith(("KDTree", "BallTree")):
            # Four numbers count what was asked of it, which is nothing that it holds.
            state = reduced[2]
            return combine(find_name(kind), self.of([*state[:7], *state[11:]]))
        make, arguments, state, items, pairs, *_rest = (*reduced, None, None, None, None)
        if isinstance(value, dict) and hasattr(kind, "__setstate__"):
            state = None  # what the class itself leaves out of its pickle, it does not hold
        parts = [self.of(make), *self.of_all(arguments), self.of_state(state)]
        parts += self.of_all(items or ())
        parts += self.of_all(each for pair in pairs or () for each in pair)
        return combine(find_name(kind), *parts)

    def of_state(self, state: Any) -> bytes:
        if type(state) is dict and all(isinstance(key, str) for key in state):
            # A vectorizer of scikit-learn remembers id(stop_words), which no two processes share.
            own = sorted(key for key in state if key != "_stop_words_id")
            return self.of([[key, state[key]] for key in own])
        return self.of(state)


def is_value(value: Any) -> bool:
    """Return whether a name's value is compared: not a module, function or class."""
    return not isinstance(value, (types.ModuleType, *NAMED))


def describe(value: Any) -> dict[str, str]:
    """Return a value's digest, and a text that tells a reader something about it."""
    try:
        digest = Digests().of(value).hex()
    except RecursionError:
        digest = combine("too deep", find_name(type(value)).encode()).hex()
    return {"digest": digest, "text": tell(value)}


def tell(value: Any) -> str:
    kind = type(value)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        text = f"{kind.__name__} {value.dtype} {value.shape}: {value.ravel()[:6]}"
    elif kind in (*PLAIN, list, tuple, dict, set, bytes):
        try:
            text = f"{kind.__name__}: {value!r}"[:1000]
        except Exception as error:  # of an element's own __repr__
            text = f"{kind.__name__}, {error!r}"
    else:
        text = find_name(kind)
    return mask_addresses(" ".join(text.split()))[:LONGEST_TEXT]
