"""What a step does beside its artifacts, seen while it runs by Python's audit events.

Files, folders, sockets and processes, and chance: the shared random generators are compared
before and after. `hazards` finds by name what leaves no such trace.
"""

import functools
import io
import os
import random
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib import _bootstrap
from pathlib import Path
from types import FrameType
from typing import Any, Final

from mlstages.launch.installed import installed_folders

_CHANGES: Final = {
    **dict.fromkeys(("os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink"), "changes"),
    **dict.fromkeys(("os.chmod", "os.chown", "os.truncate", "os.utime", "os.mkdir"), "changes"),
}
_LISTS: Final = ("os.listdir", "os.scandir", "os.walk", "glob.glob")
_NETWORK: Final = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo")
_STARTS: Final = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")
_OTHERS: Final = {"sqlite3.connect": "opens a database", "webbrowser.open": "opens a browser"}

_OF_SYSTEM: Final = ("/dev", "/proc", "/sys", "/etc", "/usr/share", "/usr/lib", "/usr/local/lib")
_OF_IMPORT: Final = ("<frozen importlib", "<frozen zipimport", "<frozen runpy")
_WORKERS: Final = ("joblib", "multiprocessing", "concurrent")
"""Packages that start processes which compute what was handed to them."""

_READERS: Final = ("polars",)
"""Modules whose ``read_…`` and ``scan_…`` open files past Python."""

_STATS: Final = ("stat", "lstat", "access", "readlink")
"""Functions of `os` without an audit event; what looks at a path calls them."""

_IMPORT: Final = "_find_and_load"
"""Of `importlib._bootstrap`: each way to import a module that is not loaded leads here."""


