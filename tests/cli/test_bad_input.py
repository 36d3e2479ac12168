"""Bad input, as real processes: the same message and exit code in all three stages."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mlstages as package

ROWS = "".join(f"{i},{i * i % 13}\n" for i in range(40))


def with_row(number, row):
    """The rows of a good file, but one (1-based)."""
    rows = ROWS.splitlines()
    rows[number - 1] = row
    return "\n".join(rows) + "\n"


# name: (content of data.csv, further options, what the message says)
DATA_CASES = {
    "empty": ("", [], "data.csv is empty"),
    "one row": ("1,2\n", [], "it has 1 row of values: 4 are needed"),
    "text in a numeric column": (with_row(7, "6,abc"), [], "not a finite number: row 7 ('abc')"),
    "NaN": (with_row(3, "nan,4"), [], "column '0': 1 cell is missing or NaN: row 3; "),
    "an empty cell": (with_row(8, ",49"), [], "column '0': 1 cell is missing or NaN: row 8; "),
    "a target of text": ("a,b\n" + "1,x\n2,y\n" * 9, [], "column 'b', is text, and a regression"),
    "features that are not there": (ROWS, ["--features", "0,2"], "has no column '2'"),
    "inf": (with_row(9, "8,-inf"), [], "row 9 (-inf)"),
    "ragged rows": (with_row(5, "4,5,6"), [], "the 2 cells of the first: row 5 (3 cells)"),
    "wrong delimiter": (ROWS.replace(",", ";"), [], "data.csv:1: one column"),
    "binary": (b"\x89PNG\r\n\x1a\n\0\0\0", [], "data.csv is binary"),
    "not UTF-8": (with_row(2, "1,\xe9").encode("latin-1"), [], "data.csv:2: byte 0xe9 is not"),
    "no such column": (ROWS, ["--target", "price"], "has no column 'price'"),
    "duplicate column names": ("a,a\n" + ROWS, [], "data.csv:1: duplicate column names 'a'"),
    "cut off inside quotes": ('1,2\n3,4\n5,"', [], "data.csv:3: unexpected end of data"),
    "too small to be squared": (
        "".join(f"{i},{i % 7}e-170\n" for i in range(40)), [], "sum to 0.0, of which no R²"
    ),
    "a constant target": ("".join(f"{i},3\n" for i in range(40)), [], "is constant (3.0)"),
    "target out of range": (ROWS, ["--target-range", "0", "11"], "out of the range 0 to 11"),
}  # fmt: skip

# name: (options, exit code, what the message says)
OPTION_CASES = {
    "file missing": (["--data", "missing.csv"], 3, "missing.csv does not exist"),
    "a folder": (["--data", "."], 3, ". is a folder"),
    "unknown format": (["--data", "data.xls"], 3, "the extension '.xls' is none of"),
    "test size 0": (["--test-size", "0"], 2, "test size 0.0 is not between 0 and 1"),
    "test size 1": (["--test-size", "1"], 2, "test size 1.0 is not between 0 and 1"),
    "test size -0.1": (["--test-size", "-0.1"], 2, "test size -0.1 is not"),
    "test size 1.5": (["--test-size", "1.5"], 2, "test size 1.5 is not"),
    "test size nan": (["--test-size", "nan"], 2, "test size nan is not"),
    "too few rows to test on": (["--test-size", "0.00001"], 2, "into 999 to learn from and 1 to"),
    "a negative random state": (["--random-state", "-1"], 2, "random state -1 is not between"),
    "features and drop": (["--features", "0", "--drop", "0"], 2, "exclude each other"),
    "a feature given twice": (["--features", "0,0"], 2, "features names '0' more than once"),
    "no features": (["--features", ""], 2, "features names no column: write a,b, or leave it out"),
    "none to drop": (["--drop", ""], 2, "drop names no column"),
    "no target": (["--target", ""], 2, "target names no column"),
    "folds of nothing": (["--folds", "5"], 2, "folds 5 without an alpha: there is nothing"),
    "a header where names are": (["--data", "data.jsonl", "--header"], 2, "data.jsonl: a table of"),
    "a target range upside down": (["--target-range", "1", "0"], 2, "target range 1.0 0.0 is not"),
    "a figure in no folder": (["--figure", "no/a.png"], 3, "does not exist: make it first"),
    "a figure that cannot be written": (["--figure", "/proc/a.png"], 3, "cannot be written"),
    "a figure that is a folder": (["--figure", "folder.png"], 3, "is a folder"),
    "a figure without a name": (["--figure", ".png"], 2, "figure .png has no name"),
    "a figure below a file": (["--figure", "data.xls/a.png"], 3, "data.xls is no folder"),
    "a figure with an endless name": (["--figure", f"{'x' * 300}.png"], 3, "cannot be written"),
    "a figure that is no PNG": (["--figure", "a.jpg"], 2, "does not end in .png"),
}  # fmt: skip


@pytest.fixture
def run_all_stages(mlstages, mlstages_here):
    """Run the stages with the same options: the flow as a process, as it makes others."""
    commands = {"monolith": mlstages_here, "composable": mlstages_here, "flow": mlstages}

    def run(*options):
        return {stage: command(stage, *options) for stage, command in commands.items()}

    return run


def require_the_same(finished, exit_code, message):
    for stage, process in finished.items():
        assert process.exit_code == exit_code, f"{stage}: {process.stderr}"
        assert "Traceback" not in process.stderr, stage
        assert message in process.error, stage
        assert process.stdout == "" or stage == "monolith"
    assert len({process.error for process in finished.values()}) == 1


@pytest.mark.parametrize(
    ("content", "options", "message"), DATA_CASES.values(), ids=DATA_CASES.keys()
)
def test_bad_data(run_all_stages, tmp_path, content, options, message):
    content = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "data.csv").write_bytes(content)
    finished = run_all_stages("--data", "data.csv", *options)
    require_the_same(finished, 3, message)
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize(
    ("options", "exit_code", "message"), OPTION_CASES.values(), ids=OPTION_CASES.keys()
)
def test_bad_options(run_all_stages, tmp_path, options, exit_code, message):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "data.xls").write_text("1")
    (tmp_path / "data.jsonl").write_text('{"a": 1, "b": 2}\n')
    require_the_same(run_all_stages(*options), exit_code, message)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--target-range", "1"],
        ["--unknown"],
        ["--no-figure", "--figure", "a.png"],
    ],
    ids=" ".join,
)
def test_an_option_that_does_not_parse_is_usage(run_all_stages, options):
    finished = run_all_stages(*options)
    require_the_same(finished, 2, options[0])


@pytest.mark.parametrize(
    "options",
    [
        ["--test-size", "abc"],
        ["--random-state", "1.5"],
        ["--missing", "guess"],
        ["--alpha", "1", "--alpha", "abc"],
        ["--folds", "x"],
        ["--target-range", "1", "high"],
    ],
    ids=" ".join,
)
def test_a_value_that_does_not_parse_is_usage_and_repeated(run_all_stages, options):
    finished = run_all_stages(*options)
    require_the_same(finished, 2, f"for '{options[0]}'")
    message = finished["flow"].error
    assert message.count(repr(options[-1])) == 1
    assert "Value error" not in message  # pydantic's own words


def test_a_value_of_any_command_that_does_not_parse_is_repeated(mlstages):
    finished = mlstages("runs", "--limit", "many")
    assert finished.exit_code == 2
    assert finished.error.startswith("Invalid value for '--limit': 'many' is not ")


@pytest.mark.parametrize(
    "command",
    [
        *(["flow"], ["compare"], ["runs"], ["show", "latest"], ["diff", "1", "2"], ["resume"]),
        *(["replay", "latest"], ["tag", "latest", "+a"], ["graph", "flow.py"]),
    ],
    ids=lambda command: command[0],
)
def test_a_profile_of_metaflow_that_is_not_there_is_said(mlstages, tmp_path, command):
    environment = {"METAFLOW_PROFILE": "theirs", "METAFLOW_HOME": str(tmp_path)}
    finished = mlstages(*command, **environment)
    assert finished.exit_code == 3
    assert "Traceback" not in finished.stderr
    assert f"profile 'theirs', and {tmp_path}/config_theirs.json does not exist" in finished.error


def test_a_profile_that_is_there_serves_and_one_that_is_not_needed_is_not_asked_for(
    mlstages, tmp_path
):
    (tmp_path / "config_ours.json").write_text("{}")
    environment = {"METAFLOW_PROFILE": "ours", "METAFLOW_HOME": str(tmp_path)}
    assert mlstages("runs", **environment).exit_code == 0
    assert mlstages("check", **environment | {"METAFLOW_PROFILE": "theirs"}).exit_code == 0


def test_a_run_that_fails_its_data_check_stays_in_the_history_as_failed(mlstages, tmp_path):
    (tmp_path / "data.csv").write_text(with_row(3, "nan,4"))
    assert mlstages("flow", "--data", "data.csv").exit_code == 3
    (run,) = mlstages("runs", "--json").json
    assert run["state"] == "failed"
    assert run["parameters"]["DATASET_NAME"] == "data.csv"
    assert run["metrics"] == {}
    shown = mlstages("show", run["run"], "--json").json
    assert [(step["step"], step["state"]) for step in shown["steps"]] == [
        ("start", "successful"),
        ("load_data", "successful"),
        ("check_dataset", "failed"),
    ]
    latest = mlstages("show", "latest")
    assert latest.exit_code == 3
    assert "no successful run of SampleRegressionFlow" in latest.error


def test_a_working_folder_that_cannot_be_written(mlstages):
    finished = mlstages("flow", "--no-figure", folder=Path("/proc"))
    assert finished.exit_code == 3
    assert "history in /proc/.metaflow, which cannot be written" in finished.error
    assert "Traceback" not in finished.stderr
    for stage in ("monolith", "composable", "compare"):
        finished = mlstages(stage, folder=Path("/proc"))
        assert finished.exit_code == 3
        assert "cannot be written" in finished.error


def test_compare_says_it_as_the_stages_do(mlstages, tmp_path):
    (tmp_path / "data.csv").write_text(with_row(3, "nan,4"))
    finished = mlstages("compare", "--data", "data.csv")
    assert finished.exit_code == 3
    assert finished.error == mlstages("composable", "--data", "data.csv").error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "latest"], "there is none at all"),
        (["show", "SampleRegressionFlow/1"], "no run SampleRegressionFlow/1"),
        (["show", "SampleRegressionFlow/1/start/2"], "is no run, which is FlowName/id"),
    ],
)
def test_a_run_that_is_not_there(mlstages, arguments, message):
    finished = mlstages(*arguments)
    assert finished.exit_code == 3
    assert message in finished.error


def test_a_reader_that_has_seen_enough_is_no_error(mlstages, tmp_path):
    command = f"{sys.executable} -m mlstages composable --no-figure --json | head -c 5"
    finished = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=tmp_path, capture_output=True, text=True
    )
    assert finished.returncode in (0, 141)  # 0 if all had been written before head ended
    assert "Traceback" not in finished.stderr


def test_a_full_device_is_said(mlstages, tmp_path):
    finished = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m mlstages composable --no-figure > /dev/full"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 3
    assert "error: the output cannot be written: no space left" in finished.stderr


def test_a_current_folder_that_was_deleted_is_said(mlstages, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m mlstages runs"
    finished = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert finished.returncode == 3
    assert "the current folder has been deleted" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_bug_of_ours_shows_its_traceback(mlstages, tmp_path):
    copy = tmp_path / "copy" / "mlstages"
    shutil.copytree(Path(package.__file__).parent, copy)
    data = copy / "data.py"
    right, wrong = "    table = read_table(", "    1 / 0\n    table = read_table("
    assert right in data.read_text()
    data.write_text(data.read_text().replace(right, wrong))
    for stage, exit_code in (("composable", 1), ("flow", 4)):
        finished = mlstages(stage, PYTHONPATH=str(copy.parent))
        assert finished.exit_code == exit_code
        assert "Traceback" in finished.stderr
        assert "ZeroDivisionError" in finished.stderr
