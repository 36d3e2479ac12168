"""The command that checks a table before anybody learns from it."""

from pathlib import Path
from typing import Annotated, Final

import typer

from mlstages.cli.options import (
    AsJson,
    Drop,
    Features,
    Header,
    MissingCells,
    RandomState,
    Target,
    TargetRange,
    TestSize,
    to_config,
)

CHECK_FAILS: Final = 1
"""The exit code where a finding would stop a run."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("check", epilog="Example: mlstages check houses.csv --target price")(check)


def check(
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATA", help="Table to check, as of --data.", show_default="the packaged data"
        ),
    ] = None,
    target: Target = None,
    header: Header = None,
    features: Features = None,
    drop: Drop = None,
    missing: MissingCells = None,
    target_range: TargetRange = None,
    test_size: TestSize = 0.2,
    random_state: RandomState = 42,
    as_json: AsJson = False,
) -> None:
    """Check a table: what would stop a run, and what somebody should look at."""
    config = to_config(
        "check",
        data=data,
        target=target,
        header=header,
        features=features,
        drop=drop,
        missing=missing,
        target_range=target_range,
        test_size=test_size,
        random_state=random_state,
        no_figure=True,
    )
    from mlstages.checks import check_table
    from mlstages.cli import render

    report = check_table(config)
    render.show(report, render.draw_check, as_json=as_json)
    if not report.passed:
        raise typer.Exit(CHECK_FAILS)
