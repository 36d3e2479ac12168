"""The command that draws a flow's DAG: graph."""

from pathlib import Path
from typing import Annotated

import typer

from mlstages.cli.options import AsJson
from mlstages.cli.profile import with_metaflow


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("graph", epilog="Example: mlstages graph flow.py --svg flow.svg")(
        with_metaflow(graph)
    )


def graph(
    flow_file: Annotated[Path, typer.Argument(metavar="FLOW.py", help="Any Metaflow flow.")],
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the picture here as well (.svg).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw the steps of a flow and how they follow, without running it."""
    from mlstages.cli import render
    from mlstages.graph_drawing import draw_svg, write_svg
    from mlstages.launch.graph import read_graph

    steps = read_graph(flow_file)
    if svg is not None:
        write_svg(draw_svg(steps), svg)
    render.show(steps, render.draw_graph, as_json=as_json)
