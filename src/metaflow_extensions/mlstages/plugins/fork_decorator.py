"""The step decorator ``@fork``: what Metaflow calls, and nothing else."""

from contextlib import suppress
from typing import Any, ClassVar

from .raw_artifacts_decorator import RawArtifactsDecorator


class ForkDecorator(RawArtifactsDecorator):
    """Each task of the step is forked from a warm process, where it can be.

    On one machine a task then costs a few hundredths of a second instead of the start of an
    interpreter and its imports. A task that another decorator sends elsewhere is started as
    without ``@fork``. Large artifacts are stored as by ``@raw_artifacts``.
    """

    name = "fork"
    defaults: ClassVar[dict[str, Any]] = {}

    last_task: ClassVar[Any] = None
    """Of the run, whatever its step."""

    # The imports below are late because this class is loaded wherever Metaflow is.

    def step_init(self, *arguments: Any) -> None:
        with suppress(ModuleNotFoundError):  # on a machine of a cluster, where nothing is forked
            super().step_init(*arguments)
            from mlstages.launch.fork.packaging import look_up_distributions_late

            look_up_distributions_late()

    def package_init(self, flow: Any, step_name: str, environment: Any) -> None:
        from mlstages.launch.fork.packaging import adapt_package

        adapt_package(flow)

    def runtime_init(self, flow: Any, graph: Any, package: Any, run_id: str) -> None:
        from mlstages.launch.fork.launcher import open_launcher
        from mlstages.launch.fork.packaging import do_without_package

        do_without_package(flow, package)
        self.launcher = open_launcher(run_id)
        self.package = package

    def runtime_step_cli(
        self, cli_args: Any, retry_count: int, max_user_code_retries: int, ubf_context: Any
    ) -> None:
        ForkDecorator.last_task = cli_args.task
        if self.launcher is not None:
            self.launcher.ask(cli_args)

    def task_pre_step(self, *arguments: Any) -> None:
        with suppress(ModuleNotFoundError):
            super().task_pre_step(*arguments)

    def runtime_finished(self, exception: BaseException | None) -> None:
        from mlstages.launch.code import tell_code
        from mlstages.launch.fork.launcher import close_launcher

        close_launcher()
        task, ForkDecorator.last_task = ForkDecorator.last_task, None
        if task is not None:  # whoever stops a run does not wait for its code
            is_stopped = isinstance(exception, KeyboardInterrupt)
            tell_code(self.package, task, seconds=0 if is_stopped else None)
