"""One stage in a process of its own: ``python -m mlstages.stages STAGE``.

The configuration comes as JSON on stdin; the result, or the error of our family, goes
as JSON to stdout. What the stage prints goes to stderr. Used by `mlstages.compare`.
"""

import contextlib
import json
import logging
import sys

from mlstages.config import PipelineConfig
from mlstages.errors import MlstagesError
from mlstages.stages import run


def main() -> int:
    """Run the stage that the first argument names; return the exit code."""
    logging.basicConfig(stream=sys.stderr, format="%(message)s")
    logging.getLogger("mlstages").setLevel(logging.INFO)
    answer: dict[str, object]
    if sys.argv[1] == "flow":
        _prepare_flow()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            answer = run(sys.argv[1], PipelineConfig.from_dict(json.load(sys.stdin))).to_dict()
        exit_code = 0
    except MlstagesError as error:
        answer = {"error": {"type": type(error).__name__, "message": error.message}}
        exit_code = error.exit_code
    json.dump(answer, sys.stdout)
    return exit_code


def _prepare_flow() -> None:
    """Have what the flow needs imported, before this process has imported what computes."""
    from mlstages.launch.fork.orchestrator import prepare_orchestrator
    from mlstages.stages.flow_runner import FLOW_FILE

    prepare_orchestrator(FLOW_FILE)


if __name__ == "__main__":
    sys.exit(main())
