"""One run on this machine alone and one on each service of a cluster: nothing differs."""

import shutil
import sys
from pathlib import Path

import metaflow
import pytest

from mlstages import RunResult
from mlstages.launch.history import open_history

pytestmark = pytest.mark.cluster
FAN_OUT = Path(__file__).parents[2] / "benchmarks" / "flows" / "fan_out.py"


def result_of(finished):
    assert finished.exit_code == 0, finished.stderr
    return RunResult.from_dict(finished.json)


def stored_artifacts(pathspec):
    """SHA-1 of the stored bytes of each artifact of each step.

    Without DATA_FILE, which says where the file is: it is read by each run's first steps.
    """
    return {
        (step.id, artifact.id): artifact.sha
        for step in metaflow.Run(pathspec)
        for artifact in step.task
        if not artifact.id.startswith("_") and artifact.id != "DATA_FILE"
    }


@pytest.fixture
def artifacts_of_the_local_run(in_history):
    open_history()
    return stored_artifacts(in_history.finished.json["pathspec"])


def test_artifacts_in_an_s3_store(flow_run, artifacts_of_the_local_run, mlstages, s3_store):
    there = mlstages(
        "flow", "--json", "--", "--datastore", "s3", folder=flow_run.folder, **s3_store
    )
    assert result_of(there) == result_of(flow_run.finished)
    artifacts = stored_artifacts(there.json["pathspec"])
    assert artifacts == artifacts_of_the_local_run
    runs = (flow_run.finished.json["pathspec"], there.json["pathspec"])
    diff = mlstages("diff", *runs, folder=flow_run.folder, **s3_store)
    assert diff.exit_code == 0, diff.stdout + diff.stderr
    assert len(artifacts) > 100
    run = metaflow.Run(there.json["pathspec"])
    assert run["end"].task.metadata_dict["ds-type"] == "s3"
    shown = mlstages("show", there.json["pathspec"], folder=flow_run.folder, **s3_store)
    assert "LinearRegression" in shown.stdout


def test_runs_in_a_metadata_service(flow_run, mlstages, metadata_service, tmp_path):
    # By a tag, since the commands of the documentation leave runs in the same service.
    there = mlstages(
        *("flow", "--json", "--tag", "once", "--", "--metadata", "service"), **metadata_service
    )
    assert result_of(there) == result_of(flow_run.finished)
    for folder in (tmp_path, tmp_path / "elsewhere"):  # a service is not bound to a folder
        folder.mkdir(exist_ok=True)
        listed = mlstages(
            *("runs", "--tag", "once", "--json"),
            folder=folder,
            METAFLOW_DEFAULT_METADATA="service",
            **metadata_service,
        )
        assert [run["run"] for run in listed.json] == [there.json["pathspec"]]
        # Its state is not asked: the service that is used here cannot tell it (docs/cluster.md).
    assert mlstages("runs", "--json", **metadata_service).json == []


def test_a_hundred_tasks_beside_each_other_in_the_store_and_the_service(
    run_process, s3_store, metadata_service, tmp_path
):
    shutil.copy(FAN_OUT, tmp_path)
    services = s3_store | metadata_service
    command = [sys.executable, "-m", "mlstages", "run", "fan_out.py"]
    options = ["--datastore", "s3", "--metadata", "service", "--run-id-file", "id"]
    finished = run_process([*command, *options], tmp_path, **services)
    assert finished.exit_code == 0, finished.stdout + finished.stderr
    run_id = (tmp_path / "id").read_text().strip()
    code = f"""
import metaflow
metaflow.namespace(None)
run = metaflow.Run("FanOutFlow/{run_id}")
print(len(list(run["square"])), run["end"].task.data.total)
print({{task.metadata_dict["ds-type"] for task in run["square"]}})
"""
    read = run_process(
        [sys.executable, "-c", code],
        tmp_path,
        METAFLOW_DEFAULT_METADATA="service",
        **services,
    )
    assert read.stdout == f"100 {sum(n * n for n in range(100))}\n{{'s3'}}\n", read.stderr


def test_tasks_on_slurm(artifacts_of_the_local_run, flow_run, mlstages, slurm):
    there = mlstages("flow", "--json", "--", "--with", "srun", folder=flow_run.folder, **slurm)
    assert result_of(there) == result_of(flow_run.finished)
    open_history()
    assert stored_artifacts(there.json["pathspec"]) == artifacts_of_the_local_run
    runs = (flow_run.finished.json["pathspec"], there.json["pathspec"])
    diff = mlstages("diff", *runs, folder=flow_run.folder)
    assert diff.exit_code == 0, diff.stdout + diff.stderr
    run = metaflow.Run(there.json["pathspec"])
    jobs = [step.task.metadata_dict["slurm-job-id"] for step in run]
    assert all(job.isdecimal() for job in jobs)
    assert len(set(jobs)) == len(jobs) == 7


def test_all_of_them_together_from_python(
    flow_run, run_process, s3_store, metadata_service, slurm, tmp_path
):
    code = """
import mlstages
options = ["--datastore=s3", "--metadata", "service", "--with", "srun"]
result = mlstages.run_flow(options=options, tags=["together"])
assert result == mlstages.run("composable")
print(result.pathspec)
"""
    services = s3_store | metadata_service | slurm
    finished = run_process([sys.executable, "-c", code], tmp_path, **services)
    assert finished.exit_code == 0, finished.stderr
    assert finished.stdout.startswith("SampleRegressionFlow/")
