"""The step decorator ``@srun``: what Metaflow calls, and nothing else."""

from typing import Any, ClassVar

from metaflow.decorators import StepDecorator
from metaflow.metadata_provider import MetaDatum


class SrunDecorator(StepDecorator):
    """Each task of the step is started on a Slurm cluster, by ``srun``.

    ``@resources(cpu=2, memory=4096)`` of the same step becomes ``--cpus-per-task`` and
    ``--mem``. The nodes see the folder of the flow and the same Python. The job's number is
    kept with the task, as ``slurm-job-id`` of its metadata.

    Parameters
    ----------
    options : str, default=""
        Further options of srun: ``"--partition=long --time=60"``.
    """

    name = "srun"
    defaults: ClassVar = {"options": ""}

    # The imports below are late because this class is loaded wherever Metaflow is.

    def step_init(
        self,
        flow: Any,
        graph: Any,
        step_name: str,
        decorators: Any,
        environment: Any,
        flow_datastore: Any,
        logger: Any,
    ) -> None:
        declared = [deco for deco in decorators if deco.name == "resources"]
        self.resources = declared[0].attributes if declared else {}

    def runtime_init(self, flow: Any, graph: Any, package: Any, run_id: str) -> None:
        from mlstages.launch.srun import require_srun

        require_srun()
        self.job_name = f"{flow.name}-{run_id}"

    def runtime_step_cli(
        self, cli_args: Any, retry_count: int, max_user_code_retries: int, ubf_context: Any
    ) -> None:
        from mlstages.launch.srun import build_srun_command

        prefix = build_srun_command(self.job_name, self.resources, self.attributes["options"])
        cli_args.entrypoint = [*prefix, *cli_args.entrypoint]

    def runtime_finished(self, exception: BaseException | None) -> None:
        from mlstages.launch.srun import cancel_jobs

        if exception is not None:
            cancel_jobs(self.job_name)

    def task_pre_step(
        self,
        step_name: str,
        task_datastore: Any,
        metadata: Any,
        run_id: str,
        task_id: str,
        flow: Any,
        graph: Any,
        retry_count: int,
        max_user_code_retries: int,
        ubf_context: Any,
        inputs: Any,
    ) -> None:
        from mlstages.launch.srun import find_job_id

        job_id = find_job_id()
        datum = MetaDatum(field="slurm-job-id", value=job_id, type="slurm-job-id", tags=[])
        metadata.register_metadata(run_id, step_name, task_id, [datum])
