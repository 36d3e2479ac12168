"""Tables that people have, from installed packages: text, missing cells, unseen categories."""

import subprocess
import sys
from pathlib import Path

import metaflow
import palmerpenguins
import polars as pl
import pytest
import vega_datasets
from sklearn.datasets import load_diabetes

from mlstages import PipelineConfig, Stage, check_table, run
from mlstages.launch.history import open_history

PENGUINS = Path(palmerpenguins.__file__).parent / "data" / "penguins.csv"
AIRPORTS = Path(vega_datasets.__file__).parent / "_data" / "airports.csv"


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run_all_stages(**options):
    results = [run(stage, PipelineConfig(**options)) for stage in Stage]
    assert results[0] == results[1] == results[2]
    return results[-1]


def read_every_artifact_without_this_package(pathspec):
    code = f"""
import sys
sys.modules["mlstages"] = None  # to import it now is an error
import metaflow
end = metaflow.Run("{pathspec}").end_task
print(*(artifact.id for artifact in end if artifact.data is not None))
"""
    read = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"model", "layout", "missing", "unseen", "terms"} <= set(read.stdout.split())


def test_diabetes_is_all_numbers():
    bunch = load_diabetes(scaled=False)
    rows = zip(*bunch.data.T.tolist(), bunch.target.tolist(), strict=True)
    columns = [*bunch.feature_names, "progression"]
    pl.DataFrame(list(rows), schema=columns, orient="row").write_csv("diabetes.csv")
    result = run_all_stages(data="diabetes.csv")
    assert (result.n_train, result.n_test) == (353, 89)
    assert result.terms == tuple(bunch.feature_names)
    assert result.metrics.r2 == pytest.approx(0.4526, abs=1e-4)  # as scikit-learn's users know it
    assert result.missing == ({}, 0, 0)


def test_penguins_have_text_and_gaps():
    options = {"data": PENGUINS, "target": "body_mass_g", "drop": "year", "missing": "impute"}
    result = run_all_stages(**options)
    gaps = {"bill_length_mm": 2, "bill_depth_mm": 2, "flipper_length_mm": 2, "sex": 11}
    assert result.missing == ({**gaps, "body_mass_g": 2}, 2, 9)
    assert result.n_train + result.n_test == 342
    assert result.terms[3:6] == ("species=Adelie", "species=Chinstrap", "species=Gentoo")
    assert result.metrics.r2 > 0.8
    assert open_history()
    artifacts = metaflow.Run(result.pathspec).data
    row = ["Adelie", "Torgersen", 39.1, 18.7, 181.0, "male"]  # the first of the file
    assert artifacts.Xs[0].tolist() == row
    assert artifacts.model.predict([row])[0] == pytest.approx(3750, abs=300)
    read_every_artifact_without_this_package(result.pathspec)
    dropped = run("composable", PipelineConfig(**{**options, "missing": "drop"}))
    assert dropped.missing == ({**gaps, "body_mass_g": 2}, 11, 0)
    assert dropped.n_train + dropped.n_test == 333


def test_airports_have_categories_that_no_training_row_has():
    options = {
        "data": AIRPORTS,
        "target": "longitude",
        "features": "latitude,state",
        "missing": "drop",
    }
    result = run_all_stages(**options)
    assert result.n_train + result.n_test == 3_376 - 12
    assert result.missing.dropped_rows == 12
    assert result.unseen == {"state": 2}
    assert result.metrics.r2 > 0.9


def test_the_checks_find_what_stands_in_the_way():
    report = check_table(PipelineConfig(data=AIRPORTS))
    assert not report.passed
    found = {(finding.check, finding.column): finding.rows for finding in report.findings}
    assert found["types", "iata"] == (49, 50)  # 0E0 and 0E8 are numbers among codes
    assert ("categories", "name") in found
    assert found["missing", "city"][:2] == (1138, 1717)
    assert check_table(PipelineConfig(data=PENGUINS, target="body_mass_g", missing="drop")).passed
