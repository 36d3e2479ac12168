"""The command that runs any flow: this process becomes Metaflow's own, with tasks forked."""

import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

FlowFile = Annotated[Path, typer.Argument(metavar="FLOW.py", help="The file of a flow.")]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[OPTION]...",
        help="Of Metaflow's run, or the flow's parameters; and --reuse, --explain, --json.",
    ),
]

REUSE: Final = "--reuse"
EXPLAIN: Final = "--explain"
JSON: Final = "--json"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(
        "run",
        epilog="Example: mlstages run flow.py --max-workers 2 --reuse --explain",
        # The options are Metaflow's and the flow's: they are read there.
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )(run)


def run(flow_file: FlowFile, words: Words = None) -> None:
    """Run any Metaflow flow at the price of a script: python FLOW.py run, all else alike.

    What is printed and the exit code are Metaflow's.

    --reuse takes steps from an earlier run where neither their code nor what they read has
    changed. --explain says afterwards which ones, and why not the others. --json prints that,
    and the run, as JSON.
    """
    words = words or []
    theirs = [word for word in words if word not in (REUSE, EXPLAIN, JSON)]
    if EXPLAIN not in words and JSON not in words:
        from mlstages.launch.process import become_run

        become_run(flow_file, [*theirs, *(["--with", "reuse"] if REUSE in words else [])])
    if EXPLAIN in words and REUSE not in words:
        raise typer.BadParameter(f"{EXPLAIN} says what was reused: give {REUSE}, too")
    from mlstages.cli import render
    from mlstages.launch.process import run_any_flow
    from mlstages.launch.reuse.explanation import Explanation, list_reuse_options, read_explanation

    with tempfile.TemporaryDirectory(prefix="mlstages-") as folder:
        told = Path(folder) / "reuse.json"
        if REUSE in words:
            theirs += list_reuse_options(told)
        pathspec = run_any_flow(flow_file, theirs)
        report = read_explanation(told) if told.exists() else Explanation(run=pathspec, tasks=())
    render.show(report, render.draw_explanation, as_json=JSON in words)
