"""Past runs of any flow, through Metaflow's Client API and never through its files.

The names below are loaded on first use: to run a flow, as `resume` does, the process must not
have loaded numpy, which comparing artifacts needs (`mlstages.launch.fork.orchestrator`).
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

from mlstages.flow_name import DEFAULT_FLOW

if TYPE_CHECKING:
    from mlstages.runs.card import render_card, write_card
    from mlstages.runs.details import RunDetails, show_run
    from mlstages.runs.diff import RunDiff, diff_runs
    from mlstages.runs.find import find_flow
    from mlstages.runs.listing import RunSummary, list_runs
    from mlstages.runs.replay import Replay, replay_run
    from mlstages.runs.resume import resume_run
    from mlstages.runs.state import RunState
    from mlstages.runs.tags import tag_run

_HOMES: Final = {
    "Replay": "replay",
    "RunDetails": "details",
    "RunDiff": "diff",
    "RunState": "state",
    "RunSummary": "listing",
    "diff_runs": "diff",
    "find_flow": "find",
    "list_runs": "listing",
    "render_card": "card",
    "replay_run": "replay",
    "resume_run": "resume",
    "show_run": "details",
    "tag_run": "tags",
    "write_card": "card",
}

__all__ = [
    "DEFAULT_FLOW",
    "Replay",
    "RunDetails",
    "RunDiff",
    "RunState",
    "RunSummary",
    "diff_runs",
    "find_flow",
    "list_runs",
    "render_card",
    "replay_run",
    "resume_run",
    "show_run",
    "tag_run",
    "write_card",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mlstages.runs' has no attribute {name!r}")
    return getattr(importlib.import_module(f"mlstages.runs.{_HOMES[name]}"), name)
