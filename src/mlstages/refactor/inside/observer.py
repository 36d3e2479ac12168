"""What each place between statements of a script would have to carry."""

import io
import os
import pickle
import sys
import types

from .digests import class_name, digest_of, mask_addresses


class Observer:
    """What each place between statements would have to carry."""

    def __init__(self, live):
        self.live = {int(index): names for index, names in live.items()}
        self.were_live = set()
        self.places = {}
        self.picklable = {}
        self.shown = set()

    def watch(self, pyplot):
        """Remember which figures have been shown."""
        show = pyplot.show

        def watched_show(*args, **kwargs):
            result = show(*args, **kwargs)
            self.shown.update(pyplot.get_fignums())
            return result

        watched_show.__wrapped__ = show
        pyplot.show = watched_show

    def __call__(self, index, names):
        """Look at the state before a statement."""
        live = self.live.get(index)
        if live is None:  # this one stays at the head
            self.places[index] = {"state": read_state(names)}
            return
        carried = {name: names[name] for name in live if name in names}
        unpicklable = {}
        for name, value in carried.items():
            try:
                fault = self.why_not(value)
            except Exception as error:  # an object's own code may raise when it is looked at
                fault = "it cannot be looked at: %s" % type(error).__name__
            if fault:
                unpicklable[name] = fault
        self.places[index] = {
            "missing": [name for name in live if name not in names],
            "unpicklable": unpicklable,
            "shared": find_shared({**self.find_old(names, carried), **carried}),
            "types": {name: class_name(type(value)) for name, value in carried.items()},
            "figures": len(open_figures() - self.shown),
            "state": read_state(names),
        }

    def find_old(self, names, carried):
        """Return what was live above: a flow has kept it, as it was then."""
        old = {name: names[name] for name in self.were_live if name in names}
        self.were_live.update(carried)
        return {name: value for name, value in old.items() if name not in carried}

    def why_not(self, value):
        """Return why a value cannot go from one process to another; empty if it can."""
        kind = type(value)
        if kind in (int, float, str, bool, type(None), bytes, complex):
            return ""
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.ndarray) and not value.dtype.hasobject:
            return ""
        if isinstance(value, types.ModuleType):
            return "it is a module"
        if isinstance(value, (types.GeneratorType, io.IOBase)):
            return "it is a %s" % kind.__name__
        known = self.picklable.get(id(value))
        if known is not None and known[0] is value:
            return known[1]
        fault = _try_pickle(value)
        self.picklable[id(value)] = (value, fault)
        return fault


class _Nowhere:
    def write(self, content):
        return len(content)


class _Pickler(pickle.Pickler):
    """Refuses what would be found in the main module only by chance."""

    def reducer_override(self, value):
        module = getattr(value, "__module__", None)
        if isinstance(value, (types.FunctionType, type)) and module == "__main__":
            if "<locals>" in value.__qualname__ or "<lambda>" in value.__qualname__:
                raise pickle.PicklingError("a function made inside another")
        kind = type(value)
        if (kind.__module__ or "").startswith("matplotlib.") and kind.__name__ in (
            "Figure",
            "Axes",
            "AxesSubplot",
            "Axes3D",
            "PolarAxes",
        ):
            raise pickle.PicklingError("a figure")
        return NotImplemented


def _try_pickle(value):
    try:
        _Pickler(_Nowhere(), protocol=5, buffer_callback=lambda buffer: False).dump(value)
    except Exception as error:  # a foreign object's own code decides what it raises
        return "%s" % (str(error).split("\n")[0][:120] or type(error).__name__)
    return ""


def find_shared(carried):
    """Return the pairs of names that stand for one object, or share memory."""
    numpy = sys.modules.get("numpy")
    plain = (int, float, str, bool, type(None), bytes, complex, types.FunctionType, type)
    names = [n for n, v in carried.items() if not isinstance(v, plain)]
    if len(names) > 60:
        names = names[:60]
    parts = {name: _parts(carried[name]) for name in names}
    shared = []
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            a, b = carried[one], carried[other]
            if (
                a is b
                or parts[one] & parts[other]
                or (
                    numpy is not None
                    and isinstance(a, numpy.ndarray)
                    and isinstance(b, numpy.ndarray)
                    and numpy.may_share_memory(a, b)
                )
            ):
                shared.append([one, other])
    return shared


def _parts(value, depth=0):
    """Return the identities of the mutable parts of a value, not deep."""
    plain = (int, float, str, bool, type(None), bytes, complex, types.FunctionType, type, range)
    if isinstance(value, (plain, types.ModuleType)):
        return set()
    if isinstance(value, tuple) and not value:
        return set()
    found = {id(value)}
    if depth >= 3:
        return found
    if isinstance(value, (list, tuple)):
        items = value[:200]
    elif isinstance(value, dict):
        items = list(value.values())[:200]
    else:
        try:
            own = object.__getattribute__(value, "__dict__")
        except AttributeError:
            own = None
        kind = type(value).__module__ or ""
        if kind.startswith(("pandas", "numpy", "polars", "matplotlib")):
            return found
        items = list(own.values())[:200] if isinstance(own, dict) else []
    for item in items:
        if not isinstance(item, plain):
            found |= _parts(item, depth + 1)
    return found


def is_set_up(logger):
    """Tell whether a logger is not as logging makes it."""
    return logger.level or logger.handlers or logger.disabled or not logger.propagate


def open_figures():
    """Return the numbers of the figures that pyplot has open."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    return set(helpers.Gcf.figs) if helpers is not None else set()


def read_state(names):
    """Return digests of what a process carries besides its names, of loggers those with names."""
    state = {"folder": os.getcwd()}
    module = sys.modules.get("random")
    if module is not None:
        state["random"] = digest_of(module.getstate())[0]
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if "numpy.random" in sys.modules:
            state["numpy.random"] = digest_of(numpy.random.get_state())[0]
        state["numpy.options"] = mask_addresses(
            repr(sorted(numpy.get_printoptions().items(), key=str))
        )
        state["numpy.errors"] = repr(sorted(numpy.geterr().items()))
    sklearn = sys.modules.get("sklearn")
    if sklearn is not None and hasattr(sklearn, "get_config"):
        state["sklearn.config"] = repr(sorted(sklearn.get_config().items()))
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is not None and hasattr(matplotlib, "rcParams"):
        values = {k: v for k, v in dict.items(matplotlib.rcParams) if k != "backend"}
        state["matplotlib.rcParams"] = digest_of(str(sorted(values.items(), key=str)))[0]
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        try:
            state["pandas.options"] = repr(
                [
                    pandas.get_option("display." + n)
                    for n in ("max_rows", "max_columns", "width", "precision")
                ]
            )
        except Exception:
            state["pandas.options"] = "unreadable"
    logging = sys.modules.get("logging")
    if logging is not None:
        own = {v.name: v for v in names.values() if issubclass(type(v), logging.Logger)}
        loggers = [own[name] for name in sorted(own)] + [logging.root]
        state["logging"] = ", ".join(
            "%s %d %s" % (each.level, len(each.handlers), each.propagate)
            for each in loggers
            if is_set_up(each)
        )
    return state
