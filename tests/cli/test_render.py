"""Drawing what no good run shows: stages that differ in whether they tuned at all."""

from dataclasses import replace

from rich.console import Console

from mlstages.cli.render import draw_comparison
from mlstages.compare import Comparison, StageReport
from mlstages.config import PipelineConfig
from mlstages.result import Candidate, Metrics, MissingCounts, RunResult

TUNED = RunResult(
    config=PipelineConfig(alphas=(0.5,)),
    n_train=8,
    n_test=2,
    columns=("x", "y"),
    header=True,
    terms=("x",),
    coefficients=(0.1,),
    intercept=0.2,
    metrics=Metrics(mse=1.0, r2=0.5),
    baseline=Metrics(mse=2.0, r2=0.0),
    missing=MissingCounts(cells={}, dropped_rows=0, imputed_cells=0),
    unseen={},
    data_sha256="ab",
    alpha=0.5,
    candidates=(Candidate(alpha=0.5, mse=0.25, fold_mse=(0.25, 0.25)),),
    stage="monolith",
)


def report(result):
    return StageReport(
        result=result,
        seconds=1.0,
        cpu_seconds=1.0,
        peak_memory=1,
        lines_of_code=1,
        pieces=1,
        artifacts=0,
        found_again=False,
        resumable=False,
        parallel=False,
    )


def test_a_stage_that_forgot_to_tune_stands_in_the_table():
    forgot = replace(TUNED, stage="flow", alpha=None, candidates=())
    compared = Comparison(stages=(report(TUNED), report(forgot)), differences=(), figure=None)
    console = Console(width=100)
    with console.capture() as capture:
        console.print(draw_comparison(compared))
    lines = capture.get().splitlines()
    assert ["0.5", "none"] in [line.replace("│", " ").split()[-2:] for line in lines]
