"""Run a script and record what it did: figures, final variables, state between statements.

This file is copied beside the scratch folder and runs in the user's own Python, which need
not have mlstages: it imports the standard library only, and others' libraries only where the
script has loaded them. As ``sitecustomize`` it records the tasks of a flow; as a program it
runs one script:

    python recorder.py record SCRIPT [ARGUMENT ...]
    python recorder.py observe SCRIPT [ARGUMENT ...]

The environment says where to (``MLSTAGES_RECORD``, a folder), and whether seeds and clock are
fixed (``MLSTAGES_FIXED``). What is recorded are digests, not values: equal digests of two
runs mean equal content.
"""

import ast
import atexit
import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import os
import pickle
import re
import sys
import types

_FOLDER = os.environ.get("MLSTAGES_RECORD", "")
_SCRIPT_MODULES = set(filter(None, os.environ.get("MLSTAGES_MODULES", "").split(",")))
_OWN_CLASSES = {"__main__", "__mp_main__"} | _SCRIPT_MODULES


class Digest:
    """A digest of what a value holds, following references; cycles are cut.

    Values that cannot be looked into (generators, handles) are known by their type alone, and
    ``is_partial`` says so.
    """

    def __init__(self):
        self.hash = hashlib.sha256()
        self.seen = {}
        self.kept = []
        self.is_partial = False

    def feed(self, value, depth=0):
        """Add a value."""
        kind = type(value)
        if value is None or kind in (bool, int, complex):
            return self.text(kind.__name__, repr(value))
        if kind is float:
            return self.text("float", "nan" if value != value else value.hex())
        if kind is str:
            return self.text("str", _mask(value))
        if kind in (bytes, bytearray):
            return self.raw(kind.__name__, bytes(value))
        if id(value) in self.seen:
            return self.text("seen", str(self.seen[id(value)]))
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)  # an id is one object's only while it lives
        if depth > 60:
            self.is_partial = True
            return self.text("deep", kind.__name__)
        if kind in (list, tuple):
            self.text(kind.__name__, str(len(value)))
            for item in value:
                self.feed(item, depth + 1)
        elif kind is dict:
            self.text("dict", str(len(value)))
            for key, item in value.items():
                self.feed(key, depth + 1)
                self.feed(item, depth + 1)
        elif kind in (set, frozenset):
            self.text(kind.__name__, ",".join(sorted(_digest(item)[0] for item in value)))
        elif kind is range or kind is slice:
            self.text(kind.__name__, repr(value))
        elif kind is types.ModuleType:
            self.text("module", value.__name__)
        elif isinstance(value, type):
            self.text("class", _class_name(value))
        elif kind in (types.FunctionType, types.BuiltinFunctionType, types.MethodType):
            self.function(value, depth)
        else:
            self.object(value, kind, depth)
        return None

    def function(self, value, depth):
        """Add a function: its name, its code and what it closes over."""
        self.text("function", value.__qualname__.rpartition("<locals>.")[2])
        code = getattr(value, "__code__", None)
        if code is not None:
            self.raw("code", code.co_code)
            self.text("names", repr(code.co_names))
        if isinstance(value, types.MethodType):
            self.feed(value.__self__, depth + 1)

    def object(self, value, kind, depth):
        """Add an object of a library or of the script."""
        numpy = sys.modules.get("numpy")
        self.text("object", _class_name(kind))
        if numpy is not None and isinstance(value, numpy.ndarray):
            self.text("array", "%s %s" % (value.dtype, value.shape))
            if value.dtype.hasobject:
                for item in value.ravel().tolist():
                    self.feed(item, depth + 1)
            else:
                self.raw("data", numpy.ascontiguousarray(value).tobytes())
                mask = getattr(value, "mask", None)
                if isinstance(mask, numpy.ndarray):
                    self.raw("mask", mask.tobytes())
            return
        if numpy is not None and isinstance(value, numpy.generic):
            self.raw("scalar", value.tobytes() if not isinstance(value, numpy.object_) else b"")
            return
        state = self.state_of(value)
        if state is None:
            self.is_partial = True
            return
        self.feed(state, depth + 1)

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
                frame = value if isinstance(value, pandas.DataFrame) else value.to_frame()
                return [
                    list(map(str, frame.columns)),
                    [str(t) for t in frame.dtypes],
                    frame.index.tolist(),
                    [frame.iloc[:, i].tolist() for i in range(frame.shape[1])],
                ]
            except Exception:
                return None
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:
            own = getattr(value, "__dict__", None)
            self.is_partial = True
            return dict(own) if own is not None else None
        if isinstance(reduced, str):
            return reduced
        if isinstance(value, dict) and hasattr(type(value), "__setstate__"):
            # What the class itself leaves out of its pickle, it does not hold.
            return list(map(list, value.items()))
        parts = list(reduced[1:3])
        parts += [list(part) if part is not None else None for part in reduced[3:5]]
        return parts

    def text(self, kind, text):
        """Add text under a kind."""
        self.raw(kind, text.encode("utf-8", "surrogatepass"))

    def raw(self, kind, content):
        """Add bytes under a kind, so that no two values run together."""
        self.hash.update(("%s:%d:" % (kind, len(content))).encode())
        self.hash.update(content)


