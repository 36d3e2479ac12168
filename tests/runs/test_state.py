"""Running and interrupted: told by real processes, killed for real."""

import shutil
import time

import psutil
import pytest
from tests.runs.conftest import SMALL_FLOW, kill_group, start_small_flow, wait_for

from mlstages import list_runs
from mlstages.launch.orchestrators import find_orchestrators


@pytest.mark.parametrize("by_file", [True, False], ids=["by its file", "by its tasks"])
def test_a_run_is_running_while_its_orchestrator_lives_and_interrupted_after(
    tmp_path, monkeypatch, by_file
):
    shutil.copy(SMALL_FLOW, tmp_path)
    monkeypatch.chdir(tmp_path)
    process = start_small_flow(tmp_path, "ada", "run", "--way", "wait")
    run_id = tmp_path / "run_id"
    wait_for(run_id.exists)
    steps = tmp_path / ".metaflow" / "SmallFlow" / run_id.read_text()
    wait_for((steps / "middle").is_dir)
    if not by_file:
        run_id.unlink()
    states = [run.state for run in list_runs("SmallFlow", all_users=True)]
    kill_group(process)
    assert states == ["running"]
    assert [run.state for run in list_runs("SmallFlow", all_users=True)] == ["interrupted"]


def test_a_task_that_is_just_ending_is_no_hindrance(monkeypatch):
    class Process:
        def __init__(self, command, children=()):
            self.cmdline = lambda: command
            self.children = lambda: children
            self.cwd = lambda: "/"
            self.create_time = time.time

    ending = Process([])  # for a moment the system has no command of it any more
    orchestrator = Process(["python", "flow.py", "run"], [ending, Process(["--run-id", "7"])])
    monkeypatch.setattr(psutil, "process_iter", lambda: [ending, orchestrator])
    assert find_orchestrators().run_ids == {"7"}
