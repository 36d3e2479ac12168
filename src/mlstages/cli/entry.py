"""Where the command line begins: what is worth doing before its parser is loaded.

A run of a flow waits longest for what is imported for it. So that begins first, in processes
of its own, and the parser of options is loaded meanwhile.
"""

import sys
import warnings
from pathlib import Path
from typing import Final

from mlstages.errors import FileError
from mlstages.launch.fork.warned import keep_warnings

_OUR_FLOW: Final = Path(__file__).parents[1] / "stages" / "flow.py"


def main() -> int:
    """Run the command line; return or raise the exit code."""
    keep_warnings(then=warnings.showwarning)  # a task that is forked has them, too
    command, *words = sys.argv[1:] or [""]
    if command == "flow" and "--help" not in words and _can_import_metaflow():
        from mlstages.launch.fork.orchestrator import prepare_orchestrator

        prepare_orchestrator(_OUR_FLOW, lazy="--reuse" in words)
    from mlstages.cli import app

    return app.main()


def _can_import_metaflow() -> bool:
    from mlstages.launch.profile import require_profile

    try:
        require_profile()
    except FileError:  # the command says it, as it says all errors
        return False
    return True
