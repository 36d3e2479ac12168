"""Steps whose code and inputs have not changed are taken from an earlier run.

From the run's own process: `session` decides for each task, by `fingerprint` (what the step
is made of: `source`, `modules`, `reach`, `hazards`, `packages`, `declaration`) and `trace`
(what an earlier task looked at), and `adopt` completes it, so that `finished` stands in for
its process. From within a task that runs: `task` records by `recorder` and `watch`. `store`
and `places` keep what only saves time; `explanation` says what was decided.
"""

from mlstages.launch.reuse.declaration import reusable
from mlstages.launch.reuse.explanation import (
    Explanation,
    TaskDecision,
    list_reuse_options,
    read_explanation,
)

__all__ = ["Explanation", "TaskDecision", "list_reuse_options", "read_explanation", "reusable"]