class Watch:
    """Collects what happens between `start` and `stop`.

    Parameters
    ----------
    history : str
        The folder of the runs: what Metaflow does there is its own affair.
    seeded : iterable of str, default=()
        Shared generators that were seeded when the flow was imported: ``random``,
        ``numpy.random``.
    """

    def __init__(self, history: str, seeded: Iterable[str] = ()) -> None:
        self.reasons: dict[str, None] = {}
        self.classes: dict[tuple[str, str], None] = {}
        self._allowed = _list_allowed(history)
        self._made: set[str] = set()
        self._states: dict[str, Any] = {}
        self._originals: dict[str, Any] = {}
        self._temporary = tempfile.gettempdir()  # asked for later, it would wait for itself
        self._is_active = False
        self._importing = threading.local()
        self._seeded = set(seeded)
        self._seeds: dict[str, Any] = {}
        self._patched: dict[Any, dict[str, Any]] = {}

    def start(self) -> None:
        """Begin to watch."""
        sys.addaudithook(self._hear)  # it cannot be taken away, only made deaf
        self._states = _read_generators()
        self._watch_seeds()
        self._watch_calls()
        for name in _STATS:
            self._originals[name] = getattr(os, name)
            setattr(os, name, self._noted(getattr(os, name)))
        self._originals["getcwd"] = os.getcwd
        os.getcwd = self._noted_folder
        self._find_and_load = getattr(_bootstrap, _IMPORT)
        setattr(_bootstrap, _IMPORT, self._import)
        self._is_active = True

    def stop(self) -> None:
        """Stop, and compare the generators."""
        if not self._is_active:
            return
        self._is_active = False
        for name, function in self._originals.items():
            setattr(os, name, function)
        setattr(_bootstrap, _IMPORT, self._find_and_load)
        for name, seed in self._seeds.items():
            sys.modules[name].seed = seed  # type: ignore[attr-defined]  # both have one
        for module, functions in self._patched.items():
            for name, function in functions.items():
                setattr(module, name, function)
        self._note_drawn()

    def _note_drawn(self) -> None:
        for name in _list_drawn(self._states, _read_generators()):
            if name not in self._seeded:
                self.reasons[f"draws random numbers from {name}"] = None

    def _watch_seeds(self) -> None:
        """Notice where a shared generator is put into a known state."""
        for name in ("random", "numpy.random"):
            module: Any = sys.modules.get(name)
            if name not in self._seeds and hasattr(module, "seed"):
                self._seeds[name] = module.seed
                module.seed = self._noted_seed(name, module.seed)

    def _watch_calls(self) -> None:
        """Notice paths that are given to functions which read them by themselves."""
        for full in _READERS:
            module: Any = sys.modules.get(full)
            if module is None or module in self._patched:
                continue
            if getattr(getattr(module, "__spec__", None), "_initializing", False):
                continue
            self._patched[module] = {}
            for name in dir(module):
                if name.startswith(("read_", "scan_")):
                    function = getattr(module, name)
                    self._patched[module][name] = function
                    setattr(module, name, self._noted_call(name, function))

    def _noted_call(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def note(*arguments: Any, **options: Any) -> Any:
            source = next(iter((*arguments, *options.values())), None)
            if self._is_active and not isinstance(source, bytes | io.BytesIO | io.StringIO):
                self._note(f"reads {source}")
            return function(*arguments, **options)

        return note

    def _noted_seed(self, name: str, seed: Callable[..., Any]) -> Callable[..., Any]:
        def note(*arguments: Any, **options: Any) -> Any:
            if self._is_active and not self._is_importing():
                self._note_drawn()
                is_known = any(one is not None for one in (*arguments, *options.values()))
                (self._seeded.add if is_known else self._seeded.discard)(name)
                result = seed(*arguments, **options)
                self._states = _read_generators()
                return result
            return seed(*arguments, **options)

        return note

    def _import(self, name: str, import_: Any) -> Any:
        """Import a module; what that reads or draws is not what the step comes to."""
        if getattr(self._importing, "is_so", False) or not self._is_active:
            return self._find_and_load(name, import_)
        before = _read_generators()
        self._importing.is_so = True
        try:
            return self._find_and_load(name, import_)
        finally:
            self._importing.is_so = False
            for drawn in _list_drawn(self._states, before):
                if drawn not in self._seeded:
                    self.reasons[f"draws random numbers from {drawn}"] = None
            self._states = _read_generators()
            self._watch_seeds()
            self._watch_calls()

    def _noted_folder(self) -> str:
        if self._is_active and not self._is_importing():
            self._note("asks for the current folder")
        return str(self._originals["getcwd"]())

    def _is_importing(self) -> bool:
        return getattr(self._importing, "is_so", False)

    def _noted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def note(path: Any, *arguments: Any, **options: Any) -> Any:
            if self._is_active and not self._is_importing() and not isinstance(path, int):
                self._note_path("looks at", self._locate(path, options.get("dir_fd")))
            return function(path, *arguments, **options)

        return note

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_active:
            return
        if event == "open":
            if not self._is_importing():
                self._hear_open(*arguments)
        elif event == "pickle.find_class":
            self.classes[str(arguments[0]), str(arguments[1])] = None
        elif self._is_importing():
            return
        elif event == "tempfile.mkdtemp" or event == "tempfile.mkstemp":
            self._made.add(self._resolve(os.fsdecode(arguments[0])))
        elif event in _LISTS:
            self._note_path("lists the folder", arguments[0] if arguments[0] is not None else ".")
        elif event in _CHANGES:
            self._note_path("changes", self._locate(arguments[0], arguments[-1]))
        elif event in _NETWORK:
            self._note("uses the network")
        elif event in _STARTS:
            self._note(f"starts a process ({_first_word(arguments)})")
        elif event in _OTHERS:
            self._note(_OTHERS[event])

    def _hear_open(self, path: Any, mode: Any, flags: Any) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        full = self._resolve(os.fsdecode(path))
        if isinstance(flags, int) and flags & os.O_EXCL and full.startswith(self._temporary):
            self._made.add(full)
        if not writes and isinstance(mode, str) and mode[:1] in ("w", "a", "x"):
            writes = 1
        self._note_path("writes" if writes else "reads", path)

    def _note_path(self, what: str, path: Any) -> None:
        if isinstance(path, int):
            return
        with suppress(ValueError, TypeError):
            shown = os.fsdecode(path)
            full = self._resolve(shown)
            is_change = what.startswith(("writes", "changes"))
            if full.startswith(self._allowed) and not is_change:
                return
            if what == "looks at" and any(one.startswith(full) for one in self._allowed):
                return  # on the way down to an allowed one
            if full.startswith(("/dev/", "/proc/")) or any(
                full == made or full.startswith(f"{made}/") for made in self._made
            ):
                return
            self._note(f"{what} {shown}")

    def _resolve(self, path: str) -> str:
        # os.path.abspath and realpath would call what is watched here.
        getcwd = self._originals.get("getcwd", os.getcwd)
        return os.path.normpath(os.path.join(getcwd(), path))  # noqa: PTH118

    def _locate(self, path: Any, folder: Any) -> Any:
        """Return a path that may be meant from an open folder, given by its number."""
        if not isinstance(folder, int) or folder < 0:
            return path
        try:
            return os.path.join(self._originals["readlink"](f"/proc/self/fd/{folder}"), path)  # noqa: PTH118
        except OSError:
            return path

    def _note(self, reason: str) -> None:
        if _is_users_doing(sys._getframe(1), reason):
            self.reasons[reason] = None


def _is_users_doing(frame: FrameType | None, reason: str) -> bool:
    """Whether a step stands behind an event, rather than Metaflow or an import."""
    asks_for_versions = False
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_OF_IMPORT) or file.endswith("linecache.py"):
            return False
        name = str(frame.f_globals.get("__name__", ""))
        package = name.partition(".")[0]
        if package in ("metaflow", "metaflow_extensions"):
            return False
        if package in _WORKERS and reason.startswith("starts"):
            return False
        asks_for_versions |= name.startswith("importlib.metadata")
        if asks_for_versions and _is_package(file):
            return False  # the packages' versions are in the fingerprint
        if _is_users(file):
            return True
        frame = frame.f_back
    return True


