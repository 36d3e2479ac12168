"""Running and interrupted: told by real processes, killed for real."""

import shutil

import pytest
from tests.runs.conftest import SMALL_FLOW, kill_group, start_small_flow, wait_for

from mlstages import list_runs


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
