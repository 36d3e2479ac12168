"""What a reused task looks like to Metaflow, and the shapes of flows that are special."""

import json
import os
import subprocess
import sys

import pytest

from launch.reuse.harness import run_with_reuse

SHAPES = """
from metaflow import FlowSpec, catch, step


class Shapes(FlowSpec):
    @step
    def start(self):
        print("it begins")
        self.outer = [1, 2]
        self.count = 0
        self.next(self.loop)

    @step
    def loop(self):
        self.count += 1
        self.state = "again" if self.count < 3 else "done"
        self.next({"again": self.loop, "done": self.split}, condition="state")

    @step
    def split(self):
        self.next(self.middle, foreach="outer")

    @step
    def middle(self):
        self.inner = [self.input, self.input * 10]
        self.next(self.leaf, foreach="inner")

    @step
    def leaf(self):
        self.seen = self.foreach_stack()
        self.next(self.gather_inner)

    @step
    def gather_inner(self, inputs):
        self.seen = [task.seen for task in inputs]
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.seen = [task.seen for task in inputs]
        self.next(self.fails)

    @catch(var="failure")
    @step
    def fails(self):
        raise ValueError("always")
        self.next(self.end)

    @step
    def end(self):
        print("it ends", self.seen)


if __name__ == "__main__":
    Shapes()
"""

PARALLEL = """
from metaflow import FlowSpec, current, parallel, step


class Nodes(FlowSpec):
    @step
    def start(self):
        self.next(self.worker, num_parallel=2)

    @parallel
    @step
    def worker(self):
        self.node = current.parallel.node_index
        self.next(self.after)

    @step
    def after(self, inputs):
        self.nodes = sorted(task.node for task in inputs)
        self.next(self.end)

    @step
    def end(self):
        print(self.nodes)


if __name__ == "__main__":
    Nodes()
"""

ASK = """
import json, metaflow
metaflow.namespace(None)
answer = {}
for step in metaflow.Run("Shapes/%s"):
    for task in step:
        answer[task.pathspec.split("/", 2)[2]] = {
            "origin": task.origin_pathspec, "out": task.stdout, "ok": task.successful,
            "index": task.index,
            "artifacts": sorted(a.id for a in task),
            "values": {n: repr(task[n].data) for n in ("seen", "count", "outer") if n in task},
        }
print(json.dumps(answer))
"""


def ask(folder, script):
    finished = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=os.environ | {"METAFLOW_USER": "tester"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes")
    (folder / "flow.py").write_text(SHAPES)
    return folder


@pytest.fixture(scope="module")
def runs(folder):
    return [run_with_reuse(folder) for _ in range(2)]


def strip(answer, *names):
    # A task's number is the run's own affair.
    tasks = {}
    for path, facts in answer.items():
        step = path.split("/")[0]
        tasks.setdefault(step, []).append({name: facts[name] for name in names})
    return {step: sorted(facts, key=repr) for step, facts in tasks.items()}


def test_loops_and_nested_foreaches_are_reused_and_failures_are_not(runs):
    first, second = runs
    assert len(first.rerun) == len(first.tasks)
    assert set(second.rerun) == {"fails"}
    assert second.why("fails")


def test_tasks_that_work_together_are_always_run(tmp_path):
    (tmp_path / "flow.py").write_text(PARALLEL)
    run_with_reuse(tmp_path)
    second = run_with_reuse(tmp_path)
    assert "worker" in second.rerun
    assert "end" not in second.rerun


def test_stock_metaflow_reads_a_reused_run_as_one_that_ran(folder, runs):
    first, second = (ask(folder, ASK % run.run_id) for run in runs)
    names = ("out", "ok", "index", "artifacts", "values")
    assert strip(second, *names) == strip(first, *names)


def test_a_reused_task_says_where_it_comes_from(folder, runs):
    answer = ask(folder, ASK % runs[1].run_id)
    origins = {task.task: task.origin for task in runs[1].tasks if task.is_reused}
    assert len(origins) == len(runs[1].tasks) - 1
    for task, origin in origins.items():
        assert answer[task.partition("/")[2]]["origin"] == f"Shapes/{origin}"


def test_resume_goes_on_from_a_reused_run(folder, runs):
    finished = subprocess.run(
        [
            *(sys.executable, "flow.py", "--no-pylint", "resume", "end"),
            *("--origin-run-id", runs[1].run_id),
        ],
        cwd=folder,
        env=os.environ | {"METAFLOW_USER": "tester"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "it ends" in finished.stdout


def test_without_its_index_or_its_artifacts_nothing_is_reused_and_nothing_breaks(folder, runs):
    for path in (folder / ".metaflow" / ".mlstages-reuse").iterdir():
        path.write_text('{"task": "x/start/1", "user": "tester"}\nnonsense\n')
    third = run_with_reuse(folder)
    assert len(third.rerun) == len(third.tasks)
    assert "start" not in run_with_reuse(folder).rerun


def test_another_users_tasks_are_not_taken(folder, runs):
    run = run_with_reuse(folder, METAFLOW_USER="someone")
    assert "start" in run.rerun
