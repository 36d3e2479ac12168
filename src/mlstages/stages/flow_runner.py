"""The flow as a stage: a configuration becomes parameters, a finished run a result."""

import json
from pathlib import Path
from typing import Final

from mlstages.config import PipelineConfig
from mlstages.data import Layout
from mlstages.launch.process import read_artifacts, run_flow
from mlstages.plot import require_writable, write_figure
from mlstages.result import Metrics, RunResult
from mlstages.table import scan

FLOW_FILE: Final = Path(__file__).with_name("flow.py")
FLOW_NAME: Final = "SampleRegressionFlow"

LARGEST_INCLUDED: Final = 10_000_000
"""Bytes up to which a run carries its data; beyond, its path and SHA-256."""

_ARTIFACTS: Final = (
    *("n_train", "n_test", "layout", "coefficients", "intercept"),
    *("mse", "r2", "baseline_mse", "baseline_r2", "figure"),
)


def run(config: PipelineConfig) -> RunResult:
    """Return the result of a new run of the flow, which stays in the history.

    Raises
    ------
    MlstagesError
        What the other stages raise for the same input; `RunFailedError` for the rest.
    """
    require_writable(config.figure)
    pathspec = run_flow(FLOW_FILE, FLOW_NAME, to_parameters(config))
    artifacts = read_artifacts(pathspec, _ARTIFACTS)
    if config.figure is not None:
        write_figure(artifacts["figure"], config.figure)
    layout = Layout(**artifacts["layout"])
    return RunResult(
        config=config,
        n_train=artifacts["n_train"],
        n_test=artifacts["n_test"],
        columns=layout.columns,
        header=layout.has_header,
        coefficients=artifacts["coefficients"],
        intercept=artifacts["intercept"],
        metrics=Metrics(mse=artifacts["mse"], r2=artifacts["r2"]),
        baseline=Metrics(mse=artifacts["baseline_mse"], r2=artifacts["baseline_r2"]),
        data_sha256=layout.sha256,
        stage="flow",
        figure=config.figure,
        pathspec=pathspec,
    )


def to_parameters(config: PipelineConfig) -> dict[str, str]:
    """Return the flow's parameters by the names of their options.

    Raises
    ------
    FileError
        If the data cannot be read: Metaflow would stop before there is a run.
    """
    source = scan(config.data_name, config.data)
    parameters = {
        "dataset": str(config.data),
        "dataset_name": config.data_name,
        "test_split": repr(config.test_size),
        "random_state": str(config.random_state),
        # Metaflow takes null for "the default", which is the packaged data's range.
        "target_range": json.dumps(config.target_range or []),
    }
    if config.data.stat().st_size > LARGEST_INCLUDED:
        parameters["dataset"] = "/dev/null"
        parameters["dataset_path"] = str(config.data.absolute())
        parameters["dataset_sha256"] = source.sha256
    if config.target is not None:
        parameters["target"] = config.target
    if config.header is not None:
        parameters["header"] = str(config.header)
    return parameters
