"""The command that holds what a released model is asked against what it learnt."""

from pathlib import Path
from typing import Annotated, Final

import typer

from mlstages.cli.history import FlowName
from mlstages.cli.options import AsJson
from mlstages.page_file import require_page, write_page

FOUND: Final = 1
"""The exit code where something is above its limit."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(epilog="Example: mlstages monitor --since 7d --html week.html")(monitor)


def monitor(
    flow: FlowName = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="7d|ISO", help="From here on: so long ago, or a time.", show_default="all"
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="1d|ISO", help="Up to here, in the same way.", show_default="now"),
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="hour|day", help="How long a span is; in UTC.")
    ] = "day",
    psi: Annotated[
        float, typer.Option(metavar="X", help="Population stability index that is too much.")
    ] = 0.2,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write a page with charts (.html)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what the released model is asked with its training data; exit code 1 on findings."""
    if by not in ("hour", "day"):
        raise typer.BadParameter(f"--by {by}: it is hour or day")
    if not 0 < psi < float("inf"):
        raise typer.BadParameter(f"--psi {psi}: it is a number above 0; 0.2 is usual")
    require_page(html)
    from mlstages.cli import render, render_monitor
    from mlstages.monitor.report import Limits
    from mlstages.monitor.spans import By
    from mlstages.monitor.watch import monitor_flow

    report = monitor_flow(
        flow,
        since=since,
        until=until,
        by=By(by),
        limits=Limits(psi=psi),
    )
    if html is not None:
        from mlstages.monitor.page import draw_page

        write_page(draw_page(report), html)
    render.show(report, render_monitor.draw_monitor, as_json=as_json)
    if not report.passed:
        raise typer.Exit(FOUND)
