import json
from dataclasses import replace
from pathlib import Path

import pytest

from mlstages.config import PipelineConfig
from mlstages.result import Candidate, Metrics, MissingCounts, RunResult

RESULT = RunResult(
    config=PipelineConfig(),
    n_train=8,
    n_test=2,
    columns=("x", "y"),
    header=True,
    terms=("x",),
    coefficients=(0.1,),
    intercept=0.2,
    metrics=Metrics(mse=1.0, r2=0.5),
    baseline=Metrics(mse=2.0, r2=0.0),
    missing=MissingCounts(cells={"x": 3}, dropped_rows=1, imputed_cells=2),
    unseen={"x": 1},
    data_sha256="ab",
    alpha=0.5,
    candidates=(Candidate(alpha=0.5, mse=0.1, fold_mse=(0.1, 0.1)),),
    stage="monolith",
    figure=Path("a.png"),
    seconds=1.0,
)


@pytest.mark.parametrize(
    "change",
    [
        {"config": PipelineConfig(test_size=0.3)},
        {"n_train": 7},
        {"n_test": 3},
        {"columns": ("z", "y")},
        {"header": False},
        {"coefficients": (0.1 + 2**-56,)},
        {"intercept": 0.30000000000000004},
        {"metrics": Metrics(mse=1.0, r2=0.5000000000000001)},
        {"baseline": Metrics(mse=2.0, r2=1e-300)},
        {"terms": ("z",)},
        {"missing": MissingCounts(cells={"x": 3}, dropped_rows=2, imputed_cells=2)},
        {"unseen": {}},
        {"data_sha256": "cd"},
        {"alpha": 0.5000000000000001},
        {"candidates": (Candidate(alpha=0.5, mse=0.1, fold_mse=(0.1, 0.1 + 2**-56)),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_difference_of_one_bit_makes_results_unequal(change):
    assert replace(RESULT, **change) != RESULT


def test_who_ran_it_and_how_long_is_left_out_of_the_comparison():
    other = replace(RESULT, stage="flow", figure=None, seconds=9.0, pathspec="F/1")
    assert other == RESULT


def test_it_comes_back_from_json_to_the_last_bit():
    back = RunResult.from_dict(json.loads(json.dumps(RESULT.to_dict())))
    assert back == RESULT
    assert (back.stage, back.figure, back.seconds) == ("monolith", Path("a.png"), 1.0)
