"""The step decorator ``@raw_artifacts``: what Metaflow calls, and nothing else."""

from typing import Any, ClassVar

from metaflow.decorators import StepDecorator


class RawArtifactsDecorator(StepDecorator):
    """Large artifacts of the step cost what writing their bytes costs.

    Those that gzip would not make much smaller are stored raw, and mapped by later steps that
    have the decorator, too. Any Metaflow reads them. With a datastore that is not a folder of
    this machine, nothing changes.
    """

    name = "raw_artifacts"
    defaults: ClassVar[dict[str, Any]] = {}

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
        from mlstages.launch.artifacts import keep_included_files_raw

        keep_included_files_raw()

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
        from mlstages.launch.artifacts import install

        install(task_datastore, inputs)
