"""The options that the stage commands and ``compare`` share, and what they come to."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from mlstages.config import PACKAGED_DATASET, Missing, PipelineConfig

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
    int | None,
    typer.Option(
        metavar="N",
        help="Parts of the training rows for cross-validation, with --alpha.",
        show_default="5",
    ),
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
Reuse = Annotated[
    bool,
    typer.Option(
        "--reuse", help="Take steps from an earlier run where nothing that they depend on changed."
    ),
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
    data: Data = None,
    target: Target = None,
    header: Header = None,
    features: Features = None,
    drop: Drop = None,
    missing: MissingCells = None,
    target_range: TargetRange = None,
    test_size: TestSize = 0.2,
    random_state: RandomState = 42,
    alphas: Alphas = None,
    folds: Folds = None,
    figure: Figure = None,
    no_figure: NoFigure = False,
) -> PipelineConfig:
    """Return the configuration that the options of a command ask for."""
    if figure is not None and no_figure:
        raise typer.BadParameter("--figure and --no-figure exclude each other: give one")
    default_figure = None if no_figure else Path(f"{command}_regression_analysis.png")
    return PipelineConfig(
        data=data or PACKAGED_DATASET,
        target=target,
        header=header,
        features=features,  # type: ignore[arg-type] # a text, which is taken apart there
        drop=() if drop is None else drop,  # type: ignore[arg-type] # the same
        missing=missing,
        target_range=target_range,
        test_size=test_size,
        random_state=random_state,
        alphas=tuple(alphas or ()),
        folds=folds,
        figure=figure or default_figure,
    )


def takes_config(command: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Have a command take the options of `to_config`, and its body a `PipelineConfig`.

    Parameters
    ----------
    command : str
        Its name.

    Returns
    -------
    callable
        Decorator of ``body(config, **options_of_its_own)``. Typer reads the signature that
        it makes: the options of `to_config`, then those of the body.
    """
    _command, *shared = inspect.signature(to_config).parameters.values()

    def decorate(body: Callable[..., None]) -> Callable[..., None]:
        _config, *own = inspect.signature(body).parameters.values()

        def command_with_options(**values: Any) -> None:
            config = to_config(
                command, **{option.name: values.pop(option.name) for option in shared}
            )
            body(config, **values)

        # Typer passes all by name; a list of arguments comes last.
        parameters = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in own]
        signature = inspect.Signature([*shared, *parameters])
        command_with_options.__signature__ = signature  # type: ignore[attr-defined] # any function takes one
        command_with_options.__annotations__ = {
            option.name: option.annotation for option in (*shared, *parameters)
        }
        command_with_options.__doc__ = body.__doc__
        return command_with_options

    return decorate
