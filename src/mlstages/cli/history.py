"""The commands that look back: runs and show."""

from typing import Annotated

import typer

from mlstages.cli.options import AsJson


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("runs", epilog="Example: mlstages runs --json")(runs)
    app.command("show", epilog="Example: mlstages show latest --artifact model")(show)


def runs(as_json: AsJson = False) -> None:
    """List the past runs of the flow, newest first."""
    from mlstages.cli import render
    from mlstages.runs import list_runs

    render.show(list_runs(), render.draw_runs, as_json=as_json)


def show(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run, its id, or latest (the newest successful).")
    ],
    artifact: Annotated[
        str | None, typer.Option(metavar="NAME", help="Describe this artifact alone.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the parameters, steps and artifacts of a run."""
    from mlstages.cli import render
    from mlstages.runs import show_run

    details = show_run(run, artifact=artifact)
    draw = render.draw_run if artifact is None else render.draw_artifacts
    render.show(details, draw, as_json=as_json)
