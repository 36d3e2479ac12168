"""Imported by each observed process before its own code: the same seeds and clock, and a record.

What a process draws, and the values that its top-level names have at its end, are written into
the folder that BENCHMARK_RECORD names. Observed is the process of the script BENCHMARK_SCRIPT, or
each task of the flow of that name; what they start is only made deterministic.

- Seeds are set at each process's start, so that a random state that was lost between two
  processes shows. The clock stands still: one that restarts with each task would be nobody's fault.
- Metaflow, and what waits for other threads and processes, sees the real clock.
- A figure is drawn when it is shown, closed, or open at the end, and counted again only if it has
  changed since. It keeps its identity through a pickle, so that one that was carried into the next
  task and finished there counts once.
"""

import atexit
import functools
import gc
import importlib.abc
import importlib.machinery
import json
import os
import sys
import time

FOLDER = os.environ.get("BENCHMARK_RECORD")
NOW = 1_700_000_000.25
REAL = {
    *("metaflow", "metaflow_extensions", "threading", "queue", "subprocess", "multiprocessing"),
    *("concurrent", "asyncio", "selectors", "socket", "ssl", "http", "urllib", "urllib3", "sched"),
    *("requests", "loky", "distributed", "dask", "tornado", "zmq", "psutil", "webbrowser"),
}


def sees_real_clock(frame):
    module = frame.f_globals.get("__name__") or ""
    return module.partition(".")[0] in REAL or module.startswith("joblib.externals")


def stop_clock():
    def stand_still(real, value):
        @functools.wraps(real)
        def clock():
            return real() if sees_real_clock(sys._getframe(1)) else value

        return clock

    for name in ("time", "perf_counter", "monotonic", "process_time", "thread_time"):
        value = NOW if name == "time" else 1000.25
        setattr(time, name, stand_still(getattr(time, name), value))
        in_ns = f"{name}_ns"
        setattr(time, in_ns, stand_still(getattr(time, in_ns), int(value * 1_000_000_000)))

    def now_by_default(real):
        @functools.wraps(real)
        def convert(seconds=None):
            if seconds is None and not sees_real_clock(sys._getframe(1)):
                seconds = NOW
            return real(seconds)

        return convert

    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, now_by_default(getattr(time, name)))
    real_strftime, real_asctime = time.strftime, time.asctime
    time.strftime = lambda form, when=None: real_strftime(
        form, time.localtime() if when is None else when
    )
    time.asctime = lambda when=None: real_asctime(time.localtime() if when is None else when)


def stop_calendar():
    import ctypes
    import datetime

    def replace(kind, name, make):
        # Classes of C have no attributes to set; one put in their place would fail isinstance.
        attributes = gc.get_referents(kind.__dict__)[0]
        real = getattr(kind, name)

        def stands_still(cls, *arguments, **options):
            if cls is kind and sees_real_clock(sys._getframe(1)):
                return real(*arguments, **options)
            return make(cls, *arguments, **options)

        attributes[name] = classmethod(stands_still)
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))

    stamp = datetime.datetime
    replace(stamp, "now", lambda cls, tz=None: cls.fromtimestamp(NOW, tz))
    replace(stamp, "utcnow", lambda cls: cls.utcfromtimestamp(NOW))
    replace(datetime.date, "today", lambda cls: cls.fromtimestamp(NOW))
    replace(stamp, "today", lambda cls: cls.fromtimestamp(NOW))


def seed_random():
    import random

    real = random.seed
    random.seed = lambda a=None, version=2: real(0 if a is None else a, version)
    random.seed()


def seed_numpy(module):
    real_seed, real_generator = module.seed, module.default_rng
    module.seed = lambda seed=None: real_seed(0 if seed is None else seed)
    module.default_rng = functools.wraps(real_generator)(
        lambda seed=None: real_generator(0 if seed is None else seed)
    )
    module.seed()


def seed_torch(module):
    module.manual_seed(0)


class Figures:
    """What pyplot's figures looked like when they were shown, closed, or left open."""

    def __init__(self, process):
        self.process = process
        self.events = []
        self.n_figures = 0

    def identify(self, module):
        make = module.Figure.__init__

        @functools.wraps(make)
        def init(figure, *arguments, **options):
            make(figure, *arguments, **options)
            self.n_figures += 1
            figure._benchmark_id = [self.process, self.n_figures]
            figure._benchmark_drawn = None

        module.Figure.__init__ = init

    def watch(self, pyplot):
        managers = pyplot._pylab_helpers.Gcf
        show, destroy, destroy_all = pyplot.show, managers.destroy, managers.destroy_all

        @functools.wraps(show)
        def show_and_record(*arguments, **options):
            self.record_open(managers, "show")
            return show(*arguments, **options)

        def destroy_and_record(_cls, number):
            manager = managers.figs.get(number) if isinstance(number, int) else number
            if manager is not None and manager in managers.figs.values():
                self.record(manager.canvas.figure, "close")
            return destroy(number)

        def destroy_all_and_record(_cls):
            self.record_open(managers, "close")
            return destroy_all()

        pyplot.show = show_and_record
        managers.destroy = classmethod(destroy_and_record)
        managers.destroy_all = classmethod(destroy_all_and_record)
        # After pyplot's own, which closes all, and so called before it.
        atexit.register(self.record_open, managers, "end")

    def record_open(self, managers, how):
        for number in sorted(managers.figs):
            self.record(managers.figs[number].canvas.figure, how)

    def record(self, figure, how):
        drawn = getattr(figure, "_benchmark_drawn", None)
        if drawn is not None and not figure.stale:
            return
        pixels = self.draw(figure)
        if pixels != drawn:
            figure._benchmark_drawn = pixels
            identity = getattr(figure, "_benchmark_id", None) or [self.process, 0]
            self.events.append({"id": identity, "pixels": pixels, "how": how})

    def draw(self, figure):
        import hashlib

        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas = figure.canvas
        try:
            if not hasattr(canvas, "buffer_rgba"):
                canvas = FigureCanvasAgg(figure)
            canvas.draw()
            image = canvas.buffer_rgba()
        except Exception as error:  # what does not draw does not draw in the other run either
            return f"not drawn: {error!r}"
        return f"{image.shape[1]} x {image.shape[0]}: {hashlib.sha256(image).hexdigest()}"


