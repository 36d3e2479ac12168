"""How a forked child becomes a task: everything as a new interpreter would have it.

What differs all the same: the modules that the warm process has imported are there, and all
tasks of a run share one hash seed, since strings keep their hashes over a fork.
"""

import atexit
import builtins
import gc
import inspect
import io
import itertools
import os
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
import types
from _io import _IOBase
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, Final, NoReturn

from setproctitle import setproctitle

from mlstages.launch.fork.facts import take_facts
from mlstages.launch.fork.refusal import must_start_anew
from mlstages.launch.fork.request import Ends, Request
from mlstages.launch.fork.shortcuts import compile_script
from mlstages.launch.fork.warned import show_warnings_again

_UNBUFFERED: Final = "PYTHONUNBUFFERED"
_OF_A_CLOSED_ONE: Final = (OSError, ValueError, AttributeError)
"""What flushing a stream raises that is closed, or gone."""

before_command: list[Callable[[tuple[str, ...]], None]] = []
"""Called with the command of each child that runs it here, before anything of the user's.

For who observes tasks: a proof of `mlstages.refactor` fixes seeds and clock in them.
"""


def become(request: Request, ends: Ends) -> NoReturn:
    """Be the process that was asked for, to its end.

    Parameters
    ----------
    request : Request
        ``python FLOW.py ...``
    ends : Ends
        Its streams.
    """
    _take_environment(request)
    take_facts(request.facts)
    take_streams(ends.stdin, ends.stdout, ends.stderr)
    setproctitle(" ".join(request.command))
    reset_signals()
    if must_start_anew(request.command[1]):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as `subprocess` has it
        os.execve(request.command[0], request.command, request.environment)
    _reseed()
    for call in before_command:
        call(request.command)
    os._exit(run_script(request.command[1:]))


def run_script(arguments: tuple[str, ...]) -> int:
    """Run a script as ``python SCRIPT ...`` does, to the end of its process; return the code.

    Parameters
    ----------
    arguments : tuple of str
        The script and what follows it.

    Notes
    -----
    Tearing an interpreter down costs a forked child more than the fork: it writes to each
    page that it shares. What a script can tell of it is done: threads are joined, ``atexit``
    runs, garbage is collected and what has been written is flushed. What a module still holds
    when a flow ends is not finalized; stock Metaflow's end does not get that far either.
    """
    try:
        code = _execute(arguments)
        threading._shutdown()  # type: ignore[attr-defined]  # joins threads; for interpreters
        atexit._run_exitfuncs()
        _flush_streams()
        _let_go()
    except BaseException:  # what an interpreter would print while it ends
        traceback.print_exc()
        code = 1
    _flush_streams()
    return code


def _execute(arguments: tuple[str, ...]) -> int:
    script = arguments[0]
    sys.argv = list(arguments)
    sys.orig_argv = [sys.executable, *arguments]
    # A script's folder comes first, with links followed.
    sys.path[0:0] = [str(Path(script).resolve().parent)]
    _hide_own_frames()
    show_warnings_again()
    try:
        main = _make_main(script)
        exec(_compile(script), main.__dict__)
    except SystemExit as ended:
        return _read_exit_code(ended)
    except BaseException as error:
        # Our own frame is the first: a new interpreter has none there.
        below = error.__traceback__.tb_next if error.__traceback__ else None
        sys.excepthook(type(error), error.with_traceback(below), below)
        if isinstance(error, KeyboardInterrupt):
            _die_of_interrupt()
        return 1
    return 0


def _hide_own_frames() -> None:
    """Have stacks end where the script begins, as Metaflow logs them for ``@timeout``."""
    walk_stack, getouterframes = traceback.walk_stack, inspect.getouterframes

    def walk_to_script(frame: Any) -> Iterator[Any]:
        return itertools.takewhile(lambda pair: not _is_own(pair[0]), walk_stack(frame))

    def get_frames_to_script(frame: Any, context: int = 1) -> list[Any]:
        frames = getouterframes(frame, context)
        return list(itertools.takewhile(lambda info: not _is_own(info.frame), frames))

    traceback.walk_stack = walk_to_script  # type: ignore[assignment]
    inspect.getouterframes = get_frames_to_script


def _is_own(frame: types.FrameType) -> bool:
    return frame.f_code is _execute.__code__


