"""The application: which commands there are, and the one place where an error is shown."""

import logging
import signal
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from mlstages.cli import checks, graph, history, pipeline
from mlstages.errors import MlstagesError

_INTERRUPTED = 130  # as shells report a process that ended by SIGINT

app = typer.Typer(
    no_args_is_help=True,
    # A bug of ours shows Python's own traceback, which can be searched and reported.
    pretty_exceptions_enable=False,
    add_completion=False,
    epilog="Exit codes: 0 ok, 1 stages or results differ or a check fails, 2 an option is wrong, "
    "3 the data, a file or a past run is, 4 a run failed.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
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


pipeline.register(app)
checks.register(app)
history.register(app)
graph.register(app)


def main() -> int:
    """Run the command line; return or raise the exit code."""
    logging.basicConfig(stream=sys.stderr, format="%(message)s")
    logging.getLogger("mlstages").setLevel(logging.INFO)
    signal.signal(signal.SIGINT, lambda signal_number, frame: sys.exit(_INTERRUPTED))
    try:
        app(prog_name="mlstages")
    except MlstagesError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return error.exit_code
    return 0