def _class_name(kind):
    module = kind.__module__
    return "%s.%s" % ("script" if module in _OWN_CLASSES else module, kind.__qualname__)


def _mask(text):
    return re.sub(r"\b0x[0-9a-fA-F]{6,}", "0x", text)


def _digest(value):
    digest = Digest()
    try:
        digest.feed(value)
    except Exception as error:  # a foreign object may raise anything when it is looked at
        return "unreadable %s" % type(error).__name__, True
    return digest.hash.hexdigest(), digest.is_partial


def describe(value):
    """Return the digest of a value with a short look at it."""
    digest, is_partial = _digest(value)
    try:
        shown = _mask(repr(value))
    except Exception:
        shown = "<%s>" % type(value).__name__
    shape = getattr(value, "shape", None)
    return {
        "digest": digest,
        "partial": is_partial,
        "type": _class_name(type(value)),
        "shown": ("%s " % (shape,) if isinstance(shape, tuple) else "") + shown[:200],
    }


def describe_all(names):
    """Return the digests of variables; modules, and what the script defines, are no results."""
    return {
        name: describe(value)
        for name, value in names.items()
        if not name.startswith("__")
        and not isinstance(value, types.ModuleType)
        and not (isinstance(value, (types.FunctionType, type)) and value.__module__ in _OWN_CLASSES)
    }


def _round_trip(value):
    try:
        return pickle.loads(pickle.dumps(value))
    except Exception:
        return value


# ---- figures ----------------------------------------------------------------------


