import json
import sys
from importlib.metadata import version

import metaflow
import pytest

from mlstages.launch.history import open_history


def test_python_m_mlstages_is_the_command(mlstages):
    assert mlstages("--version").stdout == f"mlstages {version('mlstages')}\n"


@pytest.mark.parametrize(
    "command", ["monolith", "composable", "flow", "compare", "check", "runs", "show"]
)
def test_help_has_an_example(mlstages, command):
    shown = mlstages(command, "--help")
    assert shown.exit_code == 0
    assert f"Example: mlstages {command}" in shown.stdout


def test_the_help_has_each_command_in_a_section_with_its_whole_summary(mlstages):
    shown = mlstages("--help").stdout
    sections = shown.split("\n\n")
    [own] = [each for each in sections if each.startswith("Your own script:")]
    assert "refactor" in own
    assert "verify" in own
    assert "..." not in shown.partition("COMMAND [ARGS]...")[2]
    assert "\nCommands:" not in shown  # what stands there has no section


def test_options_that_belong_together_have_a_section(mlstages):
    *_, bounds, example = mlstages("serve", "--help").stdout.strip().split("\n\n")
    assert bounds.startswith("Bounds:\n  --max-body BYTES ")
    assert "--workers" not in bounds
    assert example.strip().startswith("Example: mlstages serve")


@pytest.mark.parametrize("words", [[], ["feedback"]])
def test_without_a_command_the_help_is_shown(mlstages, words):
    shown = mlstages(*words)
    assert shown.exit_code == 2
    assert shown.stdout == mlstages(*words, "--help").stdout
    assert shown.stderr == ""


@pytest.mark.parametrize("stage", ["monolith", "composable"])
def test_json_is_one_object_on_stdout(mlstages, tmp_path, stage):
    finished = mlstages(stage, "--json", "--test-size", "0.3")
    answer = json.loads(finished.stdout)
    assert answer["stage"] == stage
    assert answer["config"]["test_size"] == 0.3
    assert answer["config"]["random_state"] == 42
    assert answer["config"]["target_range"] == [-100.0, 100.0]
    assert (answer["n_train"], answer["n_test"]) == (700, 300)
    assert len(answer["model"]["coefficients"]) == 1
    assert set(answer["metrics"]) == set(answer["baseline"]) == {"mse", "r2"}
    assert len(answer["data_sha256"]) == 64
    assert answer["figure"] == f"{stage}_regression_analysis.png"
    assert (tmp_path / answer["figure"]).read_bytes().startswith(b"\x89PNG")
    assert answer["seconds"] > 0
    assert answer["pathspec"] is None


def test_the_flows_json_names_its_run(flow_run):
    answer = flow_run.finished.json
    assert answer["stage"] == "flow"
    assert answer["pathspec"].startswith("SampleRegressionFlow/")
    assert answer["header"] is False


def test_what_the_monolith_prints_goes_to_stderr_beside_json(mlstages, mlstages_here):
    finished = mlstages("monolith", "--json", "--no-figure")
    assert "See you, space cowboys!" in finished.stderr
    assert "cowboys" not in finished.stdout
    assert "cowboys" in mlstages_here("monolith", "--no-figure").stdout


def test_people_get_the_numbers_and_the_baseline(mlstages_here):
    shown = mlstages_here("composable", "--no-figure").stdout
    assert "107.9" in shown
    assert "0.718812" in shown
    assert "baseline" in shown


def test_a_stage_works_in_an_empty_folder_and_writes_only_its_figure(mlstages, tmp_path):
    assert mlstages("monolith").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["monolith_regression_analysis.png"]
    assert mlstages("composable", "--figure", "own.png").exit_code == 0
    assert (tmp_path / "own.png").exists()


