"""A task of a flow on a Slurm cluster: the command that starts it there, and its end.

Called by the step decorator ``@srun``, which Metaflow finds in `metaflow_extensions`.
"""

import logging
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from metaflow.exception import MetaflowException

logger = logging.getLogger(__name__)


class SlurmNotFoundError(MetaflowException):
    """There is no Slurm where the flow is run."""

    headline = "Slurm not found"


def require_srun() -> None:
    """Return if tasks can be started here.

    Raises
    ------
    SlurmNotFoundError
        If there is no ``srun``.
    """
    if shutil.which("srun") is None:
        raise SlurmNotFoundError(
            "srun is not on the PATH: run the flow on a node from which Slurm's jobs are "
            "submitted, or leave out srun"
        )


def build_srun_command(job_name: str, resources: Mapping[str, Any], options: str) -> list[str]:
    """Return the words to put before the command of a task.

    Parameters
    ----------
    job_name : str
        What Slurm's ``squeue`` shows, and `cancel_jobs` takes.
    resources : mapping of str to any
        The attributes of ``@resources``: ``cpu`` (cores), ``memory`` (MB), ``gpu``. Empty
        leaves each to the cluster's default.
    options : str
        Further options of srun, quoted as for a shell; they win over the others.

    Examples
    --------
    >>> build_srun_command("job", {"cpu": 2, "memory": 4096}, "--time=60")[-3:]
    ['--cpus-per-task=2', '--mem=4096M', '--time=60']
    """
    command = ["srun", "--ntasks=1", "--export=ALL", "--input=none", f"--job-name={job_name}"]
    for resource, option in (("cpu", "--cpus-per-task={}"), ("memory", "--mem={}M")):
        if resources.get(resource):
            command.append(option.format(resources[resource]))
    if resources.get("gpu"):
        command.append(f"--gpus={resources['gpu']}")
    return command + shlex.split(options)


def find_job_id() -> str:
    """Return the number of the Slurm job that this process belongs to; empty without one."""
    return os.environ.get("SLURM_JOB_ID", "")


def cancel_jobs(job_name: str) -> None:
    """Cancel what a run has left in the queue: a killed srun does not take its job with it."""
    finished = subprocess.run(["scancel", f"--name={job_name}"], capture_output=True, text=True)
    if finished.returncode != 0:
        logger.warning("jobs named %s may be left: %s", job_name, finished.stderr.strip())
