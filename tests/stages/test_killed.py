"""A run of the flow that is killed in any step is gone on with, and comes to the same."""

import os
import re
import signal
import subprocess
import sys

import pytest

from mlstages import list_runs, run, show_run
from mlstages.stages.flow_runner import FLOW_FILE, resume

STEPS = (
    *("start", "load_data", "check_dataset", "prepare_train_and_test_dataset"),
    *("train_model", "test_model", "end"),
)


@pytest.fixture(scope="module")
def undisturbed():
    return run("composable")


def kill_in_step(step, folder):
    """Run the flow, and kill its orchestrator and task with SIGKILL when the step begins."""
    process = subprocess.Popen(
        [sys.executable, "-u", str(FLOW_FILE), "--no-pylint", "run"],
        cwd=folder,
        env=os.environ | {"METAFLOW_USER": "ada"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    begun = re.compile(rf"/{step}/\d+ \(pid \d+\)\] Task is starting")
    assert any(begun.search(line) for line in process.stdout)
    os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.wait()


@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_in_a_step_is_gone_on_with(step, undisturbed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USERNAME", "ada")
    kill_in_step(step, tmp_path)
    assert [killed.state for killed in list_runs()] == ["interrupted"]
    resumed = resume()
    assert resumed == undisturbed
    steps = {shown.step: shown.seconds for shown in show_run(resumed.pathspec).steps}
    assert list(steps) == list(STEPS)
    # Cloned steps take no time: they were not run again.
    cloned = STEPS[: STEPS.index(step)]
    assert all(steps[name] < 0.2 for name in cloned)
    assert all(steps[name] > 0.2 for name in STEPS if name not in cloned)
