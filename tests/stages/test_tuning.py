"""Tuning: the same winner, table and numbers at each stage, and a task for each candidate."""

import base64
import json
import re

import metaflow
import numpy as np
import pytest
from rich.console import Console

from mlstages import PipelineConfig, RunResult, Stage, run, show_run
from mlstages.cli.render import draw_artifact, draw_artifacts
from mlstages.errors import OptionError
from mlstages.launch.history import open_history
from mlstages.runs import render_card
from mlstages.stages.flow_runner import read_config

ALPHAS = (0.0, 1.0, 10.0, 1000.0)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """The three stages' results with candidates, and the folder with the flow's history."""
    folder = tmp_path_factory.mktemp("tuned")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 8))
    rows = np.column_stack((X, X.sum(axis=1) + 9 * rng.normal(size=60)))
    np.savetxt(folder / "noisy.csv", rows, delimiter=",", fmt="%.17g")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        config = PipelineConfig(data=folder / "noisy.csv", alphas=ALPHAS, folds=4)
        return folder, {stage: run(stage, config) for stage in Stage}


def test_the_winner_the_table_and_the_numbers_are_equal_at_each_stage(tuned):
    monolith, composable, flow = tuned[1].values()
    assert monolith == composable == flow
    assert [candidate.alpha for candidate in flow.candidates] == list(ALPHAS)
    assert all(len(candidate.fold_mse) == 4 for candidate in flow.candidates)
    assert flow.alpha == min(flow.candidates, key=lambda candidate: candidate.mse).alpha
    assert flow.alpha != ALPHAS[0]  # else nothing would have been learnt from it


def test_the_result_is_that_of_the_winner_alone(tuned):
    result = tuned[1][Stage.COMPOSABLE]
    alone = run("composable", PipelineConfig(data=result.config.data, alphas=(result.alpha,)))
    assert alone.coefficients == result.coefficients
    assert alone.metrics == result.metrics


def test_the_table_comes_back_from_json_to_the_last_bit(tuned):
    result = tuned[1][Stage.FLOW]
    assert RunResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_each_candidate_is_a_task_and_the_run_keeps_the_winners_model(tuned, monkeypatch):
    folder, results = tuned
    monkeypatch.chdir(folder)
    assert open_history()
    finished = metaflow.Run(results[Stage.FLOW].pathspec)
    tried = {task.data.alpha: task.data.model for task in finished["train_model"]}
    assert sorted(tried) == list(ALPHAS)
    assert type(tried[0.0]).__name__ == "LinearRegression"
    assert finished.data.alpha == results[Stage.FLOW].alpha
    assert finished.data.model.alpha == results[Stage.FLOW].alpha
    assert finished.data.candidates == [c.to_dict() for c in results[Stage.FLOW].candidates]


def test_an_artifact_is_shown_of_each_task_of_the_foreach_behind_the_value_at_the_end(
    tuned, mlstages, monkeypatch
):
    folder, results = tuned
    monkeypatch.chdir(folder)
    pathspec = results[Stage.FLOW].pathspec
    shown = show_run(pathspec, artifact="alpha")
    steps = [
        artifact.task.removeprefix(f"{pathspec}/").split("/")[0] for artifact in shown.artifacts
    ]
    assert steps == ["end", *["train_model"] * len(ALPHAS)]
    chosen, *tried = (float(artifact.preview) for artifact in shown.artifacts)
    assert (chosen, tuple(tried)) == (results[Stage.FLOW].alpha, ALPHAS)
    assert metaflow.Task(shown.artifacts[-1].task).data.alpha == ALPHAS[-1]
    drawn = mlstages("show", pathspec, "--artifact", "alpha", folder=folder).stdout
    for artifact in shown.artifacts:
        task = artifact.task.removeprefix(f"{pathspec}/")
        assert re.search(rf"^{task} .* {re.escape(artifact.preview)} *$", drawn, re.MULTILINE)
    # What no task of it changed is one value.
    assert len(show_run(pathspec, artifact="X_train").artifacts) == 1


