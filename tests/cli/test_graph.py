"""The example of a branch and a join, drawn by the command and run by Metaflow."""

import json
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples" / "example_graph.py"


def test_the_example_prints_the_larger_number(tmp_path):
    command = [sys.executable, str(EXAMPLE), "--no-pylint", "run"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " y 3\n" in ran.stdout


def test_the_picture_of_the_readme_is_what_the_command_makes(mlstages, tmp_path):
    drawn = mlstages("graph", str(EXAMPLE), "--svg", "example.svg")
    assert drawn.exit_code == 0, drawn.stderr
    committed = REPOSITORY / "docs" / "example_graph.svg"
    assert (tmp_path / "example.svg").read_bytes() == committed.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["example.svg"]


def test_json_is_one_object(mlstages):
    answer = json.loads(mlstages("graph", str(EXAMPLE), "--json").stdout)
    assert answer["flow"] == "ExampleGraph"
    assert [step["kind"] for step in answer["steps"]] == [
        *("split", "linear", "linear", "join", "linear")
    ]


def test_a_file_that_is_no_flow_is_exit_code_3_with_its_place_and_no_traceback(mlstages, tmp_path):
    (tmp_path / "typo.py").write_text("x = 1\ndef f(:\n")
    refused = mlstages("graph", "typo.py")
    assert refused.exit_code == 3
    assert refused.error == "typo.py:2: invalid syntax; mend it first"
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""
