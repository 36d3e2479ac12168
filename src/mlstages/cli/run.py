"""The command that runs any flow: this process becomes Metaflow's own, with tasks forked."""

from pathlib import Path
from typing import Annotated

import typer

FlowFile = Annotated[Path, typer.Argument(metavar="FLOW.py", help="The file of a flow.")]
Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="[OPTIONS OF METAFLOW'S RUN]...", help="Also the flow's parameters."),
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(
        "run",
        epilog="Example: mlstages run flow.py --max-workers 2 --tag try",
        # The options are Metaflow's and the flow's: they are read there.
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )(run)


def run(flow_file: FlowFile, words: Words = None) -> None:
    """Run any Metaflow flow at the price of a script; as python FLOW.py run, all else alike.

    Options are those of Metaflow's run, before it or after it, and the flow's parameters.
    What is printed and the exit code are Metaflow's.
    """
    from mlstages.launch.process import become_run

    become_run(flow_file, words or [])
