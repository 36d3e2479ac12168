"""Interchangeability is one ``==`` over the three stages, on many configurations."""

import json

import numpy as np
import polars as pl
import pytest

from mlstages import PipelineConfig, RunResult, Stage, run

EXPECTED = {
    "coefficient": 16.716531471604753,
    "intercept": -0.09250102697112714,
    "mse": 107.89991869915974,
    "r2": 0.7188122876167204,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tables in every format, with one feature and with many."""
    folder = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    y = X @ np.array([1.0, -2.0, 0.0, 5.0]) + rng.normal(size=300)
    frame = pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y, "c": X[:, 2], "d": X[:, 3]})
    frame.write_csv(folder / "many.csv")
    frame.write_csv(folder / "many.tsv", separator="\t", include_header=False)
    frame.write_parquet(folder / "many.parquet")
    frame.write_ndjson(folder / "many.jsonl")
    return folder


CONFIGURATIONS = {
    "a CSV with a header, another seed and half of the rows": {
        "data": "many.csv",
        "target": "y",
        "random_state": 4_294_967_295,
        "test_size": 0.5,
    },
    "a TSV without one and hardly any rows to test on": {
        "data": "many.tsv",
        "target": "-3",
        "header": False,
        "test_size": 0.005,
    },
    "Parquet": {"data": "many.parquet", "target": "y", "test_size": 0.25, "random_state": 7},
    "JSON lines with the first column as target": {
        "data": "many.jsonl",
        "target": "0",
        "target_range": (-10.0, 10.0),
    },
}


@pytest.mark.parametrize("options", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_the_three_stages_are_equal_on_other_data(options, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = PipelineConfig(**options | {"data": folder / options["data"]})
    monolith, composable, flow = (run(stage, config) for stage in Stage)
    assert monolith == composable == flow
    assert [result.stage for result in (monolith, composable, flow)] == list(Stage)
    assert [result.pathspec is None for result in (monolith, composable, flow)] == [1, 1, 0]


def test_the_three_stages_are_equal_on_the_packaged_data(flow_run):
    flow = RunResult.from_dict(flow_run.finished.json)
    assert run("monolith") == run("composable") == flow
    assert flow.pathspec is not None


def test_the_formats_give_the_same_numbers(folder):
    results = [
        run("composable", PipelineConfig(data=folder / f"many.{extension}", target=target))
        for extension, target in (("csv", "y"), ("tsv", "2"), ("parquet", "y"), ("jsonl", "y"))
    ]
    assert len({(r.coefficients, r.intercept, r.metrics, r.baseline) for r in results}) == 1


@pytest.mark.parametrize("stage", ["monolith", "composable"])
def test_the_numbers_are_the_expected_ones(stage):
    result = run(stage)
    assert (result.n_train, result.n_test) == (800, 200)
    found = {
        "coefficient": result.coefficients[0],
        "intercept": result.intercept,
        "mse": result.metrics.mse,
        "r2": result.metrics.r2,
    }
    assert found == pytest.approx(EXPECTED, rel=1e-9)


def test_the_flow_gives_the_expected_numbers_through_the_command_line(flow_run):
    answer = json.loads(flow_run.finished.stdout)
    assert answer["model"]["coefficients"] == pytest.approx([EXPECTED["coefficient"]], rel=1e-9)
    assert answer["metrics"] == pytest.approx(
        {"mse": EXPECTED["mse"], "r2": EXPECTED["r2"]}, rel=1e-9
    )


def test_the_baseline_stands_beside_the_model():
    result = run("composable")
    assert result.baseline.r2 < 0.01 < result.metrics.r2
    assert result.baseline.mse > result.metrics.mse
