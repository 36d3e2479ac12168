"""The flow as a stage: a configuration becomes parameters, a finished run a result."""

import importlib
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from mlstages.config import PACKAGED_DATASET, PipelineConfig, join_names, name_data
from mlstages.figure_file import require_writable, write_figure
from mlstages.launch.process import read_artifacts, run_flow
from mlstages.result import Candidate, Metrics, MissingCounts, RunResult
from mlstages.runs.resume import resume_run
from mlstages.source import scan

FLOW_FILE: Final = Path(__file__).with_name("flow.py")
FLOW_NAME: Final = "SampleRegressionFlow"

LARGEST_INCLUDED: Final = 10_000_000
"""Bytes up to which a run carries its data; beyond, its path and SHA-256."""

_ARTIFACTS: Final = (
    *("n_train", "n_test", "layout", "missing", "unseen", "terms", "coefficients", "intercept"),
    *("alpha", "candidates", "mse", "r2", "baseline_mse", "baseline_r2", "figure"),
)


def run(config: PipelineConfig, *, options: Sequence[str] = ()) -> RunResult:
    """Return the result of a new run of the flow, which stays in the history.

    Parameters
    ----------
    config : PipelineConfig
        What to do.
    options : sequence of str, default=()
        Of Metaflow's ``run``: where the steps run, where the run is kept.

    Raises
    ------
    MlstagesError
        What the other stages raise for the same input; `RunFailedError` for the rest.
    """
    require_writable(config.figure)
    pathspec = run_flow(
        FLOW_FILE,
        FLOW_NAME,
        to_parameters(config),
        options=options,
        meanwhile=_import_for_the_result,
    )
    return _to_result(config, pathspec, options)


def resume(run: str | None = None, *, step: str | None = None) -> RunResult:
    """Return the result of going on with a run of the flow that did not succeed.

    Parameters
    ----------
    run : str or None, default=None
        The run; None is the present user's newest that failed or was interrupted.
    step : str or None, default=None
        The step to begin with; None is the one that did not succeed.

    Returns
    -------
    RunResult
        Equal (``==``) to that of an undisturbed run with the same options.

    Raises
    ------
    InputError
        If there is no such run, or it cannot be gone on with.
    MlstagesError
        As `run`.
    """
    start = time.perf_counter()
    pathspec = resume_run(FLOW_FILE, run, step=step, flow_name=FLOW_NAME)
    result = _to_result(read_config(pathspec), pathspec)
    return replace(result, seconds=time.perf_counter() - start)


def read_config(pathspec: str) -> PipelineConfig:
    """Return the configuration that a run of the flow was made with; its figure is not known.

    Parameters
    ----------
    pathspec : str
        ``SampleRegressionFlow/<run id>``, of a run that has ended.
    """
    names = (
        *("DATASET_NAME", "DATASET_PATH", "DATA_FILE", "TARGET", "HEADER", "FEATURES", "DROP"),
        *("MISSING", "TARGET_RANGE", "TEST_SPLIT", "RANDOM_STATE", "ALPHAS", "FOLDS"),
    )
    values = read_artifacts(pathspec, names)
    return PipelineConfig(
        data=name_data(values["DATASET_NAME"], values["DATASET_PATH"], values["DATA_FILE"]),
        target=values["TARGET"] or None,
        header=values["HEADER"],
        features=values["FEATURES"] or None,
        drop=values["DROP"] or (),
        missing=values["MISSING"] or None,
        target_range=values["TARGET_RANGE"],
        test_size=values["TEST_SPLIT"],
        random_state=values["RANDOM_STATE"],
        alphas=values["ALPHAS"],
        folds=values["FOLDS"],
    )


def _import_for_the_result() -> None:
    """Import what `_to_result` needs, while this process has nothing else to do."""
    importlib.import_module("mlstages.data")


def _to_result(config: PipelineConfig, pathspec: str, options: Sequence[str] = ()) -> RunResult:
    # Late, so that this process can be forked into the orchestrator of the run before it.
    from mlstages.data import Layout

    artifacts = read_artifacts(pathspec, _ARTIFACTS, options=options)
    if config.figure is not None:
        write_figure(artifacts["figure"], config.figure)
    layout = Layout(**artifacts["layout"])
    return RunResult(
        config=config,
        n_train=artifacts["n_train"],
        n_test=artifacts["n_test"],
        columns=layout.columns,
        header=layout.has_header,
        terms=artifacts["terms"],
        coefficients=artifacts["coefficients"],
        intercept=artifacts["intercept"],
        metrics=Metrics(mse=artifacts["mse"], r2=artifacts["r2"]),
        baseline=Metrics(mse=artifacts["baseline_mse"], r2=artifacts["baseline_r2"]),
        missing=MissingCounts(**artifacts["missing"]),
        unseen=artifacts["unseen"],
        data_sha256=layout.sha256,
        alpha=artifacts["alpha"],
        candidates=tuple(map(Candidate.from_dict, artifacts["candidates"])),
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
        "test_split": repr(config.test_size),
        "random_state": str(config.random_state),
        "alphas": json.dumps(config.alphas),
        "folds": json.dumps(config.folds),
    }
    # Each is given, since Metaflow takes METAFLOW_RUN_<NAME> for those that are not.
    parameters |= {
        "dataset_name": "" if config.data == PACKAGED_DATASET else str(config.data),
        "dataset_path": "",
        "dataset_sha256": "",
        "target": config.target or "",
        "header": json.dumps(config.header),
        "features": join_names(config.features or ()),
        "drop": join_names(config.drop),
        "missing": config.missing or "",
        "target_range": json.dumps(config.target_range),
    }
    if config.data.stat().st_size > LARGEST_INCLUDED:
        parameters["dataset"] = "/dev/null"
        parameters["dataset_path"] = str(config.data.absolute())
        parameters["dataset_sha256"] = source.sha256
    return parameters
