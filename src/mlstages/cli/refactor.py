"""The commands that grow a user's own script up, and prove it: refactor, verify."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mlstages.cli.options import AsJson

Python = Annotated[
    str,
    typer.Option(
        metavar="PATH",
        help="The Python that runs the script; it need not have mlstages.",
        show_default="this one",
    ),
]
Timeout = Annotated[
    float, typer.Option(min=1.0, metavar="S", help="Seconds that each run may take.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("refactor", epilog="Example: mlstages refactor train.py --plan")(refactor)
    app.command("verify", epilog="Example: mlstages verify train.py train_flow.py")(verify)


def refactor(
    script: Annotated[
        Path, typer.Argument(metavar="SCRIPT", help="A script (.py) or a notebook (.ipynb).")
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- ARGUMENTS]", help="Arguments for the script, after --."),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only show the stages; nothing is run or written.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what would be written; write nothing.")
    ] = False,
    no_run: Annotated[
        bool, typer.Option("--no-run", help="Run nothing: from the text alone, not proven.")
    ] = False,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Observe the script, but skip the proof.")
    ] = False,
    stages: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="How many stages.", show_default="the text decides"),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="Call a stage otherwise; may be repeated."),
    ] = None,
    opened: Annotated[
        list[str] | None,
        typer.Option(
            "--open",
            metavar="FUNCTION",
            help="Cut a function that is called once, too; may be repeated.",
        ),
    ] = None,
    parallel: Annotated[
        bool,
        typer.Option("--parallel", help="Steps that do not need each other become branches."),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that mlstages has not made.")
    ] = False,
    python: Python = sys.executable,
    timeout: Timeout = 600.0,
    as_json: AsJson = False,
) -> int:
    """Turn a script into functions and a Metaflow flow, and prove that nothing changed."""
    from mlstages.cli import render
    from mlstages.refactor.plan import Wishes
    from mlstages.refactor.refactoring import (
        Terms,
        read_renames,
        refactor_script,
        write_files,
    )

    _require_dashes("SCRIPT", arguments or [])
    wishes = Wishes(
        n_stages=stages,
        opened=tuple(opened or ()),
        is_parallel=parallel,
        renames=read_renames(name or []),
    )
    with render.progress(0) as report:
        terms = Terms(
            python=python,
            arguments=tuple(arguments or ()),
            timeout=timeout,
            is_run=not (no_run or plan),
            is_verified=not no_verify,
            report=report,
        )
        made = refactor_script(script, wishes, terms)
    if plan:
        render.show(made.plan, render.draw_plan, as_json=as_json)
        return 0
    if diff:
        render.show(made, render.draw_texts, as_json=as_json)
    else:
        write_files(made, force=force)
        render.show(made, render.draw_refactoring, as_json=as_json)
    return made.exit_code


def _require_dashes(files: str, arguments: list[str]) -> None:
    """Refuse arguments that nobody said to be the script's: a second file, say."""
    from mlstages.errors import OptionError

    if arguments and "--" not in sys.argv:
        raise OptionError(
            f"{arguments[0]} is too much: there is {files} alone, and what the script itself is "
            f"given comes after -- ({files} -- {arguments[0]})"
        )


def verify(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="The script to hold against.")],
    second: Annotated[
        Path, typer.Argument(metavar="SECOND", help="Functions, a flow, or a script.")
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- ARGUMENTS]", help="Arguments for the scripts, after --."),
    ] = None,
    python: Python = sys.executable,
    timeout: Timeout = 600.0,
    as_json: AsJson = False,
) -> int:
    """Run two files and say whether output, figures, files and variables are the same."""
    from mlstages.cli import render
    from mlstages.refactor.refactoring import Terms
    from mlstages.refactor.verification import verify_files

    _require_dashes("FIRST SECOND", arguments or [])
    with render.progress(0) as report:
        terms = Terms(
            python=python, arguments=tuple(arguments or ()), timeout=timeout, report=report
        )
        verification = verify_files(first, second, terms)
    render.show(verification, render.draw_verification, as_json=as_json)
    return verification.outcome.exit_code