def _is_users(file: str) -> bool:
    if "/mlstages/launch/reuse/" in file or file.startswith("<"):
        return False
    return not file.startswith(_INSTALLED)


def _is_package(file: str) -> bool:
    return "/site-packages/" in file or "/dist-packages/" in file


_INSTALLED: Final = tuple(str(folder) + os.sep for folder in installed_folders())


def _list_allowed(history: str) -> tuple[str, ...]:
    folders = [*map(str, installed_folders()), *_OF_SYSTEM, os.path.realpath(history)]
    home = Path(os.environ.get("MPLCONFIGDIR") or Path.home() / ".cache" / "matplotlib")
    folders += [str(home), str(Path.home() / ".config" / "matplotlib")]
    # Matplotlib looks for its settings beside the flow; where they are, they are read.
    return tuple(folder + os.sep for folder in folders) + tuple(folders)


def _first_word(arguments: tuple[Any, ...]) -> str:
    first = arguments[0] if arguments else ""
    return os.fsdecode(first) if isinstance(first, str | bytes | os.PathLike) else str(first)


def _read_generators() -> dict[str, Any]:
    """Return the state of each shared generator that is loaded."""
    states: dict[str, Any] = {"random": hash(random.getstate())}
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None and hasattr(numpy_random, "get_state"):
        _name, keys, position, has_gauss, _gauss = numpy_random.get_state()
        states["numpy.random"] = (keys.tobytes(), position, has_gauss)
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_rng_state"):
        states["torch"] = torch.get_rng_state().numpy().tobytes()
    return states


_FRESH: Final = 624
"""Where a Mersenne Twister stands that nothing was drawn from yet."""


def _list_drawn(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    drawn = [name for name in before if name in after and before[name] != after[name]]
    if "numpy.random" in after and "numpy.random" not in before:
        _keys, position, has_gauss = after["numpy.random"]
        # Its first state is chance itself, so only how far it has come can be judged.
        if position != _FRESH or has_gauss:
            drawn.append("numpy.random")
    return drawn
