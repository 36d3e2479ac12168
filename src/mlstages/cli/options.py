"""The options that the stage commands and ``compare`` share, and what they come to."""

from pathlib import Path
from typing import Annotated

import typer

from mlstages.config import PACKAGED_DATASET, Missing, PipelineConfig, split_names

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        readable=False,  # said by the reader, in the same words as all else of a file
        metavar="PATH",
        help="Table to learn from: .txt or .tsv (tab), .csv (comma), .jsonl, .parquet.",
        show_default="the packaged data",
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="COL", help="Column to predict, by name or index.", show_default="the last column"
    ),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first row of a text file is names.",
        show_default="names if none of its cells is a number",
    ),
]
Features = Annotated[
    str | None,
    typer.Option(
        metavar="COLS",
        help="Columns to learn from, by name or index: a,b,c.",
        show_default="all but the target",
    ),
]
Drop = Annotated[
    str | None, typer.Option(metavar="COLS", help="Columns to leave out, by name or index: a,b.")
]
MissingCells = Annotated[
    Missing | None,
    typer.Option(
        "--missing",
        help="Cells without a value: leave their rows out, or fill them in.",
        show_default="refuse them",
    ),
]
TargetRange = Annotated[
    tuple[float, float] | None,
    typer.Option(
        metavar="LOW HIGH",
        help="Lowest and highest value that the target may have.",
        show_default="no limit; -100 100 for the packaged data",
    ),
]
TestSize = Annotated[
    float, typer.Option(metavar="SHARE", help="Share of the rows that is kept for testing.")
]
RandomState = Annotated[int, typer.Option(metavar="SEED", help="Seed of the split.")]
Alphas = Annotated[
    list[float] | None,
    typer.Option(
        "--alpha",
        metavar="A",
        help="Strength of ridge regression to try, 0 for none; repeat it, and "
        "cross-validation on the training rows chooses.",
        show_default="ordinary least squares, no tuning",
    ),
]
Folds = Annotated[
    int, typer.Option(metavar="N", help="Parts of the training rows for cross-validation.")
]
Figure = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="Picture to write (.png).",
        show_default="<command>_regression_analysis.png",
    ),
]
NoFigure = Annotated[bool, typer.Option("--no-figure", help="Write no picture.")]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="TAG", help="What the run is to be found by; repeatable."),
]
Decorators = Annotated[
    list[str] | None,
    typer.Option(
        "--with", metavar="SPEC", help="Metaflow's decorator for all steps: card; repeatable."
    ),
]
RunOptions = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="-- METAFLOW_OPTIONS",
        help="Options of Metaflow's own run: where the steps run, where the run is kept.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def to_config(
    command: str,
    *,
    data: Path | None,
    target: str | None,
    header: bool | None,
    features: str | None,
    drop: str | None,
    missing: Missing | None,
    target_range: tuple[float, float] | None,
    test_size: float,
    random_state: int,
    alphas: list[float] | None,
    folds: int,
    figure: Path | None,
    no_figure: bool,
) -> PipelineConfig:
    """Return the configuration that the options of a command ask for."""
    if figure is not None and no_figure:
        raise typer.BadParameter("--figure and --no-figure exclude each other: give one")
    default_figure = None if no_figure else Path(f"{command}_regression_analysis.png")
    return PipelineConfig(
        data=data or PACKAGED_DATASET,
        target=target,
        header=header,
        features=split_names(features) or None,
        drop=split_names(drop),
        missing=missing,
        target_range=target_range,
        test_size=test_size,
        random_state=random_state,
        alphas=tuple(alphas or ()),
        folds=folds,
        figure=figure or default_figure,
    )
