"""The step decorator ``@reuse``: what Metaflow calls, and nothing else."""

from typing import Any, ClassVar

from metaflow.decorators import StepDecorator


class ReuseDecorator(StepDecorator):
    """A task whose code and inputs are those of an earlier, successful one is taken from it.

    Meant for a whole run: ``python flow.py run --with reuse``.

    Parameters
    ----------
    explain : str, default=""
        A file into which the run writes, as JSON, why each task was reused or not.
    """

    name = "reuse"
    defaults: ClassVar = {"explain": ""}

    # The imports below are late because this class is loaded wherever Metaflow is.

    recording: Any = None

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
        self.decorators = decorators

    def runtime_init(self, flow: Any, graph: Any, package: Any, run_id: str) -> None:
        from mlstages.launch.reuse.session import open_session

        self.run_id = run_id
        self.session = open_session(flow, graph, run_id, self.attributes["explain"])

    def runtime_step_cli(
        self, cli_args: Any, retry_count: int, max_user_code_retries: int, ubf_context: Any
    ) -> None:
        self.session.decide(cli_args)

    def runtime_finished(self, exception: BaseException | None) -> None:
        from mlstages.launch.reuse.session import close_session

        close_session(self.run_id)

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
        from mlstages.launch.reuse.task import TaskRecording, take_order

        order = take_order()
        if order is None:
            return
        self.metadata = metadata
        self.recording = TaskRecording(
            order, flow, inputs, task_datastore, is_join=graph[step_name].type == "join"
        )
        self.recording.start()

    def task_post_step(
        self, step_name: str, flow: Any, graph: Any, retry_count: int, max_user_code_retries: int
    ) -> None:
        if self.recording is not None:
            self.recording.stop(is_over=True)

    def task_exception(
        self,
        exception: BaseException,
        step_name: str,
        flow: Any,
        graph: Any,
        retry_count: int,
        max_user_code_retries: int,
    ) -> None:
        if self.recording is not None:
            self.recording.stop(is_over=False)

    def task_finished(
        self,
        step_name: str,
        flow: Any,
        graph: Any,
        is_task_ok: bool,
        retry_count: int,
        max_retries: int,
    ) -> None:
        if self.recording is not None and is_task_ok:
            self.recording.register(self.metadata, self.decorators)
