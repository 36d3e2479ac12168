"""Digests of values, by what they hold."""

import array
import functools
import hashlib
import io
import itertools
import math
import os
import pickle
import re
import sys
import types

_SCRIPT_MODULES = set(filter(None, os.environ.get("MLSTAGES_MODULES", "").split(",")))
_PLAIN = {type(None): "n", bool: "b", int: "i", float: "f", complex: "c", str: "s"}
"""Kinds whose values are told by their text alone, and a letter for each."""
OWN_MODULES = {"__main__", "__mp_main__"} | _SCRIPT_MODULES
"""The modules whose classes are the script's, whichever of its forms is run."""


def without_chance(state):
    """Return an object's state without what is other in each process, and means nothing.

    Its attributes come in the order of their names, since nobody sees in which they were set.
    What remembers an address is left out, as ``_stop_words_id``: scikit-learn's vectorizers
    keep ``id(stop_words)``. So is how long it took to fit, which searches over parameters keep.
    """
    if type(state) is not dict:
        return state
    if not state:
        return None  # some objects have no attributes until somebody asks for them
    kept = {name: value for name, value in state.items() if not _is_address(name, value)}
    results = kept.get("cv_results_")
    if type(results) is dict and _is_time(results.get("mean_fit_time")):
        kept["cv_results_"] = _without_times(results)
        kept.pop("refit_time_", None)
    return {name: kept[name] for name in sorted(kept)} if _all_texts(kept) else kept


_TIMES = frozenset(
    (
        *("fit_time", "score_time", "mean_fit_time", "mean_score_time"),
        *("std_fit_time", "std_score_time"),
    )
)
"""What scikit-learn calls the seconds that it has measured."""


def _without_times(results):
    """Return a dictionary of cross-validation without the seconds that it took."""
    return {n: value for n, value in results.items() if not (n in _TIMES and _is_time(value))}


def _is_time(value):
    """Tell whether a value is one of seconds by fold or by candidate."""
    numpy = sys.modules.get("numpy")
    is_array = numpy is not None and type(value) is numpy.ndarray
    return is_array and value.ndim == 1 and value.dtype.kind == "f"


def _all_texts(names):
    """Tell whether all names are texts, and so have an order."""
    return all(type(name) is str for name in names)


def _is_address(name, value):
    return (
        type(name) is str
        and name.startswith("_")
        and name.endswith("_id")
        and type(value) is int
        and value > 2**32
        and value % 8 == 0
    )


def _is_generator(value):
    """Tell whether a value is a generator like the one that ``numpy.random.seed`` sets."""
    module = sys.modules.get("numpy.random.mtrand")
    return module is not None and type(value) is module.RandomState


def _is_numpys_generator(value):
    """Tell whether a value is the generator that ``numpy.random.seed`` sets."""
    return value is getattr(sys.modules["numpy.random.mtrand"], "_rand", None)


