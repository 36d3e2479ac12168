"""Grow a machine-learning script up without changing its results.

Monolith, composable functions, flow: one pipeline at three stages, interchangeable and
with equal numbers. The names below are loaded on first use, so that ``import mlstages``
costs nothing.

Examples
--------
>>> import mlstages
>>> result = mlstages.run("composable", mlstages.PipelineConfig(test_size=0.2))
>>> result.n_train, result.n_test
(800, 200)
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mlstages.checks import CheckReport, Finding, check_table
    from mlstages.compare import Comparison, compare_stages
    from mlstages.config import PipelineConfig
    from mlstages.errors import MlstagesError
    from mlstages.launch.graph import Graph, read_graph
    from mlstages.launch.reuse import reusable
    from mlstages.monitor.watch import monitor_flow
    from mlstages.refactor.refactoring import refactor_script
    from mlstages.refactor.verification import verify_files
    from mlstages.result import Candidate, Metrics, RunResult
    from mlstages.runs import diff_runs, list_runs, replay_run, resume_run, show_run, tag_run
    from mlstages.runs.releases import list_releases, release_run, undo_release
    from mlstages.runs.trust import trust_run
    from mlstages.stages import Stage, run, run_flow

_HOMES: Final = {
    "Candidate": "mlstages.result",
    "CheckReport": "mlstages.checks",
    "Comparison": "mlstages.compare",
    "Finding": "mlstages.checks",
    "Graph": "mlstages.launch.graph",
    "Metrics": "mlstages.result",
    "MlstagesError": "mlstages.errors",
    "PipelineConfig": "mlstages.config",
    "RunResult": "mlstages.result",
    "Stage": "mlstages.stages",
    "check_table": "mlstages.checks",
    "compare_stages": "mlstages.compare",
    "diff_runs": "mlstages.runs",
    "list_releases": "mlstages.runs.releases",
    "list_runs": "mlstages.runs",
    "monitor_flow": "mlstages.monitor.watch",
    "read_graph": "mlstages.launch.graph",
    "refactor_script": "mlstages.refactor.refactoring",
    "release_run": "mlstages.runs.releases",
    "replay_run": "mlstages.runs",
    "resume_run": "mlstages.runs",
    "reusable": "mlstages.launch.reuse",
    "run": "mlstages.stages",
    "run_flow": "mlstages.stages",
    "show_run": "mlstages.runs",
    "tag_run": "mlstages.runs",
    "trust_run": "mlstages.runs.trust",
    "undo_release": "mlstages.runs.releases",
    "verify_files": "mlstages.refactor.verification",
}

__all__ = [
    "Candidate",
    "CheckReport",
    "Comparison",
    "Finding",
    "Graph",
    "Metrics",
    "MlstagesError",
    "PipelineConfig",
    "RunResult",
    "Stage",
    "check_table",
    "compare_stages",
    "diff_runs",
    "list_releases",
    "list_runs",
    "monitor_flow",
    "read_graph",
    "refactor_script",
    "release_run",
    "replay_run",
    "resume_run",
    "reusable",
    "run",
    "run_flow",
    "show_run",
    "tag_run",
    "trust_run",
    "undo_release",
    "verify_files",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mlstages' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


METAFLOW_PACKAGE_POLICY: Final = "include"
"""Metaflow's code packages carry this package: the flow's steps import it."""

IMPORT_AHEAD: Final = True
"""Importing this package only defines: warm processes may (`mlstages.launch.fork.preload`)."""
