import json

import pytest

from mlstages import list_runs, show_run
from mlstages.errors import RunNotFoundError


def test_a_run_is_listed_with_its_parameters_and_metrics(in_history):
    answer = in_history.finished.json
    (summary,) = [run for run in list_runs() if run.run == answer["pathspec"]]
    assert summary.state == "successful"
    assert summary.parameters["TEST_SPLIT"] == 0.2
    assert summary.parameters["RANDOM_STATE"] == 42
    assert summary.parameters["DATA_FILE"] == "38589 bytes"
    assert summary.metrics["mse"] == answer["metrics"]["mse"]
    assert summary.metrics["baseline_r2"] == answer["baseline"]["r2"]
    assert summary.user != ""


def test_the_runs_are_sorted_newest_first(in_history):
    times = [run.created_at for run in list_runs()]
    assert times == sorted(times, reverse=True)


def test_a_run_is_shown_with_steps_and_artifacts(in_history):
    details = show_run(in_history.finished.json["pathspec"])
    assert [step.step for step in details.steps] == [
        *("start", "load_data", "check_dataset", "prepare_train_and_test_dataset"),
        *("train_model", "test_model", "end"),
    ]
    assert all(step.seconds > 0 for step in details.steps)
    assert all(step.tasks == 1 for step in details.steps)
    artifacts = {artifact.name: artifact for artifact in details.artifacts}
    assert artifacts["X_train"].type == "numpy.ndarray"
    assert artifacts["X_train"].shape == (800, 1)
    assert artifacts["X_train"].size > 800 * 8
    assert artifacts["X_train"].step == "prepare_train_and_test_dataset"
    assert artifacts["model"].type == "sklearn.linear_model._base.LinearRegression"
    assert artifacts["mse"].preview == repr(in_history.finished.json["metrics"]["mse"])
    assert "TEST_SPLIT" not in artifacts  # a parameter, shown as such
    assert not any(name.startswith("_") for name in artifacts)
    json.dumps(details.to_dict())


@pytest.mark.parametrize("wanted", ["pathspec", "id"])
def test_one_artifact_can_be_asked_for(in_history, wanted):
    pathspec = in_history.finished.json["pathspec"]
    run = pathspec if wanted == "pathspec" else pathspec.partition("/")[2]
    (artifact,) = show_run(run, artifact="y_test").artifacts
    assert (artifact.name, artifact.shape) == ("y_test", (200,))


def test_arrays_are_not_dumped(in_history):
    details = show_run(in_history.finished.json["pathspec"])
    previews = {artifact.name: artifact.preview for artifact in details.artifacts}
    assert previews["X_train"] is None
    assert all(len(preview) <= 200 for preview in previews.values() if preview is not None)


@pytest.mark.parametrize("run", ["1", "SampleRegressionFlow/1", "OtherFlow/1", "OtherFlow/latest"])
def test_a_run_that_is_not_there_is_refused_with_where_it_was_looked_for(in_history, run):
    with pytest.raises(RunNotFoundError, match=str(in_history.folder)):
        show_run(run)


def test_an_artifact_that_is_not_there_is_refused_with_those_there_are(in_history):
    with pytest.raises(RunNotFoundError, match=r"has no artifact 'nothing': it has .*X_test, "):
        show_run(in_history.finished.json["pathspec"], artifact="nothing")


def test_without_a_history_there_are_no_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert list_runs() == []
    with pytest.raises(RunNotFoundError, match="there is none at all"):
        show_run("latest")