class Figures:
    """The pixels of each figure, whenever it is shown, saved, closed or left open."""

    def __init__(self):
        self.digests = []
        self.seen = set()

    def record(self, figure):
        """Record a figure as it looks now; the same look of one figure counts once."""
        try:
            from matplotlib.backends.backend_agg import FigureCanvasAgg

            before = figure.canvas
            canvas = FigureCanvasAgg(figure)
            try:
                canvas.draw()
                pixels = bytes(canvas.buffer_rgba())
                size = canvas.get_width_height()
            finally:
                figure.set_canvas(before)
        except Exception as error:
            pixels, size = type(error).__name__.encode(), (0, 0)
        digest = "%dx%d %s" % (size[0], size[1], hashlib.sha256(pixels).hexdigest())
        if (id(figure), digest) not in self.seen:
            self.seen.add((id(figure), digest))
            self.kept = getattr(self, "kept", [])
            self.kept.append(figure)
            self.digests.append(digest)

    def record_open(self):
        """Record every figure that is open."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None or not hasattr(pyplot, "get_fignums"):
            return
        from matplotlib._pylab_helpers import Gcf

        for manager in list(Gcf.figs.values()):
            self.record(manager.canvas.figure)

    def watch(self, pyplot):
        """Record at each show, save and close."""
        from matplotlib.figure import Figure

        show, close, save = pyplot.show, pyplot.close, Figure.savefig

        def recorded_show(*args, **kwargs):
            self.record_open()
            return show(*args, **kwargs)

        def recorded_close(*args, **kwargs):
            self.record_open()
            return close(*args, **kwargs)

        def recorded_save(figure, *args, **kwargs):
            result = save(figure, *args, **kwargs)
            self.record(figure)
            return result

        for new, old in ((recorded_show, show), (recorded_close, close), (recorded_save, save)):
            new.__name__, new.__doc__ = old.__name__, old.__doc__
            new.__wrapped__ = old
        pyplot.show, pyplot.close, Figure.savefig = recorded_show, recorded_close, recorded_save
        # Pyplot closes what is open at the end of the process; this is called before.
        atexit.register(self.record_open)


class _AfterImport(importlib.abc.MetaPathFinder):
    """Calls a function once a module has been loaded."""

    def __init__(self, name, call):
        self.name, self.call, self.busy = name, call, False

    def find_spec(self, name, path=None, target=None):
        if name != self.name or self.busy:
            return None
        self.busy = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.busy = False
        if spec is None or spec.loader is None:
            return None
        spec.loader = _Loader(spec.loader, self.call)
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, loader, call):
        self.loader, self.call = loader, call

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        self.call(module)


# ---- fixed seeds and clock --------------------------------------------------------


def fix_seeds_and_clock():
    """Make a run repeatable: seeds at the start of the process, a clock that stands still."""
    import random
    import time

    random.seed(0)
    now = 1700000000.0
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
        setattr(time, name, lambda now=now: now)
        setattr(time, name + "_ns", lambda now=now: int(now) * 10**9)
    for name in ("gmtime", "localtime"):
        original = getattr(time, name)
        setattr(
            time,
            name,
            lambda seconds=None, f=original: f(now if seconds is None else seconds),
        )
    _fix_datetime(now)

    def seed_numpy(module):
        module.random.seed(0)
        make = module.random.default_rng

        def default_rng(seed=None):
            return make(0 if seed is None else seed)

        module.random.default_rng = default_rng

    sys.meta_path.insert(0, _AfterImport("numpy", seed_numpy))


def _fix_datetime(now):
    import datetime

    class FixedMeta(type):
        def __instancecheck__(cls, instance):
            return isinstance(instance, original)

        def __subclasscheck__(cls, subclass):
            return issubclass(subclass, original)

    original = datetime.datetime

    class Fixed(original, metaclass=FixedMeta):
        __slots__ = ()  # compiled code relies on the size of the type

        @classmethod
        def now(cls, tz=None):
            return original.fromtimestamp(now, tz)

        @classmethod
        def utcnow(cls):
            return original(2023, 11, 14, 22, 13, 20)

        @classmethod
        def today(cls):
            return original.fromtimestamp(now)

    Fixed.__name__ = Fixed.__qualname__ = "datetime"
    Fixed.__module__ = "datetime"

    class Proxy(types.ModuleType):
        """The module as the script sees it; compiled libraries need the type itself."""

        def __getattr__(self, name):
            if name == "datetime":
                asking = sys._getframe(1).f_globals.get("__name__")
                return Fixed if asking in _OWN_CLASSES else original
            return getattr(datetime, name)

    sys.modules["datetime"] = Proxy("datetime")


# ---- running one script -----------------------------------------------------------


def run_script(path, *, observed=None):
    """Run a script as the main program; return its exit status and its final variables.

    ``observed`` is a function that is called before each top-level statement with its index.
    """
    path = os.path.abspath(path)  # as Python itself tells a script
    main = sys.modules["__main__"]
    own = dict(main.__dict__)
    main.__dict__.clear()
    main.__dict__.update(
        __name__="__main__",
        __file__=path,
        __builtins__=own["__builtins__"],
        __doc__=None,
        __spec__=None,
        __loader__=None,
        __package__=None,
        __annotations__={},
    )
    with open(path, "rb") as file:
        content = file.read()
    locals_of_main = {}

    def keep(names):
        locals_of_main.clear()
        locals_of_main.update(names)

    tree = ast.parse(content, path)
    if observed is None:
        _keep_locals(tree)
        main.__dict__["__mlstages_keep__"] = keep
    status = 0
    try:
        flags = 0
        if observed is None:
            exec(compile(tree, path, "exec", flags, True), main.__dict__)
        else:
            _run_by_statement(tree, path, main.__dict__, observed)
    except SystemExit as error:
        code = error.code
        if code is not None and not isinstance(code, int):
            sys.stderr.write("%s\n" % (code,))
            code = 1
        status = code or 0
    except BaseException as error:
        import traceback

        here = error.__traceback__
        while here is not None and here.tb_frame.f_code.co_filename != path:
            here = here.tb_next
        traceback.print_exception(type(error), error, here)
        status = 1
    names = {k: v for k, v in main.__dict__.items() if k not in own or own[k] is not v}
    names.pop("__mlstages_keep__", None)
    names.update(locals_of_main)
    return status, names


def _run_by_statement(tree, path, names, observed):
    doc = ast.get_docstring(tree, clean=False)
    if doc is not None:
        names["__doc__"] = doc
    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            import __future__

            for alias in node.names:
                flags |= getattr(__future__, alias.name).compiler_flag
    for index, node in enumerate(tree.body):
        observed(index, names)
        exec(compile(ast.Module([node], []), path, "exec", flags, True), names)
    observed(len(tree.body), names)


def _keep_locals(tree):
    """Let the function that the main guard calls leave its local names behind."""
    called = None
    for node in tree.body:
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
            names = [n.func.id for n in calls if isinstance(n.func, ast.Name)]
            called = names[-1] if names else None
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            if isinstance(node.value.func, ast.Name):
                called = called or node.value.func.id
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == called:
            _KeepLocals().visit_body(node)
    ast.fix_missing_locations(tree)


class _KeepLocals(ast.NodeTransformer):
    def visit_body(self, function):
        function.body = [self.visit(node) for node in function.body]
        function.body = [n for m in function.body for n in (m if isinstance(m, list) else [m])]
        if function.body and not isinstance(function.body[-1], ast.Return):
            function.body.append(ast.copy_location(self.keep(), function.body[-1]))

    def keep(self):
        return ast.parse("__mlstages_keep__(locals())").body[0]

    def visit_FunctionDef(self, node):
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef

    def visit_Return(self, node):
        keep = self.keep()
        for part in ast.walk(keep):
            ast.copy_location(part, node)
        return [keep, node]


# ---- observation ------------------------------------------------------------------


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
            self.places[index] = {"state": read_state()}
            return
        carried = {name: names[name] for name in live if name in names}
        unpicklable = {}
        for name, value in carried.items():
            fault = self.why_not(value)
            if fault:
                unpicklable[name] = fault
        self.places[index] = {
            "missing": [name for name in live if name not in names],
            "unpicklable": unpicklable,
            "shared": find_shared({**self.find_old(names, carried), **carried}),
            "types": {name: _class_name(type(value)) for name, value in carried.items()},
            "figures": len(open_figures() - self.shown),
            "state": read_state(),
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
        own = getattr(value, "__dict__", None)
        kind = type(value).__module__ or ""
        if kind.startswith(("pandas", "numpy", "polars", "matplotlib")):
            return found
        items = list(own.values())[:200] if isinstance(own, dict) else []
    for item in items:
        if not isinstance(item, plain):
            found |= _parts(item, depth + 1)
    return found


def open_figures():
    """Return the numbers of the figures that pyplot has open."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    return set(helpers.Gcf.figs) if helpers is not None else set()


