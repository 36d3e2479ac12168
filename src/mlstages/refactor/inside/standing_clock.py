"""Fixed seeds, and a clock that stands still: what makes a run repeatable."""

import functools
import os
import sys
import types

from .after_import import AfterImport
from .digests import OWN_MODULES


def fix_seeds_and_clock():
    """Make a run repeatable: seeds at the start of the process, a clock that stands still.

    Of modules that are there already, as in a process that was forked, names that stand for
    what tells the time are bound anew. What they keep elsewhere goes on telling it.
    """
    import random
    import time

    random.seed(0)
    now = 1700000000.0
    replaced = {}

    def replace(module, name, make):
        original = getattr(module, name)
        replaced[id(original)] = original, make(original)
        setattr(module, name, replaced[id(original)][1])

    def seed_with_zero(original):
        # Many scripts seed with what the command line gives: None where it gives nothing.
        @functools.wraps(original)
        def seed(*given, **named):
            if given[:1] in ((), (None,)) and named.get("a") is None and named.get("seed") is None:
                named.pop("a", None)
                named.pop("seed", None)
                given = (0, *given[1:])
            return original(*given, **named)

        return seed

    replace(random, "seed", seed_with_zero)
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
        replace(time, name, lambda original: lambda: now)
        replace(time, name + "_ns", lambda original: lambda: int(now) * 10**9)
    for name in ("gmtime", "localtime"):
        replace(
            time,
            name,
            lambda original: lambda seconds=None: original(now if seconds is None else seconds),
        )
    _fix_datetime(now)

    def seed_numpy(module):
        module.random.seed(0)
        for name in ("seed", "default_rng"):
            replace(module.random, name, seed_with_zero)

    def salt_matplotlib(module):
        module.rcParams["svg.hashsalt"] = "mlstages"  # else the names in a picture are random

    def name_temporary_files(module):
        def begin():
            names = module._RandomNameSequence()  # which draws its seed anew in each process
            names._rng, names._rng_pid = random.Random(0), os.getpid()
            return names

        # Each file gets the first name that is free: others in the process may have taken some.
        module._get_candidate_names = begin

    for name, call in (
        ("numpy", seed_numpy),
        ("matplotlib", salt_matplotlib),
        ("tempfile", name_temporary_files),
    ):
        if name in sys.modules:
            call(sys.modules[name])
        else:
            sys.meta_path.insert(0, AfterImport(name, call))
    for module in list(sys.modules.values()):
        if isinstance(module, types.ModuleType):
            _bind_anew(vars(module), replaced)


def _bind_anew(names, replaced):
    for name, value in list(names.items()):
        if id(value) in replaced:
            original, new = replaced[id(value)]
            if value is original:
                names[name] = new


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
                return Fixed if asking in OWN_MODULES else original
            return getattr(datetime, name)

    sys.modules["datetime"] = Proxy("datetime")
