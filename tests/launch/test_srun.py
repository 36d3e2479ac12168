"""The command line that starts a task on Slurm; a real cluster is in ``tests/cluster``."""

import subprocess
import sys

import pytest

from mlstages.launch.srun import build_srun_command

CASES = {
    "without @resources": ({}, "", []),
    "cores and memory": ({"cpu": 2, "memory": 4096}, "", ["--cpus-per-task=2", "--mem=4096M"]),
    "as Metaflow's defaults are written": (
        {"cpu": "1", "memory": "4096", "gpu": None, "disk": None},
        "",
        ["--cpus-per-task=1", "--mem=4096M"],
    ),
    "a GPU": ({"gpu": 1}, "", ["--gpus=1"]),
    "further options, quoted": (
        {"cpu": 1},
        "--partition=long --comment='two words'",
        ["--cpus-per-task=1", "--partition=long", "--comment=two words"],
    ),
}


@pytest.mark.parametrize(("resources", "options", "ending"), CASES.values(), ids=CASES)
def test_resources_become_options_of_srun(resources, options, ending):
    command = build_srun_command("job", resources, options)
    beginning = ["srun", "--ntasks=1", "--export=ALL", "--input=none", "--job-name=job"]
    assert command == beginning + ending


def test_without_slurm_the_run_does_not_start_and_says_so(tmp_path, monkeypatch):
    flow = tmp_path / "small_flow.py"
    flow.write_text(
        "from metaflow import FlowSpec, srun, step\n"
        "class SmallFlow(FlowSpec):\n"
        "    @srun\n"
        "    @step\n"
        "    def start(self):\n"
        "        self.next(self.end)\n"
        "    @step\n"
        "    def end(self): pass\n"
        "SmallFlow()\n"
    )
    ran = subprocess.run(
        [sys.executable, flow, "--no-pylint", "run"],
        cwd=tmp_path,
        env={"PATH": str(tmp_path), "METAFLOW_USER": "ada"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert "srun is not on the PATH" in ran.stderr
    assert "Traceback" not in ran.stderr
