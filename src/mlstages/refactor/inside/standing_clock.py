"""Fixed seeds, and a clock that stands still: what makes a run repeatable."""

import sys
import types

from .after_import import AfterImport
from .digests import OWN_MODULES


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

    sys.meta_path.insert(0, AfterImport("numpy", seed_numpy))


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
