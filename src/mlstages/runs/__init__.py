"""Past runs of any flow, through Metaflow's Client API and never through its files."""

from mlstages.runs.card import render_card, write_card
from mlstages.runs.details import RunDetails, show_run
from mlstages.runs.diff import RunDiff, diff_runs
from mlstages.runs.find import DEFAULT_FLOW
from mlstages.runs.listing import RunSummary, list_runs
from mlstages.runs.replay import Replay, replay_run
from mlstages.runs.resume import resume_run
from mlstages.runs.state import RunState
from mlstages.runs.tags import tag_run

__all__ = [
    "DEFAULT_FLOW",
    "Replay",
    "RunDetails",
    "RunDiff",
    "RunState",
    "RunSummary",
    "diff_runs",
    "list_runs",
    "render_card",
    "replay_run",
    "resume_run",
    "show_run",
    "tag_run",
    "write_card",
]
