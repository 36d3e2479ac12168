"""The flow through Metaflow's own command line and Client API, on real runs."""

import re
import subprocess
import sys
import tarfile
from pathlib import Path

import metaflow
import numpy as np
import pytest

from mlstages import show_run
from mlstages.config import PACKAGED_DATASET
from mlstages.errors import DataError
from mlstages.launch.history import open_history
from mlstages.stages.flow_runner import resume


@pytest.fixture
def artifacts(in_history):
    assert open_history()
    return metaflow.Run(in_history.finished.json["pathspec"]).data


def test_it_runs_without_a_user_name_in_the_environment(flow_run):
    assert flow_run.finished.exit_code == 0, flow_run.finished.stderr


def test_programs_find_the_artifacts_under_their_well_known_names(artifacts):
    assert np.asarray(artifacts.dataset).shape == (1000, 2)
    assert artifacts.dataset[0].tolist() == [-1.7587394864231143, -32.770386047959725]
    assert np.array_equal(artifacts.Xs[:, 0], artifacts.dataset[:, 0])
    assert np.array_equal(artifacts.Ys, artifacts.dataset[:, 1])
    assert [len(artifacts.X_train), len(artifacts.y_train)] == [800, 800]
    assert [len(artifacts.X_test), len(artifacts.y_test)] == [200, 200]
    assert artifacts.y_predicted.shape == (200,)
    assert artifacts.model.predict([[1]])[0] == pytest.approx(16.6240304)
    assert np.mean((artifacts.y_test - artifacts.y_predicted) ** 2) == pytest.approx(artifacts.mse)
    assert artifacts.baseline_mse > artifacts.mse
    assert artifacts.baseline_r2 < artifacts.r2
    assert artifacts.figure.startswith(b"\x89PNG")


def test_the_run_carries_its_data(artifacts):
    assert PACKAGED_DATASET.read_bytes() == artifacts.DATA_FILE


def test_the_command_writes_the_picture_of_the_run(flow_run, artifacts):
    written = flow_run.folder / "flow_regression_analysis.png"
    assert written.read_bytes() == artifacts.figure


def test_the_start_says_when_what_and_who(flow_run):
    run_id = flow_run.finished.json["pathspec"].partition("/")[2]
    assert re.search(
        rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ SampleRegressionFlow {run_id} \S+",
        flow_run.finished.stderr,
    )


def test_the_command_says_where_the_history_is(flow_run):
    assert f"history: {flow_run.folder / '.metaflow'}" in flow_run.finished.stderr


def test_the_plain_way_shows_and_resumes(plain_metaflow, flow_run, monkeypatch):
    shown = plain_metaflow("show")
    assert shown.exit_code == 0
    assert "prepare_train_and_test_dataset" in shown.stdout
    run_id = flow_run.finished.json["pathspec"].partition("/")[2]
    resumed = plain_metaflow("resume", "test_model", "--origin-run-id", run_id)
    assert resumed.exit_code == 0, resumed.stdout + resumed.stderr
    assert f"MSE {flow_run.finished.json['metrics']['mse']}" in resumed.stdout
    # Cloned steps were made at once, in no order; they are shown in that of the graph.
    monkeypatch.chdir(flow_run.folder)
    steps = [step.step for step in show_run("latest").steps]
    assert steps[:4] == ["start", "load_data", "check_dataset", "prepare_train_and_test_dataset"]
    assert steps[4:] == ["train_model", "test_model", "end"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--test_split", "1.5"), "test size 1.5 is not between 0 and 1"),
        (("--random_state", "-1"), "random state -1 is not between 0"),
        (("--dataset_name", "data.xls"), "the extension '.xls' is none of"),
        (("--target_range", "[1]"), "target range [1] is not two finite numbers"),
        (("--target", "z"), "has no column 'z'"),
        (("--missing", "guess"), "missing 'guess' is none of drop, impute"),
        (("--features", "0,0"), "features names '0' more than once: give each column once"),
        (("--folds", "3"), "folds 3 without an alpha: there is nothing to choose"),
    ],
)
def test_the_plain_way_fails_over_bad_input_without_a_traceback(plain_metaflow, arguments, message):
    failed = plain_metaflow("run", *arguments)
    assert failed.exit_code != 0
    assert message in failed.stdout + failed.stderr
    assert "Traceback" not in failed.stdout + failed.stderr


def test_large_data_is_held_by_path_and_hash_and_not_stored_again(tmp_path, monkeypatch):
    from mlstages import PipelineConfig, run

    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).normal(size=(260_000, 2))
    np.savetxt("large.csv", rows, delimiter=",", fmt="%.17g")
    assert Path("large.csv").stat().st_size > 10_000_000
    config = PipelineConfig(data="large.csv")
    result = run("flow", config)
    assert run("monolith", config) == run("composable", config) == result
    assert open_history()
    data = metaflow.Run(result.pathspec).data
    assert str(tmp_path / "large.csv") == data.DATASET_PATH
    assert result.data_sha256 == data.DATASET_SHA256
    assert "dataset" not in data
    assert data.DATA_FILE == b""
    Path("large.csv").write_text("1,2\n")
    with pytest.raises(DataError, match=r"large\.csv has changed: its SHA-256 is .* and was "):
        resume(result.pathspec, step="load_data")


def test_the_code_package_is_all_of_ours_that_a_step_needs_elsewhere(plain_metaflow, tmp_path):
    saved = plain_metaflow("package", "save", str(tmp_path / "code.tgz"))
    assert saved.exit_code == 0, saved.stderr
    assert (tmp_path / "code.tgz").stat().st_size < 3_000_000
    with tarfile.open(tmp_path / "code.tgz") as package:
        package.extractall(tmp_path, filter="data")
    carried = tmp_path / ".mf_code"
    code = (
        "import flow, mlstages, mlstages.train, metaflow; print(mlstages.__file__, metaflow.srun)"
    )
    imported = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(carried), "METAFLOW_EXTRACTED_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert imported.stdout.startswith(str(carried / "mlstages")), imported.stderr
    assert (carried / "mlstages" / "regression_dataset.txt").exists()
    assert (carried / "metaflow_extensions" / "mlstages" / "plugins" / "__init__.py").exists()