class Frames:
    """The locals of functions at their end, without a trace while they run.

    A frame that somebody holds keeps its locals when its function has returned.
    """

    def __init__(self, script, stages):
        self.script, self.stages = script, stages
        self.main = None
        self.ended = []

    def await_main(self):
        sys.settrace(self.find_main)

    def find_main(self, frame, _event, _argument):
        is_main = frame.f_code.co_name == "main" and frame.f_globals.get("__name__") == "__main__"
        if is_main and os.path.realpath(frame.f_code.co_filename) == self.script:
            sys.settrace(None)
            self.main = frame
            self.hold_stages(frame.f_globals)

    def hold_stages(self, namespace):
        for name in self.stages:
            if hasattr(namespace.get(name), "__code__"):
                namespace[name] = self.hold(namespace[name])

    def hold(self, function):
        @functools.wraps(function)
        def held(*arguments, **options):
            started = []

            def find(frame, _event, _argument):
                if frame.f_code is function.__code__:
                    sys.settrace(None)
                    started.append(frame)

            sys.settrace(find)
            try:
                return function(*arguments, **options)
            finally:
                sys.settrace(None)
                self.ended += started

        return held

    def read(self):
        stages = {}
        for frame in self.ended:
            stages |= frame.f_locals
        return stages, {} if self.main is None else dict(self.main.f_locals)


def describe_names(names):
    from benchmark_values import describe, is_value

    return {
        name: describe(value)
        for name, value in names.items()
        if not (name.startswith("__") and name.endswith("__")) and is_value(value)
    }


def write_record(process, figures, frames):
    stages, of_main = frames.read()
    record = {
        "process": process,
        "figures": figures.events,
        "names": {},
        "stage_names": describe_names(stages),
    }
    if process == "script":
        record["names"] = describe_names(vars(sys.modules["__main__"]) | of_main)
    path = os.path.join(FOLDER, f"{process.replace('/', '-')}.json")  # noqa: PTH118
    with open(path, "w") as file:  # noqa: PTH123
        json.dump(record, file)


class AfterImport(importlib.abc.MetaPathFinder):
    """Calls a function with a module when that has been imported."""

    def __init__(self, actions):
        self.actions = actions

    def find_spec(self, name, path, target=None):
        if name not in self.actions:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            action, execute = self.actions.pop(name), spec.loader.exec_module

            def execute_and_act(module):
                execute(module)
                action(module)

            spec.loader.exec_module = execute_and_act
        return spec


def find_process():
    """Return what the record calls this process; None if it is not observed."""
    script = os.environ.get("BENCHMARK_SCRIPT")
    arguments = sys.orig_argv[1:]
    while arguments and arguments[0].startswith("-") and arguments[0] not in ("-c", "-m"):
        arguments.pop(0)
    if FOLDER is None or script is None or not arguments:
        return None
    if os.path.realpath(arguments[0]) != script:
        return None
    if os.environ.get("BENCHMARK_IS_FLOW") != "1":
        return "script"
    if "step" not in arguments:
        return None
    step = arguments[arguments.index("step") + 1]
    return f"{step}/{arguments[arguments.index('--task-id') + 1]}"


def mentions_main(script):
    with open(script, "rb") as file:  # noqa: PTH123
        return b"def main" in file.read()


def start():
    actions = {"numpy.random": seed_numpy, "torch": seed_torch}
    process = find_process()
    if process is not None:
        script = os.environ["BENCHMARK_SCRIPT"]
        figures = Figures(process)
        frames = Frames(script, os.environ.get("BENCHMARK_STAGES", "").split())
        actions["matplotlib.figure"] = figures.identify
        actions["matplotlib.pyplot"] = figures.watch
        observed = os.getpid()

        def write_own_record():
            if os.getpid() == observed:
                write_record(process, figures, frames)

        atexit.register(write_own_record)
        if process != "script":
            module = os.environ.get("BENCHMARK_FUNCTIONS")
            actions[module] = lambda functions: frames.hold_stages(vars(functions))
        elif mentions_main(script):
            frames.await_main()
    sys.meta_path.insert(0, AfterImport(actions))
    seed_random()
    stop_calendar()
    stop_clock()


if "BENCHMARK_RECORD" in os.environ:
    start()