class Digest:
    """A digest of what a value holds, following references; cycles are cut.

    Values that cannot be looked into (generators, handles) are known by their type alone, and
    ``is_partial`` says so.
    """

    def __init__(self, without_generators=False):
        self.hash = hashlib.sha256()
        self.without_generators = without_generators
        """Those of ``numpy.random`` that an object holds are no part of it."""
        self.generators = set()
        """``shared`` if an object holds numpy's own one, ``own`` if it holds another."""
        self.seen = {}
        self.arrays = {}
        self.kept = []
        self.is_partial = False
        self.own_modules = set()
        """Those of the script whose classes were met: a digest does not tell them apart."""

    def feed(self, value, depth=0):
        """Add a value."""
        kind = type(value)
        if value is None or kind in (bool, int, complex):
            return self.text(kind.__name__, repr(value))
        if kind is float:
            return self.text("float", "nan" if value != value else value.hex())
        if kind is str:
            return self.text("str", value)
        if kind in (bytes, bytearray):
            return self.raw(kind.__name__, bytes(value))
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.ndarray) and not value.dtype.hasobject:
            return self.array(value)
        if id(value) in self.seen:
            return self.text("seen", str(self.seen[id(value)]))
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)  # an id is one object's only while it lives
        if depth > 60:
            self.is_partial = True
            return self.text("deep", kind.__name__)
        if kind in (list, tuple):
            self.text(kind.__name__, str(len(value)))
            self.items(value, depth)
        elif kind is dict:
            if _is_time(value.get("fit_time")) and _is_time(value.get("score_time")):
                value = _without_times(value)  # of cross_validate
            self.text("dict", str(len(value)))
            self.items(list(value), depth)
            self.items(list(value.values()), depth)
        elif kind in (set, frozenset):
            self.text(kind.__name__, str(len(value)))
            if set(map(type, value)) in ({str}, {int}):
                self.items(sorted(value), depth)
            else:
                self.text("items", ",".join(sorted(map(self.of_item, value))))
        elif depth and _is_generator(value):
            is_shared = _is_numpys_generator(value)
            self.generators.add("shared" if is_shared else "own")
            if is_shared or self.without_generators:
                self.text("numpy.random", "")  # no part of the object, as the frozen laws of scipy
            else:
                self.object(value, kind, depth)
        elif kind is range or kind is slice:
            self.text(kind.__name__, repr(value))
        elif kind is types.ModuleType:
            self.text("module", value.__name__)
        elif isinstance(value, type):
            self.text("class", self.name_of(value))
        elif kind in (types.FunctionType, types.BuiltinFunctionType, types.MethodType):
            self.function(value, depth)
        else:
            self.object(value, kind, depth)
        return None

    def items(self, values, depth):
        """Add the items of a list or tuple; plain ones together, many times as fast."""
        kinds = list(map(type, values))
        found = set(kinds)
        if not found <= _PLAIN.keys():
            for item in values:
                self.feed(item, depth + 1)
            return
        self.text("kinds", "".join(map(_PLAIN.get, kinds if len(found) > 1 else found)))
        for kind in sorted(found, key=_PLAIN.get):
            if len(found) > 1:
                self.plain(kind, [value for value in values if type(value) is kind])
            else:
                self.plain(kind, values)

    def plain(self, kind, values):
        """Add values of one plain kind."""
        if kind is str:
            self.text("lengths", ",".join(map(str, map(len, values))))
            self.text("texts", "".join(values))
        elif kind is float:
            if any(map(math.isnan, values)):  # of which there are many, and none is another
                values = [math.nan if value != value else value for value in values]
            self.raw("floats", array.array("d", values).tobytes())
        elif kind is not type(None):
            self.text(kind.__name__, ",".join(map(repr, values)))

    def name_of(self, kind):
        """Return a class's name as `class_name` does, and remember whose it is."""
        if kind.__module__ in OWN_MODULES:
            self.own_modules.add(kind.__module__)
        return class_name(kind)

    def of_item(self, value):
        """Return the digest of an item of a set, whose order is nobody's."""
        inner = Digest(self.without_generators)
        try:
            inner.feed(value)
        finally:
            self.is_partial |= inner.is_partial
            self.generators |= inner.generators
            self.own_modules |= inner.own_modules
        return inner.hash.hexdigest()

    def function(self, value, depth):
        """Add a function: its name, its code and what it closes over."""
        self.text("function", value.__qualname__.rpartition("<locals>.")[2])
        module = getattr(value, "__module__", None)
        if module in OWN_MODULES:
            self.own_modules.add(module)
        else:
            self.text("module", str(module))
        if isinstance(value, types.FunctionType):
            self.code(value.__code__, depth)
            self.feed(value.__defaults__, depth + 1)
            self.feed(value.__kwdefaults__, depth + 1)
            for cell in value.__closure__ or ():
                try:
                    self.feed(cell.cell_contents, depth + 1)
                except ValueError:  # not bound yet
                    self.text("cell", "")
        elif not isinstance(value.__self__, types.ModuleType):
            self.feed(value.__self__, depth + 1)

    def code(self, code, depth):
        """Add what a function does, its inner functions included."""
        self.raw("code", code.co_code)
        self.text("names", repr(code.co_names))
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self.code(constant, depth)
            else:
                self.feed(constant, depth + 1)

    def object(self, value, kind, depth):
        """Add an object of a library or of the script."""
        numpy = sys.modules.get("numpy")
        self.text("object", self.name_of(kind))
        logging = sys.modules.get("logging")
        if logging is not None and isinstance(value, logging.Logger):
            return  # its name is that of the module
        if numpy is not None and isinstance(value, numpy.ndarray):
            self.text("array", "%s %s" % (value.dtype, value.shape))
            self.items(value.ravel().tolist(), depth)
            return
        if numpy is not None and isinstance(value, numpy.generic):
            self.text("kind", str(value.dtype))
            self.raw("scalar", value.tobytes() if not isinstance(value, numpy.object_) else b"")
            return
        state = self.state_of(value)
        if state is None:
            self.is_partial = True
            return
        self.feed(state, depth + 1)

    def array(self, value):
        """Add an array of numbers: whether an object has one twice, or two equal ones, is chance.

        An estimator keeps an array that it is given, or a copy, by how that lies in memory.
        """
        numpy = sys.modules["numpy"]
        self.text("object", self.name_of(type(value)))
        self.text("array", "%s %s" % (value.dtype, value.shape))
        if isinstance(value, numpy.ma.MaskedArray) and value.dtype.names is None:
            # What is masked may be memory that was never set.
            self.raw("mask", numpy.ma.getmaskarray(value).tobytes())
            value = value.filled(numpy.zeros((), value.dtype))
        if value.dtype.names is not None:
            # Field by field: between them there may be memory that was never set.
            for name in value.dtype.names:
                self.text("field", name)
                self.array(value[name])
            return
        if id(value) not in self.arrays:
            content = numpy.ascontiguousarray(value).tobytes()
            self.arrays[id(value)] = hashlib.sha256(content).digest()
            self.kept.append(value)  # an id is one object's only while it lives
        self.raw("data", self.arrays[id(value)])

    def state_of(self, value):
        """Return what makes the object up, of plain values; None if it cannot be told."""
        module = type(value).__module__ or ""
        if module.startswith(("matplotlib", "seaborn", "mpl_toolkits")):
            return None  # figures are compared by their pixels
        if isinstance(value, (io.IOBase, types.GeneratorType)):
            return None
        pandas = sys.modules.get("pandas")
        if pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series)):
            try:
                is_frame = isinstance(value, pandas.DataFrame)
                columns = [value.iloc[:, i] for i in range(value.shape[1])] if is_frame else [value]
                index = value.index
                return [
                    list(value.columns) + list(value.columns.names) if is_frame else [value.name],
                    [str(index.dtype), list(index.names), _list_content(index)],
                    [[str(column.dtype), *_list_content(column)] for column in columns],
                    dict(value.attrs),
                ]
            except Exception:
                return None
        polars = sys.modules.get("polars")
        if polars is not None and isinstance(value, (polars.DataFrame, polars.Series)):
            # Not its buffers, where a missing value may lie over anything.
            columns = value.get_columns() if isinstance(value, polars.DataFrame) else [value]
            return [
                [c.name, str(c.dtype), (c.to_physical() if c.dtype.is_temporal() else c).to_list()]
                for c in columns
            ]
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:
            own = getattr(value, "__dict__", None)
            self.is_partial = True
            return dict(own) if own is not None else None
        if isinstance(reduced, str):
            return reduced
        if _counts_its_queries(type(value), reduced):
            return [reduced[2][:_TREE], reduced[2][_TREE + _COUNTERS :]]
        if isinstance(value, functools.partial):
            return [value.func, value.args, value.keywords, without_chance(value.__dict__)]
        if isinstance(value, dict) and hasattr(type(value), "__setstate__"):
            # What the class itself leaves out of its pickle, it does not hold.
            return list(map(list, value.items()))
        state = reduced[2:3]
        if isinstance(value, dict) and state and _is_the_same(state[0], value):
            state = (None,)  # its attributes are its items, as of a Bunch
        parts = [*reduced[1:2], *map(without_chance, state)]
        parts += [list(part) if part is not None else None for part in reduced[3:5]]
        return parts

    def text(self, kind, text):
        """Add text under a kind."""
        self.raw(kind, text.encode("utf-8", "surrogatepass"))

    def raw(self, kind, content):
        """Add bytes under a kind, so that no two values run together."""
        self.hash.update(("%s:%d:" % (kind, len(content))).encode())
        self.hash.update(content)


