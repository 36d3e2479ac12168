"""What is kept warm for a run that has not begun: it waits, and costs nothing meanwhile."""

import json
import subprocess
import sys

import pytest

FLOW = """from metaflow import FlowSpec, step

class WarmFlow(FlowSpec):
    @step
    def start(self):
        import numpy
        self.next(self.end)

    @step
    def end(self):
        import pandas

if __name__ == "__main__":
    WarmFlow()
"""
WATCH = """import json, sys, time
from pathlib import Path
import psutil
from mlstages.launch.fork.orchestrator import prepare_orchestrator

wanted, is_lazy = int(sys.argv[1]), sys.argv[2] == "lazy"
prepare_orchestrator(Path("flow.py"), lazy=is_lazy)
[orchestrator] = psutil.Process().children()

def find_children():
    return sorted(each.pid for each in orchestrator.children() if each.status() != "zombie")

deadline = time.monotonic() + 20
while len(find_children()) != wanted and time.monotonic() < deadline:
    time.sleep(0.02)
first = find_children()
time.sleep(0.5)
print(json.dumps([len(first), first == find_children()]))
"""


@pytest.mark.parametrize(
    ("how", "n_children"),
    [
        # The first warm process, and what waits for a request: of it, of numpy's, of pandas'.
        ("at once", 4),
        # One that sleeps until there is a task.
        ("lazy", 1),
    ],
)
def test_what_waits_for_a_run_is_forked_once(tmp_path, how, n_children):
    (tmp_path / "flow.py").write_text(FLOW)
    command = [sys.executable, "-c", WATCH, str(n_children), how]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [n_children, True]


WAKE = """import json, os, signal, sys
from mlstages import linux
from mlstages.launch.fork.sleeping import fork_sleeping_zygote

linux.adopt_orphans()
zygote = fork_sleeping_zygote("flow.py")
if sys.argv[1] == "killed":
    os.kill(zygote._pid, signal.SIGKILL)
print(json.dumps([zygote.is_ready(step) for step in ("start", "end", "start")]))
zygote.close()
"""


@pytest.mark.parametrize(("what", "is_ready"), [("awake", True), ("killed", False)])
def test_warm_processes_that_sleep_are_ready_when_they_are_asked(tmp_path, what, is_ready):
    (tmp_path / "flow.py").write_text(FLOW)
    command = [sys.executable, "-c", WAKE, what]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [is_ready] * 3