def test_of_many_tasks_the_first_are_shown_and_how_many_more(tuned, monkeypatch):
    folder, results = tuned
    monkeypatch.chdir(folder)
    monkeypatch.setattr("mlstages.runs.details.SHOWN_TASKS", 2)
    shown = show_run(results[Stage.FLOW].pathspec, artifact="model", step="train_model")
    assert [artifact.type.rpartition(".")[2] for artifact in shown.artifacts] == [
        *("LinearRegression", "Ridge"),
    ]
    assert shown.to_dict()["more_tasks"] == len(ALPHAS) - 2
    console = Console(width=100)
    with console.capture() as capture:
        console.print(draw_artifact(shown))
    assert capture.get().endswith("and 2 more tasks\n")


def test_a_list_says_that_an_artifact_is_one_of_many(tuned, monkeypatch):
    folder, results = tuned
    monkeypatch.chdir(folder)
    shown = show_run(results[Stage.FLOW].pathspec, step="train_model")
    values = {artifact.name: artifact.n_values for artifact in shown.artifacts}
    assert (values["alpha"], values["model"], values["X_train"]) == (4, 4, 1)
    console = Console(width=100)
    with console.capture() as capture:
        console.print(draw_artifacts(shown))
    assert "one of 4: 0.0" in capture.get()


def test_a_finished_run_knows_the_candidates_it_was_asked_for(tuned, monkeypatch):
    folder, results = tuned
    monkeypatch.chdir(folder)
    config = read_config(results[Stage.FLOW].pathspec)
    assert (config.alphas, config.folds) == (ALPHAS, 4)


@pytest.mark.filterwarnings("ignore:metaflow._vendor.imghdr was removed")  # in 2.19
def test_the_card_has_the_table_of_the_candidates(tuned, monkeypatch):
    folder, results = tuned
    monkeypatch.chdir(folder)
    page = render_card(results[Stage.FLOW].pathspec)
    data = re.search(r'__MF_DATA__\["[^"]+"\] = "([^"]+)"', page)[1]
    shown = base64.b64decode(data).decode()
    for candidate in results[Stage.FLOW].candidates:
        assert f'"{candidate.mse:.6g}"' in shown
    assert '"chosen"' in shown


def test_without_candidates_the_run_has_the_seven_steps_with_one_task_each(in_history):
    assert open_history()
    finished = metaflow.Run(in_history.finished.json["pathspec"])
    assert sorted((step.id, len(list(step))) for step in finished) == [
        ("check_dataset", 1),
        ("end", 1),
        ("load_data", 1),
        ("prepare_train_and_test_dataset", 1),
        ("start", 1),
        ("test_model", 1),
        ("train_model", 1),
    ]
    assert in_history.finished.json["alpha"] is None
    assert in_history.finished.json["candidates"] == []


def test_the_plain_way_tunes_with_as_many_workers_as_are_asked_for(plain_metaflow, in_history):
    ran = plain_metaflow("run", "--alphas", "[0, 1, 10]", "--max-workers", "2")
    assert ran.exit_code == 0, ran.stdout + ran.stderr
    assert "MSE" in ran.stdout
    assert open_history()
    finished = metaflow.Flow("SampleRegressionFlow").latest_successful_run
    resumed = plain_metaflow("resume", "test_model", "--origin-run-id", finished.id)
    assert resumed.exit_code == 0, resumed.stdout + resumed.stderr
    again = metaflow.Flow("SampleRegressionFlow").latest_successful_run
    assert again.id != finished.id
    assert again.data.candidates == finished.data.candidates
    assert [candidate["alpha"] for candidate in again.data.candidates] == [0.0, 1.0, 10.0]
    assert (again.data.alpha, again.data.mse) == (finished.data.alpha, finished.data.mse)
    assert again.data.alpha == 1.0
    assert again.data.mse == pytest.approx(107.88285657747208, rel=1e-9)


@pytest.mark.parametrize("stage", Stage)
def test_folds_that_are_too_small_are_refused_in_the_same_words(stage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.csv").write_text("".join(f"{i},{i * i}\n" for i in range(10)))
    config = PipelineConfig(data=tmp_path / "small.csv", alphas=(1,), folds=5, test_size=0.2)
    with pytest.raises(OptionError) as raised:
        run(stage, config)
    assert raised.value.message == (
        "5 folds are too many for 8 rows to learn from, since each fold needs 2: "
        "choose --folds from 2 to 4"
    )
