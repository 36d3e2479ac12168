"""What a step does beside its artifacts, seen while it runs by Python's audit events.

Files, folders, sockets and processes, and chance: the shared random generators are compared
before and after. `hazards` finds by name what leaves no such trace.
"""

import os
import random
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, Final

from mlstages.launch.reuse.modules import installed_folders

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

_STATS: Final = ("stat", "lstat", "access", "readlink")
"""Functions of `os` without an audit event; what looks at a path calls them."""


class Watch:
    """Collects what happens between `start` and `stop`.

    Parameters
    ----------
    history : str
        The folder of the runs: what Metaflow does there is its own affair.
    """

    def __init__(self, history: str) -> None:
        self.reasons: dict[str, None] = {}
        self.classes: dict[tuple[str, str], None] = {}
        self._allowed = _list_allowed(history)
        self._made: set[str] = set()
        self._states: dict[str, Any] = {}
        self._originals: dict[str, Any] = {}
        self._is_active = False

    def start(self) -> None:
        """Begin to watch."""
        sys.addaudithook(self._hear)  # it cannot be taken away, only made deaf
        self._states = _read_generators()
        for name in _STATS:
            self._originals[name] = getattr(os, name)
            setattr(os, name, self._noted(name, getattr(os, name)))
        self._is_active = True

    def stop(self) -> None:
        """Stop, and compare the generators."""
        if not self._is_active:
            return
        self._is_active = False
        for name, function in self._originals.items():
            setattr(os, name, function)
        for name in _list_drawn(self._states, _read_generators()):
            self.reasons[f"draws random numbers from {name}"] = None

    def _noted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def note(path: Any, *arguments: Any, **options: Any) -> Any:
            if self._is_active and not isinstance(path, int):
                self._note_path("looks at", path)
            return function(path, *arguments, **options)

        return note

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_active:
            return
        if event == "open":
            self._hear_open(*arguments)
        elif event == "pickle.find_class":
            self.classes[str(arguments[0]), str(arguments[1])] = None
        elif event == "tempfile.mkdtemp" or event == "tempfile.mkstemp":
            self._made.add(os.path.realpath(arguments[0]))
        elif event in _LISTS:
            self._note_path("lists the folder", arguments[0] if arguments[0] is not None else ".")
        elif event in _CHANGES:
            self._note_path("changes", arguments[0])
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
        if isinstance(flags, int) and flags & os.O_EXCL and _is_temporary(path):
            self._made.add(os.path.realpath(os.fspath(path)).__str__())
        if not writes and isinstance(mode, str) and mode[:1] in ("w", "a", "x"):
            writes = 1
        self._note_path("writes" if writes else "reads", path)

    def _note_path(self, what: str, path: Any) -> None:
        if isinstance(path, int):
            return
        with suppress(ValueError, TypeError):
            shown = os.fsdecode(path)
            full = os.path.realpath(shown) if not self._is_active else _resolve(shown)
            if full.startswith(self._allowed) and not what.startswith(("writes", "changes")):
                return
            if full.startswith(("/dev/", "/proc/")) or any(
                full == made or full.startswith(f"{made}/") for made in self._made
            ):
                return
            self._note(f"{what} {shown}")

    def _note(self, reason: str) -> None:
        if _is_users_doing(sys._getframe(1), reason):
            self.reasons[reason] = None


def _is_users_doing(frame: FrameType | None, reason: str) -> bool:
    """Whether Metaflow or an import, rather than a step, stands nearest behind an event."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_OF_IMPORT) or name.endswith("linecache.py"):
            return False
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in ("metaflow", "metaflow_extensions"):
            return False
        if package in _WORKERS and reason.startswith("starts"):
            return False
        if package not in _OWN and _is_users(name):
            return True
        frame = frame.f_back
    return True


_OWN: Final = ("",)


def _is_users(name: str) -> bool:
    if "/mlstages/launch/reuse/" in name or name.startswith("<"):
        return False
    return not name.startswith(_INSTALLED)


_INSTALLED: Final = tuple(str(folder) + os.sep for folder in installed_folders())


def _list_allowed(history: str) -> tuple[str, ...]:
    folders = [*map(str, installed_folders()), *_OF_SYSTEM, os.path.realpath(history)]
    home = Path(os.environ.get("MPLCONFIGDIR") or Path.home() / ".cache" / "matplotlib")
    folders += [str(home), str(Path.home() / ".config" / "matplotlib")]
    # Matplotlib looks for its settings beside the flow; where they are, they are read.
    return tuple(folder + os.sep for folder in folders) + tuple(folders)


def _resolve(path: str) -> str:
    # realpath would call what is watched here.
    return os.path.normpath(os.path.join(os.getcwd(), path))  # noqa: PTH109, PTH118


def _is_temporary(path: Any) -> bool:
    return _resolve(os.fsdecode(path)).startswith(tempfile.gettempdir())


def _first_word(arguments: tuple[Any, ...]) -> str:
    first = arguments[0] if arguments else ""
    return os.fsdecode(first) if isinstance(first, str | bytes | os.PathLike) else str(first)


def _read_generators() -> Mapping[str, Any]:
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