def read_state():
    """Return digests of what a process carries besides its names."""
    state = {"folder": os.getcwd()}
    module = sys.modules.get("random")
    if module is not None:
        state["random"] = _digest(module.getstate())[0]
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if "numpy.random" in sys.modules:
            state["numpy.random"] = _digest(numpy.random.get_state())[0]
        state["numpy.options"] = _mask(repr(sorted(numpy.get_printoptions().items(), key=str)))
        state["numpy.errors"] = repr(sorted(numpy.geterr().items()))
    sklearn = sys.modules.get("sklearn")
    if sklearn is not None and hasattr(sklearn, "get_config"):
        state["sklearn.config"] = repr(sorted(sklearn.get_config().items()))
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is not None and hasattr(matplotlib, "rcParams"):
        values = {k: v for k, v in dict.items(matplotlib.rcParams) if k != "backend"}
        state["matplotlib.rcParams"] = _digest(str(sorted(values.items(), key=str)))[0]
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
        state["logging"] = "%s %d" % (logging.root.level, len(logging.root.handlers))
    return state


# ---- a flow's task ----------------------------------------------------------------


def record_task():
    """At the end of a task, record the artifacts that it made and its figures."""
    figures = Figures()
    sys.meta_path.insert(0, _AfterImport("matplotlib.pyplot", figures.watch))

    variables = {}

    def watch(module):
        store = module.TaskDataStore
        persist = store.persist

        def recorded_persist(self, flow):
            own = {
                k: _round_trip(v)
                for k, v in list(vars(flow).items())
                if not k.startswith("_") and k not in type(flow)._EPHEMERAL and k != "name"
            }
            variables.update(describe_all(own))
            return persist(self, flow)

        store.persist = recorded_persist

    sys.meta_path.insert(0, _AfterImport("metaflow.datastore.task_datastore", watch))

    def finish():
        figures.record_open()
        step, task = _step_of_the_command(sys.argv)
        record = {"step": step, "task": task, "figures": figures.digests}
        _write("task-%s" % os.getpid(), dict(record, variables=variables))

    atexit.register(finish)


