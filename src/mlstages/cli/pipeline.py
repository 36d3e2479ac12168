"""The commands that run the pipeline: one for each stage, and compare."""

import contextlib
import sys
from typing import Final

import typer

from mlstages.cli.options import AsJson, Decorators, Reuse, RunOptions, Tags, takes_config
from mlstages.cli.profile import with_metaflow
from mlstages.config import PipelineConfig

STAGES_DIFFER: Final = 1
"""The exit code of compare where the stages do not agree."""

_STAGES: Final = {
    "monolith": (
        "Run the pipeline as one function, which prints as it goes.",
        "mlstages monolith --test-size 0.3",
    ),
    "composable": (
        "Run the pipeline as composed functions.",
        "mlstages composable --data houses.csv --target price",
    ),
}


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for stage, (summary, example) in _STAGES.items():
        _register_stage(app, stage, summary, example)
    app.command(
        "flow",
        help="Run the pipeline as a Metaflow flow, which remembers every run.",
        epilog="Example: mlstages flow --random-state 7 --tag seven -- --max-workers 2",
    )(with_metaflow(flow))
    app.command(
        "compare",
        help="Run all three stages side by side: do they agree, what does each cost and give?",
        epilog="Example: mlstages compare --test-size 0.3",
    )(with_metaflow(compare))


def _register_stage(app: typer.Typer, stage: str, summary: str, example: str) -> None:
    @app.command(stage, help=summary, epilog=f"Example: {example}")
    @takes_config(stage)
    def run_stage(config: PipelineConfig, as_json: AsJson = False) -> None:
        from mlstages.cli import render
        from mlstages.stages import run

        # stdout is for the one JSON object; what a stage prints is for people.
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            result = run(stage, config)
        render.show(result, render.draw_result, as_json=as_json)


@takes_config("flow")
def flow(
    config: PipelineConfig,
    tags: Tags = None,
    decorators: Decorators = None,
    reuse: Reuse = False,
    as_json: AsJson = False,
    options: RunOptions = None,
) -> None:
    """Run the flow, with options of Metaflow's own after a double dash."""
    from mlstages.cli import render
    from mlstages.stages import run_flow

    added = [*(decorators or ()), *(["reuse"] if reuse else [])]
    options = [f"--with={decorator}" for decorator in added] + list(options or ())
    result = run_flow(config, options=options, tags=tags or ())
    render.show(result, render.draw_result, as_json=as_json)


@takes_config("compare")
def compare(config: PipelineConfig, as_json: AsJson = False) -> None:
    """Run the stages in fresh processes, one after the other."""
    from mlstages.cli import render
    from mlstages.compare import compare_stages
    from mlstages.stages import Stage

    with render.progress(len(Stage)) as report:
        comparison = compare_stages(config, on_start=report)
    render.show(comparison, render.draw_comparison, as_json=as_json)
    if not comparison.agree:
        raise typer.Exit(STAGES_DIFFER)
