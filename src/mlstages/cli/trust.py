"""The commands that check a model, release it, and take it back."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from mlstages.cli.history import FlowName, Run
from mlstages.cli.options import AsJson
from mlstages.cli.profile import with_metaflow
from mlstages.errors import OptionError
from mlstages.page_file import require_page, write_page

NOT_TRUSTED: Final = 1
"""The exit code where a check fails."""


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command, example in _COMMANDS.items():
        app.command(epilog=f"Example: {example}")(with_metaflow(command))


def trust(
    run: Run = "latest",
    checks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="What the model must do.",
            show_default="checks.toml, if there is one, beside what every model must do",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Also write the report as a page.")
    ] = None,
    flow: FlowName = None,
    as_json: AsJson = False,
) -> None:
    """Check that a run's model behaves as it was designed, before people meet it."""
    from mlstages.cli import render, render_trust
    from mlstages.runs.trust import trust_run
    from mlstages.trust.page import draw_page

    require_page(html)
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    with render.progress(0) as progress:
        report = trust_run(
            run,
            checks=checks,
            ask=_ask if is_terminal else None,
            flow_name=flow,
            progress=progress,
        )
    if html is not None:
        write_page(draw_page(report), html)
    render.show(report, render_trust.draw_trust, as_json=as_json)
    if not report.trusted:
        raise typer.Exit(NOT_TRUSTED)


def release(
    run: Run = "latest",
    why: Annotated[
        str, typer.Option(metavar="TEXT", help="Why.", show_default="what the checks said")
    ] = "",
    force: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Release it although it is not trusted."),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take the present release back; the one before counts.")
    ] = False,
    flow: FlowName = None,
    as_json: AsJson = False,
) -> None:
    """Make a trusted run's model the released one, or take the release back."""
    from mlstages.cli import render, render_trust
    from mlstages.runs.releases import release_run, undo_release

    if undo and (force is not None or run != "latest"):
        raise OptionError("--undo takes the present release back: it takes no run and no --force")
    if undo:
        undone = undo_release(why=why, flow_name=flow)
        render.show(undone, render_trust.draw_undo, as_json=as_json)
        return
    released = release_run(run, why=why, force=force, flow_name=flow)
    render.show(released, render_trust.draw_release, as_json=as_json)


def releases(flow: FlowName = None, as_json: AsJson = False) -> None:
    """List what was released and taken back, newest first."""
    from mlstages.cli import render, render_trust
    from mlstages.release.log import choose_released_flow
    from mlstages.release.places import find_history
    from mlstages.runs.releases import list_releases

    flow_name = choose_released_flow(find_history(), flow)
    draw = partial(render_trust.draw_releases, flow_name=flow_name)
    render.show(list_releases(flow_name), draw, as_json=as_json)


def _ask(question: str) -> str:
    answer: str = typer.prompt(f"{question} (once; Enter leaves it open)", default="", err=True)
    return answer


_COMMANDS: Final[dict[Callable[..., None], str]] = {
    trust: "mlstages trust latest --html trust.html",
    release: "mlstages release latest --why 'more sentences about money'",
    releases: "mlstages releases",
}
