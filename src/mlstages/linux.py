"""What is asked of Linux beside Python's own `os`."""

import ctypes
import os
import signal
import sys
from typing import Final

_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_SET_CHILD_SUBREAPER: Final = 36


def is_supported() -> bool:
    """Return whether this system has what is asked for here."""
    return sys.platform == "linux"


def adopt_orphans(wanted: bool = True) -> None:
    """Make this process the parent of what its descendants leave behind, or no longer."""
    _prctl(_SET_CHILD_SUBREAPER, int(wanted))


def die_with(parent: int) -> None:
    """Have this process killed when its parent dies, also if that has happened already.

    Parameters
    ----------
    parent : int
        The process that is the parent as long as it lives.
    """
    _prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