def _die_of_interrupt() -> None:
    # As an interpreter ends, so that whoever waits sees that it was the signal.
    _flush_streams()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def _compile(script: str) -> types.CodeType:
    with io.open_code(script) as file:
        return compile_script(script, file.read())


def _make_main(script: str) -> types.ModuleType:
    before = sys.modules["__main__"]
    main = types.ModuleType("__main__")
    path = str(Path(script).absolute())
    main.__dict__.update(
        __loader__=SourceFileLoader("__main__", path),
        __annotations__={},
        __builtins__=builtins,
        __file__=path,
        __cached__=None,
    )
    main.__dict__.update(_find_classes_of_pickles(before))
    sys.modules["__main__"] = main
    return main


def _find_classes_of_pickles(main: types.ModuleType) -> dict[str, type]:
    # Metaflow 2.19 (tuple_util.py) puts named tuples there when it is imported.
    return {
        name: thing
        for name, thing in vars(main).items()
        if isinstance(thing, type)
        and issubclass(thing, tuple)
        and thing.__module__.startswith(("__main__", "metaflow."))
    }


def _read_exit_code(ended: SystemExit) -> int:
    if ended.code is None:
        return 0
    if isinstance(ended.code, int):
        return ended.code & 0xFF
    print(ended.code, file=sys.stderr)
    return 1


def _take_environment(request: Request) -> None:
    os.chdir(request.folder)
    os.umask(request.umask)
    for name in set(os.environ) - set(request.environment):
        del os.environ[name]
    for name, value in request.environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    tempfile.tempdir = None
    time.tzset()


def reset_signals() -> None:
    """Handle signals as an interpreter does at its start: what is ignored stays so (nohup)."""
    at_start = {signal.SIGINT: signal.default_int_handler} | dict.fromkeys(
        (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP), signal.SIG_DFL
    )
    for number, handler in at_start.items():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def outlast_interrupts() -> None:
    """Have this process go on where a user interrupts the run; not the tasks forked from it."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        # Not SIG_IGN: a task could not tell it from what its run was started with.
        signal.signal(signal.SIGINT, _go_on)


def _go_on(number: int, frame: object) -> None:
    pass


def take_streams(stdin: int, stdout: int, stderr: int) -> None:
    """Have descriptors become the standard streams, opened as an interpreter opens them."""
    for stream, end in enumerate((stdin, stdout, stderr)):
        os.dup2(end, stream)
        os.close(end)
    sys.stdin = sys.__stdin__ = _open_stream(0, "r")  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _open_stream(1, "w")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _open_stream(2, "w")  # type: ignore[misc]


def _open_stream(descriptor: int, mode: str) -> Any:
    """Return what an interpreter opens at its start (`create_stdio` of CPython's pylifecycle)."""
    names = ("<stdin>", "<stdout>", "<stderr>")
    model = (sys.stdin, sys.stdout, sys.stderr)[descriptor]
    unbuffered = bool(os.environ.get(_UNBUFFERED)) and mode == "w"
    binary: Any = open(descriptor, mode + "b", 0 if unbuffered else -1, closefd=False)  # noqa: SIM115
    (binary if unbuffered else binary.raw).name = names[descriptor]
    stream: Any = io.TextIOWrapper(
        binary,
        encoding=model.encoding,
        errors=model.errors,
        newline="\n",
        line_buffering=descriptor == 2 and not unbuffered,
        write_through=bool(os.environ.get(_UNBUFFERED)),
    )
    stream.mode = mode
    return stream


def _reseed() -> None:
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _flush_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(*_OF_A_CLOSED_ONE):
            stream.flush()


def _let_go() -> None:
    """Finalize what nobody holds, and flush what the script has left open."""
    # The warm process has frozen what was there before: only what is new is looked at.
    gc.collect()
    for thing in gc.get_objects():
        # Not `io.IOBase`, which asks each class once: that took a tenth of a task.
        if isinstance(thing, _IOBase):
            # What it raises is nobody's to see, as where an interpreter closes it: a daemon
            # thread may be at work on it, as Metaflow's on the archive of a flow's code, and
            # even `closed` raises for one that is just being opened.
            with suppress(Exception):
                if not thing.closed:
                    thing.flush()
