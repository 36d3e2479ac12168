"""The commands for what users said of predictions: look at it, decide, hand it on."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mlstages.cli.history import FlowName
from mlstages.cli.options import AsJson
from mlstages.cli.sections import SectionedGroup

Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="As feedback list has them.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    commands = typer.Typer(
        cls=SectionedGroup, rich_markup_mode=None, help="What users said, and what becomes of it."
    )
    commands.command("list", epilog="Example: mlstages feedback list --status new")(list_feedback)
    commands.command(epilog="Example: mlstages feedback accept 3 5")(accept)
    commands.command(epilog="Example: mlstages feedback reject 4")(reject)
    commands.command(epilog="Example: mlstages feedback to-checks")(to_checks)
    commands.command(epilog="Example: mlstages feedback to-data houses-2.csv --data houses.csv")(
        to_data
    )
    app.add_typer(commands, name="feedback")


def list_feedback(
    status: Annotated[
        str | None,
        typer.Option(metavar="S", help="Only: new, accepted or rejected.", show_default="all"),
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, help="At most so many, the newest.")
    ] = 100,
    flow: FlowName = None,
    as_json: AsJson = False,
) -> None:
    """List what users said of predictions, oldest first."""
    from mlstages.records import Status

    if status is not None and status not in list(Status):
        raise typer.BadParameter(f"--status {status}: it is {', '.join(Status)}")
    from mlstages.cli import render, render_monitor
    from mlstages.monitor.feedback import read_feedback

    found = read_feedback(*_find(flow), *([Status(status)] if status else []))
    if len(found) > limit:
        print(f"{len(found) - limit:,} older ones are not shown: --limit N", file=sys.stderr)
    render.show(list(found[-limit:]), render_monitor.draw_feedback, as_json=as_json)


def accept(ids: Ids, flow: FlowName = None, as_json: AsJson = False) -> None:
    """Say that users are right: their rows may go into checks and data."""
    _decide("accepted", ids, flow, as_json)


def reject(ids: Ids, flow: FlowName = None, as_json: AsJson = False) -> None:
    """Say that users are wrong: their rows go nowhere, and count in no error."""
    _decide("rejected", ids, flow, as_json)


def _find(flow: str | None) -> tuple[Path, str]:
    """Return the history, and which flow's releases and feedback are meant."""
    from mlstages.release.log import choose_released_flow
    from mlstages.release.places import find_history

    history = find_history()
    return history, choose_released_flow(history, flow)


def _decide(status: str, ids: list[int], flow: str | None, as_json: bool) -> None:
    from mlstages.cli import render, render_monitor
    from mlstages.monitor.feedback import decide
    from mlstages.records import Status

    decided = decide(*_find(flow), ids, Status(status))
    render.show(list(decided), render_monitor.draw_feedback, as_json=as_json)


def to_checks(
    checks: Annotated[
        Path, typer.Option(metavar="FILE.toml", help="The checks of mlstages trust.")
    ] = Path("checks.toml"),
    flow: FlowName = None,
    as_json: AsJson = False,
) -> None:
    """Add what was accepted to the behavioural checks, below what is there; no case twice."""
    from mlstages.cli import render, render_monitor
    from mlstages.monitor.cases import add_cases
    from mlstages.monitor.feedback import read_accepted, read_feedback
    from mlstages.records import Status

    history, flow_name = _find(flow)
    accepted, released = read_accepted(history, flow_name)
    rejected = read_feedback(history, flow_name, Status.REJECTED)
    handed = add_cases(checks, accepted, released, rejected)
    render.show(handed, render_monitor.draw_handed, as_json=as_json)


def to_data(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new version; not there yet.")],
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="OLD",
            help="The version that it goes on from: .csv, .tsv, .txt or .jsonl.",
            show_default="what the released run learnt from",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=COLUMN", help="Where the file calls a field otherwise; repeatable."
        ),
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(metavar="TRUTH=CELL", help="Where it writes a truth otherwise; repeatable."),
    ] = None,
    flow: FlowName = None,
    as_json: AsJson = False,
) -> None:
    """Write a new version of the data set: the old rows, and what was accepted below them."""
    from mlstages.cli import render, render_monitor
    from mlstages.monitor.feedback import find_old, read_accepted
    from mlstages.monitor.new_data import add_rows

    columns, values = _split_pairs("--column", column), _split_pairs("--value", value)
    accepted, released = read_accepted(*_find(flow))
    name, old = find_old(data, released)
    handed = add_rows(file, name, old, accepted, released, columns=columns, values=values)
    render.show(handed, render_monitor.draw_handed, as_json=as_json)


def _split_pairs(option: str, pairs: list[str] | None) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs or ()]
    wrong = [f"{option} {left}" for left, found, _right in split if not (left and found)]
    if wrong:
        raise typer.BadParameter(f"{', '.join(wrong)}: write NAME=VALUE")
    return {left: right for left, _found, right in split}
