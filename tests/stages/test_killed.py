"""A run of the flow that is killed in any step is gone on with, and comes to the same."""

import itertools
import os
import re
import signal
import subprocess
import sys
import time

import metaflow
import psutil
import pytest

from mlstages import list_runs, run, show_run
from mlstages.launch.history import open_history
from mlstages.stages.flow_runner import FLOW_FILE, resume

STEPS = (
    *("start", "load_data", "check_dataset", "prepare_train_and_test_dataset"),
    *("train_model", "test_model", "end"),
)
RUN = [sys.executable, "-u", str(FLOW_FILE), "--no-pylint", "run"]
RESUME = [sys.executable, "-u", "-m", "mlstages", "resume"]


@pytest.fixture(scope="module")
def undisturbed():
    return run("composable")


@pytest.fixture
def in_own_history(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USERNAME", "ada")


def is_alive_in(session):
    def is_alive(process):
        try:
            return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
        except (ProcessLookupError, psutil.NoSuchProcess):
            return False

    return is_alive


def kill_in_step(step, command):
    """Start the command, kill all of it with SIGKILL when the step begins; return what it said."""
    process = subprocess.Popen(
        command,
        env=os.environ | {"METAFLOW_USER": "ada"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    begun = re.compile(rf"/{step}/\d+ \(pid \d+\)\] Task is starting")
    said = []
    for line in process.stdout:
        said.append(line)
        if begun.search(line):
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.wait()
    while any(map(is_alive_in(process.pid), psutil.process_iter())):
        time.sleep(0.01)
    assert begun.search(said[-1]), "".join(said)
    return "".join(said)


def cloned_steps(pathspec):
    """Return the steps that were taken over from another run, and those that were run."""
    assert open_history()
    cloned, run_again = [], []
    for step in show_run(pathspec).steps:
        task = metaflow.Step(f"{pathspec}/{step.step}").task
        (cloned if "origin-task-id" in task.metadata_dict else run_again).append(step.step)
    return tuple(cloned), tuple(run_again)


def test_a_run_killed_in_each_step_in_turn_is_gone_on_with_each_time(undisturbed, in_own_history):
    kill_in_step(STEPS[0], RUN)
    for killed_before, step in itertools.pairwise(STEPS):
        last = list_runs()[0].run
        assert f"going on with {last}\n" in kill_in_step(step, RESUME)
        newest = list_runs()[0]
        assert newest.run != last
        assert newest.state == "interrupted"
        cloned = STEPS[: STEPS.index(killed_before)]
        assert cloned_steps(newest.run) == (cloned, (killed_before, step))
    resumed = resume()
    assert resumed == undisturbed
    assert cloned_steps(resumed.pathspec) == (STEPS[:-1], STEPS[-1:])
    assert [run.state for run in list_runs()] == ["successful", *["interrupted"] * len(STEPS)]


def test_a_run_killed_in_its_middle_is_gone_on_with_at_once(undisturbed, in_own_history):
    kill_in_step("train_model", RUN)
    assert [killed.state for killed in list_runs()] == ["interrupted"]
    resumed = resume()
    assert resumed == undisturbed
    assert cloned_steps(resumed.pathspec) == (STEPS[:4], STEPS[4:])