_TREE, _COUNTERS = 7, 4
"""What a tree of neighbours holds, and how many numbers count what was asked of it so far."""


def _counts_its_queries(kind, reduced):
    return (
        kind.__name__ in ("KDTree", "KDTree32", "KDTree64", "BallTree", "BallTree32", "BallTree64")
        and (kind.__module__ or "").startswith("sklearn.neighbors.")
        and len(reduced[2]) == _TREE + _COUNTERS + 2
    )


def _is_the_same(state, items):
    """Tell whether attributes are the items of a dictionary, the very objects."""
    return (
        isinstance(state, dict)
        and len(state) == len(items)
        and all(name in items and items[name] is value for name, value in state.items())
    )


def _list_content(column):
    """Return what a column or an index of pandas holds, as arrays where these tell all of it."""
    kind = column.dtype
    numpy = sys.modules["numpy"]
    if hasattr(kind, "categories"):
        codes = getattr(column, "codes", None)
        codes = column.cat.codes.to_numpy() if codes is None else numpy.asarray(codes)
        categories = None if kind.categories is None else list(kind.categories)
        return [categories, bool(kind.ordered), codes]
    if hasattr(column, "levels"):
        levels = [column.get_level_values(level) for level in range(column.nlevels)]
        return [[str(level.dtype), *_list_content(level)] for level in levels]
    if isinstance(kind, numpy.dtype) and kind.kind in "biumM":
        return [column.to_numpy()]
    if isinstance(kind, numpy.dtype) and kind.kind == "f":
        values = column.to_numpy()
        return [numpy.where(numpy.isnan(values), numpy.nan, values).astype(kind)]
    if getattr(kind, "tz", None) is not None:  # which is in the name of the kind
        local = column.dt if hasattr(column, "dt") else column
        return _list_content(local.tz_convert(None))
    if isinstance(kind, numpy.dtype):
        return [column.tolist()]
    missing = numpy.asarray(column.isna())
    return [missing, column[~missing].tolist()]


