"""The decorator on a real Slurm: what a task is given, and what is left of a killed run."""

import os
import signal
import subprocess
import sys
import time

import metaflow
import pytest

from mlstages.launch.history import open_history

pytestmark = pytest.mark.cluster

FLOW = """
import os, subprocess, time
from metaflow import FlowSpec, Parameter, resources, srun, step

class JobFlow(FlowSpec):
    nap = Parameter("nap", default=0)

    @srun(options="--comment='by hand' --time=5")
    @resources(cpu=2, memory=512)
    @step
    def start(self):
        show = ["scontrol", "show", "job", os.environ["SLURM_JOB_ID"]]
        self.job = subprocess.run(show, capture_output=True, text=True, check=True).stdout
        self.next(self.nap_there)

    @srun
    @step
    def nap_there(self):
        time.sleep(self.nap)
        self.next(self.end)

    @step
    def end(self):
        self.outside = "SLURM_JOB_ID" not in os.environ

JobFlow()
"""


@pytest.fixture
def job_flow(tmp_path, slurm):
    (tmp_path / "job_flow.py").write_text(FLOW)

    def start(*arguments):
        return subprocess.Popen(
            [sys.executable, "job_flow.py", "--no-pylint", "run", *arguments],
            cwd=tmp_path,
            env=os.environ | slurm | {"METAFLOW_USER": "ada"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def jobs_left(slurm):
    listed = ["squeue", "--noheader", "--states=RUNNING,PENDING,SUSPENDED", "--format=%j"]
    return subprocess.run(
        listed, env=os.environ | slurm, capture_output=True, text=True, check=True
    ).stdout.split()


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_task_is_given_what_resources_and_options_ask_for(job_flow, tmp_path, monkeypatch):
    printed, _ = job_flow().communicate(timeout=120)
    monkeypatch.chdir(tmp_path)
    open_history()
    run = metaflow.Flow("JobFlow").latest_run
    assert run.successful, printed
    job = run["start"].task.data.job
    for fact in ("CPUs/Task=2", "MinMemoryNode=512M", "Comment=by hand", "TimeLimit=00:05:00"):
        assert fact in job
    assert f"JobName=JobFlow-{run.id}" in job
    assert run.data.outside


def test_an_interrupted_run_leaves_no_job_behind(job_flow, slurm):
    process = job_flow("--nap", "600")
    wait_for(lambda: "nap_there" in process.stdout.readline())
    wait_for(lambda: jobs_left(slurm))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    wait_for(lambda: not jobs_left(slurm))
