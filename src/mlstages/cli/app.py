"""The application: which commands there are, and the one place where an error is shown."""

import errno
import io
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException
from typer.models import CommandInfo, TyperInfo

from mlstages.cli import (
    checks,
    feedback,
    graph,
    history,
    monitor,
    pipeline,
    refactor,
    run,
    serve,
    trust,
)
from mlstages.cli.sections import SectionedCommand, SectionedGroup
from mlstages.errors import MlstagesError

_SECTIONS = {
    "One regression at three stages": (pipeline, checks),
    "Any flow and its runs": (run, history, graph),
    "Your own script": (refactor,),
    "A model that others use": (trust, serve, monitor, feedback),
}

app = typer.Typer(
    cls=SectionedGroup,
    # rich would take as long to lay the help out as all else that is done for it.
    rich_markup_mode=None,
    # A bug of ours shows Python's own traceback, which can be searched and reported.
    pretty_exceptions_enable=False,
    add_completion=False,
    epilog="Exit codes: 0 ok, 1 stages or results differ, a check fails or drift is found, "
    "2 an option is wrong, 3 the data, a file or a past run is, 4 a run failed.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # a tenth of what every command takes to begin

        print(f"mlstages {version('mlstages')}")
        raise typer.Exit


@app.callback()
def describe(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Grow a machine-learning script up: monolith, composable functions, flow.

    One regression at three stages, with equal numbers. Try: mlstages compare
    """


def _register() -> None:
    for section, modules in _SECTIONS.items():
        for module in modules:
            module.register(app)
        added: list[CommandInfo | TyperInfo] = [*app.registered_commands, *app.registered_groups]
        for one in added:
            if not isinstance(one.rich_help_panel, str):  # typer's stand-in for what was not given
                one.rich_help_panel = section
    for command in app.registered_commands:
        command.cls = SectionedCommand


_register()


def main() -> int:
    """Run the command line; return or raise the exit code."""
    logging.basicConfig(stream=sys.stderr, format="%(message)s")
    logging.getLogger("mlstages").setLevel(logging.INFO)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name need not fit the terminal's encoding
            stream.reconfigure(errors="backslashreplace")
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as it is below nohup
            signal.signal(number, _stop)
    # Who reads the output, as head does, may have seen enough: end as other commands do.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        Path.cwd()
    except FileNotFoundError:
        return _say_error("the current folder has been deleted: change to another one", 3)
    try:
        exit_code = app(prog_name="mlstages", standalone_mode=False)
        sys.stdout.flush()
    except MlstagesError as error:
        return _say_error(error.message, error.exit_code)
    except TyperException as error:
        return _say_error(f"{error.format_message()} ({_advise(error)})", 2)
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _say_error("the output cannot be written: no space left on the device", 3)
    return exit_code if isinstance(exit_code, int) else 0


def _advise(error: TyperException) -> str:
    if sys.argv[1:2] == ["refactor"] and "option" in error.format_message():
        return "options of the script go after --; mlstages refactor --help has ours"
    return "mlstages COMMAND --help has them all"


def _say_error(message: str, exit_code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return exit_code


def _stop(signal_number: int, frame: object) -> None:
    print("interrupted", file=sys.stderr)
    sys.exit(128 + signal_number)  # as shells report a process that ended by a signal