def class_name(kind):
    """Return a class's full name; that of a class of the script is the same in all its forms."""
    module, name = kind.__module__, kind.__qualname__
    if module in OWN_MODULES:  # a function may hold what stood at the top
        return "script.%s" % name.rpartition("<locals>.")[2]
    return "%s.%s" % (module, name)


def mask_addresses(text):
    """Return text without addresses in memory, which no two runs share."""
    return re.sub(r"\bat 0x[0-9a-fA-F]{6,}", "at 0x", text)


def digest_of(value):
    """Return the digest of a value, and whether a part could not be looked into."""
    text, digest = _look_into(value)
    return text, digest.is_partial


def _look_into(value, without_generators=False):
    """Return the digest as text, and with what was met on the way."""
    digest = Digest(without_generators)
    try:
        digest.feed(value)
    except Exception as error:  # a foreign object may raise anything when it is looked at
        digest.is_partial = True
        return "unreadable %s" % type(error).__name__, digest
    return digest.hash.hexdigest(), digest


def describe(value):
    """Return the digest of a value with a short look at it."""
    text, digest = _look_into(value)
    try:
        shown = mask_addresses(repr(_shorten(value)))
        shape = getattr(value, "shape", None)
    except Exception:
        shown, shape = "<%s>" % type(value).__name__, None
    described = {
        "digest": text,
        "partial": digest.is_partial,
        "type": class_name(type(value)),
        "shown": ("%s " % (shape,) if isinstance(shape, tuple) else "") + shown[:_MOST_SHOWN],
        "parts": _digest_parts(value) if len(digest.seen) < _MANY_OBJECTS else {},
    }
    if digest.generators:
        # In another process what had shared numpy's generator has a copy of it.
        described["generators"] = sorted(digest.generators)
        described["without_generators"] = _look_into(value, without_generators=True)[0]
    return described


_MOST_SHOWN = 200
"""Letters of a short look."""


def _shorten(value):
    """Return the beginning of a long collection, of which no more is shown."""
    kind = type(value)
    if kind not in (list, tuple, dict, set, frozenset) or len(value) < _MOST_SHOWN:
        return value
    items = value.items() if kind is dict else value
    return kind(itertools.islice(items, _MOST_SHOWN))


_MOST_PARTS = 60
_MANY_OBJECTS = 2000
"""A value of so many is not looked at once more for each of its parts."""


def _digest_parts(value):
    """Return digests of attributes, or of items by their keys: a short look may not show them."""
    own = value if isinstance(value, dict) else getattr(value, "__dict__", None)
    whole = (type, types.FunctionType, types.ModuleType)
    library = (type(value).__module__ or "").partition(".")[0]
    if not isinstance(own, dict) or isinstance(value, whole) or library in ("pandas", "polars"):
        return {}
    if len(own) > _MOST_PARTS or not _all_texts(own):
        return {}
    kept = without_chance(dict(own)) or {}
    return {name: digest_of(item)[0][:16] for name, item in kept.items()}


_MAKERS_OF_COMMANDS = ("click", "rich_click", "typer")


def describe_all(names):
    """Return the digests of variables; modules, and what the script defines, are no results.

    What a library makes a command of is defined by the script.
    """
    return {
        name: describe(value)
        for name, value in names.items()
        if not name.startswith("__")
        and not isinstance(value, types.ModuleType)
        and type(value).__module__.partition(".")[0] not in _MAKERS_OF_COMMANDS
        and not (isinstance(value, (types.FunctionType, type)) and value.__module__ in OWN_MODULES)
    }


def round_trip(value):
    """Return the value as another process would get it."""
    try:
        return pickle.loads(pickle.dumps(value))
    except Exception:
        return value