def test_every_option_reaches_the_pipeline(mlstages_here, tmp_path):
    (tmp_path / "own.csv").write_text("".join(f"{i},{i * i},{i % 7}\n" for i in range(50)))
    finished = mlstages_here(
        *("composable", "--json", "--no-figure", "--data", "own.csv", "--target", "1"),
        *(
            "--target-range",
            "0",
            "2500",
            "--test-size",
            "0.4",
            "--random-state",
            "7",
            "--no-header",
            "--features",
            "2",
            "--missing",
            "drop",
            *("--alpha", "1", "--alpha", "0", "--folds", "3"),
        ),
    )
    answer = json.loads(finished.stdout)
    assert answer["config"] == {
        "data": "own.csv",
        "target": "1",
        "header": False,
        "features": ["2"],
        "drop": [],
        "missing": "drop",
        "target_range": [0.0, 2500.0],
        "test_size": 0.4,
        "random_state": 7,
        "alphas": [1.0, 0.0],
        "folds": 3,
        "figure": None,
    }
    assert answer["columns"] == ["2", "1"]
    assert answer["missing"] == {"cells": {}, "dropped_rows": 0, "imputed_cells": 0}
    assert (answer["unseen"], answer["model"]["terms"]) == ({}, ["2"])
    assert (answer["n_test"], answer["figure"], answer["header"]) == (20, None, False)


def test_runs_and_show_tell_of_the_run(flow_run, mlstages):
    pathspec = flow_run.finished.json["pathspec"]
    run_id = pathspec.partition("/")[2]
    listed = mlstages("runs", folder=flow_run.folder)
    assert run_id in listed.stdout
    as_json = mlstages("runs", "--json", folder=flow_run.folder).json
    assert pathspec in [run["run"] for run in as_json]
    shown = mlstages("show", run_id, folder=flow_run.folder).stdout
    for text in ("successful", "TEST_SPLIT = 0.2", "train_model", "LinearRegression", "800 x 1"):
        assert text in shown
    assert all(len(line) <= 120 for line in shown.splitlines())
    one = mlstages("show", pathspec, "--artifact", "mse", "--json", folder=flow_run.folder).json
    assert [artifact["name"] for artifact in one["artifacts"]] == ["mse"]


def test_runs_in_a_folder_without_history_says_how_to_make_one(mlstages):
    listed = mlstages("runs")
    assert listed.exit_code == 0
    assert listed.stdout.startswith("no runs that fit: ")


def test_brackets_in_names_are_not_markup(mlstages_here, tmp_path):
    (tmp_path / "own.csv").write_text("[red]x,[/b]\n" + "".join(f"{i},{i + 1}\n" for i in range(9)))
    shown = mlstages_here("composable", "--data", "own.csv", "--no-figure").stdout
    assert "target [/b] of own.csv" in shown
    assert "[red]x: " in shown


@pytest.fixture(scope="module")
def tagged(tmp_path_factory, run_process):
    """A run with tags and Metaflow's own options, and an option in Metaflow's environment."""
    folder = tmp_path_factory.mktemp("tagged")
    rows = "".join(f"{i},{i % 3},{i}\n" for i in range(40))
    (folder / "data.csv").write_text(f"a,b,y\n{rows}")
    arguments = [
        *("flow", "--json", "--no-figure", "--data", "data.csv", "--tag", "good", "--tag", "night"),
        *("--", "--max-workers", "2", "--datastore=local", "--with", "resources:cpu=4"),
    ]
    command = [sys.executable, "-m", "mlstages", *arguments]
    return folder, run_process(command, folder, METAFLOW_RUN_TARGET="a")


def test_tags_and_metaflows_own_options_reach_the_run(tagged, monkeypatch):
    folder, finished = tagged
    assert finished.exit_code == 0, finished.stderr
    monkeypatch.chdir(folder)
    assert open_history()
    assert metaflow.Run(finished.json["pathspec"]).user_tags == {"good", "night"}


def test_options_in_metaflows_environment_do_not_reach_the_flow(tagged):
    assert tagged[1].json["columns"] == ["a", "b", "y"]


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (["--max-workers", "many"], 2, "Metaflow refuses the options: Invalid value for '--max-w"),
        (["--datastore", "s4"], 2, "Metaflow refuses the options: Invalid value for '--datastore'"),
        (["--maxworkers", "2"], 2, "--maxworkers is no option of Metaflow's run"),
        (["--test_split", "0.5"], 2, "--test_split is no option of Metaflow's run"),
        (["--with", "nothing"], 4, "Unknown step decorator nothing"),
        (["--metadata", "service"], 4, "metadata service has no address: set METAFLOW_SERVICE_URL"),
    ],
)
def test_an_option_that_metaflow_refuses_is_told_without_a_traceback(
    mlstages, tmp_path, options, exit_code, message
):
    finished = mlstages("flow", "--no-figure", "--", *options)
    assert finished.exit_code == exit_code
    assert message in finished.error
    assert "Traceback" not in finished.stderr
