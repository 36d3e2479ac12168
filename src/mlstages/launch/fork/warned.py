"""Warnings that imports have shown ahead of time, shown again where a task imports the same.

A warm process keeps them instead of showing them. In a task each waits on its module for the
first import of it, and then meets the filters that are set by that time: Metaflow ignores
warnings within steps, and so do many flows. What the filters of the warm process do not show
is not kept.
"""

import importlib
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from typing import Any, Final, NamedTuple, TextIO

Show = Callable[..., None]
"""As `warnings.showwarning`."""

_METAFLOW: Final = "metaflow"


class _Warning(NamedTuple):
    message: Warning | str
    category: type[Warning]
    filename: str
    lineno: int


def _show_nothing(*warning: object) -> None:
    pass


_kept: dict[str, list[_Warning]] = {}
"""By the module whose import has shown them."""
_module = _METAFLOW
_then: Show = _show_nothing
_before: Show = warnings.showwarning


def keep_warnings(then: Show = _show_nothing) -> None:
    """Keep what is shown from now on, in this process and its forks.

    Parameters
    ----------
    then : callable, default=nothing
        Takes it further.
    """
    global _then, _before
    if warnings.showwarning is not _keep:
        _before = warnings.showwarning
        # Not `catch_warnings`, which would undo the filters that a library sets at its import.
        warnings.showwarning = _keep
    _then = then


@contextmanager
def imported_for(module: str) -> Iterator[None]:
    """Keep what is shown in this block for the first import of a module; else it is Metaflow."""
    global _module
    before, _module = _module, module
    try:
        yield
    finally:
        _module = before


def forget_warnings(module: str = _METAFLOW) -> bool:
    """Return whether warnings were kept for a module, which are not shown again."""
    return bool(_kept.pop(module, None))


def show_warnings_again() -> None:
    """Show warnings in this process again, those that were kept when their module is imported."""
    global _then
    _then = _before  # also for who has taken over from `_keep`, as libraries do
    if warnings.showwarning is _keep:
        warnings.showwarning = _before
    for name in _kept.keys() & sys.modules.keys():
        module: Any = sys.modules[name]
        if type(module) is types.ModuleType:
            module.__class__ = _Announcing


def _keep(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _kept.setdefault(_module, []).append(_Warning(message, category, filename, lineno))
    _then(message, category, filename, lineno, file, line)


class _Announcing(types.ModuleType):
    """A module that is there already: that it is imported can be told by who asks for its spec."""

    @property
    def __spec__(self) -> ModuleSpec | None:  # type: ignore[override]
        self.__class__ = types.ModuleType  # type: ignore[assignment]
        for message, category, filename, lineno in _kept.pop(self.__name__, ()):
            if filename == importlib.__file__:  # it is about who imports
                warnings.warn(message, category, stacklevel=2)
            else:
                warnings.warn_explicit(message, category, filename, lineno)
        return self.__spec__
