"""What a task sees of its process."""

import __main__
import gc
import inspect
import locale
import logging
import os
import random
import signal
import stat
import sys
import tempfile
import threading
import time
import traceback
import warnings
from pathlib import Path

import numpy as np
from metaflow import FlowSpec, step

np.random.seed(7)
random.seed(7)
HERE: int = 3

warnings.filterwarnings("ignore", message="nothing", category=ResourceWarning)


def look_at_stream(stream):
    names = ("encoding", "errors", "line_buffering", "write_through", "newlines", "name", "mode")
    layers = [stream, getattr(stream, "buffer", None), getattr(stream.buffer, "raw", None)]
    return [
        {n: repr(getattr(stream, n, None)) for n in names},
        [type(layer).__name__ for layer in layers],
        [getattr(layer, "name", None) for layer in layers],
        [getattr(layer, "mode", None) for layer in layers],
        stream.fileno(),
        stream.isatty(),
        stream.closed,
        oct(stat.S_IFMT(os.fstat(stream.fileno()).st_mode)),
    ]


def look():
    import psutil

    parent = psutil.Process().parent()
    return {
        "argv": sys.argv,
        "orig_argv": sys.orig_argv,
        "cmdline": psutil.Process().cmdline(),
        "path": sys.path,
        "flags": repr(sys.flags),
        "executable": sys.executable,
        "warnoptions": sys.warnoptions,
        "filters": sorted(map(repr, warnings.filters)),
        "main": {k: repr(v)[:90] for k, v in vars(__main__).items() if k.startswith("__")},
        "main names": sorted(vars(__main__)),
        "main in modules": sys.modules["__main__"] is __main__,
        "loader": [type(__loader__).__name__, __loader__.name, __loader__.path],
        "stack": [(f.filename, f.function) for f in inspect.stack()],
        "formatted stack": traceback.format_stack(),
        "stdin": look_at_stream(sys.stdin),
        "stdout": look_at_stream(sys.stdout),
        "stderr": look_at_stream(sys.stderr),
        "same": [sys.stdin is sys.__stdin__, sys.stdout is sys.__stdout__],
        "cwd": os.getcwd(),
        "umask": oct(os.umask(0o22)),
        "signals": {int(n): repr(signal.getsignal(n)) for n in signal.valid_signals()},
        "mask": repr(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "kernel": [
            line
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith(("SigBlk", "SigIgn", "SigCgt"))
        ],
        "environment": {k: v for k, v in os.environ.items() if "TIME" not in k},
        "threads": [
            [t.name for t in threading.enumerate()],
            threading.main_thread() is threading.current_thread(),
        ],
        "ident": threading.get_native_id() == os.getpid(),
        "descriptors": sorted(
            kind
            for n in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{n}")
            if (kind := os.readlink(f"/proc/self/fd/{n}").partition(":")[0]) != "socket"
        ),
        "locale": [locale.getlocale(), locale.getpreferredencoding(), sys.getfilesystemencoding()],
        "gc": [gc.isenabled(), gc.get_threshold(), gc.get_debug()],
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval()],
        "group": [
            os.getpgrp() == os.getpgid(os.getppid()),
            os.getsid(0) == os.getsid(os.getppid()),
        ],
        "parent": parent.cmdline()[:2],
        "nice": os.nice(0),
        "hooks": [sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__],
        "unraisable": sys.unraisablehook is sys.__unraisablehook__,
        "finders": [getattr(f, "__name__", type(f).__name__) for f in sys.meta_path],
        "path hooks": len(sys.path_hooks),
        "temporary": tempfile.gettempdir(),
        "zone": time.tzname,
        "logging": [logging.root.handlers, logging.root.level, logging.root.disabled],
        "random": [random.random(), np.random.rand(2).tolist()],
        "annotations": repr(__annotations__),
        "interactive": hasattr(sys, "ps1"),
        "dont_write": sys.dont_write_bytecode,
        "trace": [sys.gettrace(), sys.getprofile()],
    }


class ProcessFlow(FlowSpec):
    @step
    def start(self):
        for name, value in look().items():
            setattr(self, name.replace(" ", "_") + "_", repr(value))
        self.next(self.end)

    @step
    def end(self):
        self.drawn = np.random.rand(3).tolist()
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
        logging.info("logged")
        warnings.warn("warned", stacklevel=1)
        print("no newline at the end", end="")


if __name__ == "__main__":
    ProcessFlow()
