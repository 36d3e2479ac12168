"""The example with text, end to end: the data, the script's refactoring, a run of the flow."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


def mlstages(*words, folder):
    ran = subprocess.run(
        [sys.executable, "-m", "mlstages", *words],
        cwd=folder,
        # Threads for arrays as small as these only get into each other's way.
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=280,
    )
    assert ran.returncode == 0, ran.stderr
    return ran


def test_the_flow_does_what_the_script_does_and_keeps_a_model_better_than_the_baseline(
    editorials, tmp_path
):
    shutil.copy(editorials.path, tmp_path)
    shutil.copy(REPOSITORY / "examples" / "sentiment.py", tmp_path)
    made = json.loads(mlstages("refactor", "sentiment.py", "--json", folder=tmp_path).stdout)
    assert (made["functions"], made["flow"]) == ("verified", "verified")

    printed = mlstages("run", "sentiment_flow.py", folder=tmp_path).stdout
    found = re.findall(r"accuracy ([\d.]+), macro F1 ([\d.]+)", printed, re.IGNORECASE)
    (accuracy, macro_f1), (baseline_accuracy, baseline_f1) = [map(float, pair) for pair in found]
    assert accuracy > baseline_accuracy + 0.05
    assert macro_f1 > baseline_f1 + 0.2
    assert len(re.findall(r"\d+% \w+, rated \w+: .", printed)) == 5
    assert (tmp_path / "sentiment.png").read_bytes().startswith(b"\x89PNG")

    words = ("show", "latest", "--flow", "SentimentFlow", "--json")
    run = json.loads(mlstages(*words, folder=tmp_path).stdout)
    steps = ["start", *(stage["name"] for stage in made["stages"][1:-1]), "end"]
    assert [step["step"] for step in run["steps"]] == steps
    artifacts = {artifact["name"] for artifact in run["artifacts"]}
    assert artifacts >= {"model", "X_train", "X_test", "y_train", "y_test"}
