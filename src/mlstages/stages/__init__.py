"""The three stages, interchangeable: each a callable ``(PipelineConfig) -> RunResult``.

The table names where each lives and imports it on use, so that the monolith never loads
Metaflow.
"""

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final, cast

from mlstages.config import PipelineConfig
from mlstages.errors import OptionError
from mlstages.result import RunResult

Runner = Callable[[PipelineConfig], RunResult]


class Stage(StrEnum):
    """A way to organise a whole pipeline."""

    MONOLITH = "monolith"
    COMPOSABLE = "composable"
    FLOW = "flow"


_RUNNERS: Final = {
    Stage.MONOLITH: "mlstages.stages.monolith:run",
    Stage.COMPOSABLE: "mlstages.stages.composable:run",
    Stage.FLOW: "mlstages.stages.flow_runner:run",
}


def load_runner(stage: Stage | str) -> Runner:
    """Return the callable of a stage.

    Raises
    ------
    OptionError
        If there is no such stage.
    """
    if stage not in list(Stage):
        raise OptionError(f"there is no stage {stage!r}: choose one of {', '.join(Stage)}")
    module, _, function = _RUNNERS[Stage(stage)].partition(":")
    return cast(Runner, getattr(importlib.import_module(module), function))


def run(stage: Stage | str, config: PipelineConfig | None = None) -> RunResult:
    """Return the result of one run of the pipeline.

    Parameters
    ----------
    stage : Stage or str
        ``"monolith"``, ``"composable"`` or ``"flow"``.
    config : PipelineConfig or None, default=None
        What to do; None is the packaged data with the default options.

    Returns
    -------
    RunResult
        Equal (``==``) for all stages; only stage, figure, seconds and pathspec may differ.

    Raises
    ------
    OptionError
        If there is no such stage, or the test size does not suit the data.
    InputError
        If the data or a file cannot be used.
    RunFailedError
        If a run of the flow failed for another reason.

    Examples
    --------
    >>> run("composable", PipelineConfig(test_size=0.3)).n_test
    300
    """
    runner = load_runner(stage)
    start = time.perf_counter()
    result = runner(config or PipelineConfig())
    return replace(result, seconds=time.perf_counter() - start)


def run_flow(
    config: PipelineConfig | None = None,
    *,
    options: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> RunResult:
    """Return the result of one run of the flow, with options of Metaflow's own.

    Parameters
    ----------
    config : PipelineConfig or None, default=None
        What to do; None is the packaged data with the default options.
    options : sequence of str, default=()
        Of Metaflow's ``run``, as typed: ``["--with", "kubernetes", "--datastore", "s3"]``.
    tags : sequence of str, default=()
        What the run is to be found by.

    Returns
    -------
    RunResult
        Equal (``==``) wherever the steps ran.

    Raises
    ------
    OptionError
        If Metaflow refuses an option.
    MlstagesError
        What `run` raises.
    """
    from mlstages.stages import flow_runner

    start = time.perf_counter()
    tagged = [*options, *(f"--tag={tag}" for tag in tags)]
    result = flow_runner.run(config or PipelineConfig(), options=tagged)
    return replace(result, seconds=time.perf_counter() - start)
