"""The commands that look back at past runs, and those that go on from one."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from mlstages.cli.options import AsJson
from mlstages.cli.profile import with_metaflow
from mlstages.flow_name import DEFAULT_FLOW

RESULTS_DIFFER: Final = 1
"""The exit code of diff and replay where the results are not equal."""

Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="FlowName/id, an id, or latest: your newest successful run that is no replay.",
    ),
]
FlowName = Annotated[
    str | None,
    typer.Option(
        "--flow",
        metavar="NAME",
        help="The flow that an id or latest is of.",
        show_default=f"the only one here, or {DEFAULT_FLOW}",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command, example in _COMMANDS.items():
        # A tag to take away begins with a dash, as options do.
        settings = {"ignore_unknown_options": command is tag}
        app.command(epilog=f"Example: {example}", context_settings=settings)(with_metaflow(command))


def runs(
    flow: FlowName = None,
    tag: Annotated[str | None, typer.Option(metavar="T", help="Only runs with this tag.")] = None,
    user: Annotated[str | None, typer.Option(metavar="U", help="Only this user's runs.")] = None,
    all_users: Annotated[bool, typer.Option("--all-users", help="Everybody's runs.")] = False,
    status: Annotated[
        str | None,
        typer.Option(metavar="S", help="Only: successful, failed, running or interrupted."),
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="At most so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """List your past runs of a flow, newest first."""
    from mlstages.cli import render
    from mlstages.runs import list_runs

    found = list_runs(flow, tag=tag, user=user, all_users=all_users, status=status, limit=limit)
    render.show(found, render.draw_runs, as_json=as_json)


def show(
    run: Run,
    artifact: Annotated[
        str | None, typer.Option(metavar="NAME", help="Describe this artifact alone; unpickles it.")
    ] = None,
    step: Annotated[str | None, typer.Option(metavar="S", help="Only this step.")] = None,
    log: Annotated[bool, typer.Option("--log", help="Also what the tasks printed.")] = False,
    card: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Also write a page about the run; opens offline."),
    ] = None,
    flow: FlowName = None,
    as_json: AsJson = False,
) -> None:
    """Show the parameters, steps and artifacts of a run."""
    from mlstages.cli import render
    from mlstages.runs import show_run, write_card

    details = show_run(run, artifact=artifact, step=step, log=log, flow_name=flow)
    if card is not None:
        write_card(details.summary.run, card)
    draw = render.draw_run if artifact is None else render.draw_artifact
    render.show(details, draw, as_json=as_json)


def diff(
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help="The earlier run.")],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="The later run.")],
    flow: FlowName = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two runs, and what it did; exit code 1 if results differ."""
    from mlstages.cli import render
    from mlstages.runs import diff_runs

    found = diff_runs(run_a, run_b, flow_name=flow)
    render.show(found, render.draw_diff, as_json=as_json)
    if not found.same_results:
        raise typer.Exit(RESULTS_DIFFER)


def replay(
    run: Run,
    code: Annotated[
        Path | None,
        typer.Option(metavar="FLOW.py", help="Run this code, not the recorded one."),
    ] = None,
    flow: FlowName = None,
    as_json: AsJson = False,
) -> None:
    """Run a past run again, with its code, parameters and data; exit code 1 if it differs."""
    from mlstages.cli import render
    from mlstages.runs import replay_run

    replayed = replay_run(run, code=code, flow_name=flow)
    render.show(replayed, render.draw_replay, as_json=as_json)
    if not replayed.identical:
        raise typer.Exit(RESULTS_DIFFER)


def resume(
    flow_file_or_run: Annotated[
        str | None,
        typer.Argument(metavar="[FLOW.py]", help="The file of a flow.", show_default="our flow"),
    ] = None,
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A run.", show_default="the newest unsuccessful"),
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(metavar="STEP", help="Begin here.", show_default="where it ended"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that failed or was killed; what had succeeded is not run again."""
    from mlstages.cli import render

    if flow_file_or_run is not None and flow_file_or_run.endswith(".py"):
        from mlstages.runs import resume_run, show_run

        details = show_run(resume_run(Path(flow_file_or_run), run, step=step))
        render.show(details, render.draw_run, as_json=as_json)
        return
    if run is not None:
        raise typer.BadParameter(f"{flow_file_or_run} is not the file of a flow: it ends in .py")
    from mlstages.stages.flow_runner import resume as resume_our_flow

    render.show(resume_our_flow(flow_file_or_run, step=step), render.draw_result, as_json=as_json)


def tag(
    run: Run,
    tags: Annotated[list[str], typer.Argument(metavar="[+TAG | -TAG]...", help="Give and take.")],
    flow: FlowName = None,
    as_json: AsJson = False,
) -> None:
    """Give tags to a run and take tags away."""
    wrong = [tag for tag in tags if tag[:1] not in ("+", "-") or len(tag) < 2]
    if wrong:
        raise typer.BadParameter(f"{', '.join(wrong)}: write +TAG to give it, -TAG to take it away")
    from mlstages.cli import render
    from mlstages.runs import tag_run

    added, removed = ([tag[1:] for tag in tags if tag.startswith(sign)] for sign in "+-")
    tagged = tag_run(run, add=added, remove=removed, flow_name=flow)
    render.show(tagged, render.draw_tags, as_json=as_json)


_COMMANDS: Final[dict[Callable[..., None], str]] = {
    runs: "mlstages runs --status failed --json",
    show: "mlstages show latest --artifact model",
    diff: "mlstages diff 1700000000000001 latest",
    replay: "mlstages replay latest",
    resume: "mlstages resume",
    tag: "mlstages tag latest +good -bad",
}
