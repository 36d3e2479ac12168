"""The code a run keeps: the quickest keeps it too, and what cannot be packed fails none."""

import json
import sys
from pathlib import Path

import pytest

FLOW = """
import os

from metaflow import FlowSpec, step


class QuickFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        if os.environ.get("QUICK_FAILS"):
            raise ValueError("not today")


if __name__ == "__main__":
    QuickFlow()
"""
LIST_FILES = """
import json
import metaflow

code = metaflow.Flow("QuickFlow").latest_run.code
print(json.dumps(None if code is None else code.tarball.getnames()))
"""
SHORTER_THAN_IT_SAYS = Path("/sys/devices/system/cpu/online")


@pytest.fixture
def run_quick_flow(tmp_path, run_process):
    (tmp_path / "quick_flow.py").write_text(FLOW)

    def run(*options, **environment):
        command = [sys.executable, "-m", "mlstages", "run", "quick_flow.py", *options]
        ran = run_process(command, tmp_path, METAFLOW_USER="ada", **environment)
        assert ran.exit_code == bool(environment), ran.stderr
        listed = run_process([sys.executable, "-c", LIST_FILES], tmp_path, METAFLOW_USER="ada")
        return json.loads(listed.stdout), ran.stderr

    return run


@pytest.mark.parametrize("options", [(), ("--reuse",)])
def test_a_run_that_is_quicker_than_its_packing_keeps_its_code(run_quick_flow, tmp_path, options):
    for number in range(300):  # which take longer to pack than the tasks
        (tmp_path / f"more_{number}.py").touch()
    for _ in range(2):  # the second takes its tasks from the first, where they are reused
        files, _said = run_quick_flow(*options)
        assert {"quick_flow.py", "more_0.py", "more_299.py"} <= set(files)


@pytest.mark.parametrize("environment", [{}, {"QUICK_FAILS": "1"}], ids=["well", "failed"])
def test_whatever_its_last_step_is_called_and_however_it_ends(
    run_quick_flow, tmp_path, environment
):
    flow = FLOW.replace("self.end", "self.finish").replace("def end", "def finish")
    flow = flow.replace("@step\n    def finish", "@step(end=True)\n    def finish")
    (tmp_path / "quick_flow.py").write_text(flow)
    for number in range(300):
        (tmp_path / f"more_{number}.py").touch()
    files, _said = run_quick_flow(**environment)
    assert {"quick_flow.py", "more_299.py"} <= set(files)


def test_a_link_that_leads_nowhere_is_left_out(run_quick_flow, tmp_path):
    (tmp_path / "lost.py").symlink_to(tmp_path / "gone.py")
    files, _said = run_quick_flow()
    assert "quick_flow.py" in files
    assert "lost.py" not in files


@pytest.mark.skipif(not SHORTER_THAN_IT_SAYS.is_file(), reason="needs a file of the kernel's")
def test_a_run_goes_on_without_code_where_it_cannot_be_packed(run_quick_flow, tmp_path):
    (tmp_path / "odd.py").symlink_to(SHORTER_THAN_IT_SAYS)
    files, said = run_quick_flow()
    assert files is None
    assert said.count("the run goes on and keeps no code") == 1