def _step_of_the_command(arguments):
    step = arguments[arguments.index("step") + 1]
    task = arguments[arguments.index("--task-id") + 1] if "--task-id" in arguments else "0"
    return step, task


def _write(name, record):
    target = os.path.join(_FOLDER, name + ".json")
    with open(target + ".part", "w") as file:
        json.dump(record, file)
    os.replace(target + ".part", target)


def _start_as_site():
    """Do the part of ``sitecustomize``: for a flow's tasks, and the environment's own one."""
    if os.environ.get("MLSTAGES_FIXED") and "step" in sys.orig_argv:
        fix_seeds_and_clock()
    if _FOLDER and "step" in sys.orig_argv and "--run-id" in sys.orig_argv:
        record_task()
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def _main():
    mode, path = sys.argv[1:3]
    sys.argv[:] = sys.argv[2:]
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != here]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    figures = Figures()
    if os.environ.get("MLSTAGES_FIXED"):
        fix_seeds_and_clock()
    if mode == "record":
        sys.meta_path.insert(0, _AfterImport("matplotlib.pyplot", figures.watch))
        status, names = run_script(path)
        record = {"status": status}
    else:
        with open(os.path.join(_FOLDER, "live.json")) as file:
            observer = Observer(json.load(file))
        sys.meta_path.insert(0, _AfterImport("matplotlib.pyplot", observer.watch))
        status, names = run_script(path, observed=observer)
        record = {"status": status, "places": observer.places}
    sys.stdout.flush()
    if mode == "record":
        figures.record_open()
        record["figures"] = figures.digests
        record["variables"] = describe_all(names)
    _write("run", record)
    sys.stdout.flush()
    sys.exit(status)


if __name__ == "__main__":
    import recorder  # type: ignore[import-not-found]  # itself: the main module's names are given to the script

    recorder._main()
elif __name__ == "sitecustomize":
    _start_as_site()
