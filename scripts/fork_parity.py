"""Run flows as stock and with fork, those that take too long for the tests, and say what differs.

python scripts/fork_parity.py [FLOW.py [ARGUMENTS ...]]

Without a flow: a foreach of 100 tasks, 100 MB of output, and each flow of the tests through an
orchestrator that is told to use one worker. Prints a line for each and what differs; exit code
1 if something does.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from launch.fork.parity import FLOWS, run_both

LONG = (
    ("counting.py", "run", "--tasks", "100"),
    ("leftovers.py", "run", "--megabytes", "100", "--max-log-size", "200"),
    ("leftovers.py", "run", "--megabytes", "30", "--max-log-size", "10"),
    ("shapes.py", "run", "--max-workers", "1"),
    ("decorated.py", "run", "--max-workers", "1"),
)


def main() -> int:
    given = sys.argv[1:]
    differs = False
    for flow, *arguments in [tuple(given)] if given else LONG:
        path = Path(flow).absolute() if given else FLOWS / flow
        with tempfile.TemporaryDirectory(prefix="fork-parity-") as temporary:
            folder = Path(temporary)
            begin = time.monotonic()
            both = run_both(path, *arguments, folder=folder, EXECUTIONS=str(folder / "executions"))
            found = both.differences()
        differs |= bool(found)
        how = f"{len(both.stock.starts)} interpreters, with fork {len(both.fork.starts)}"
        print(
            f"{' '.join([path.name, *arguments])}: {how}, {time.monotonic() - begin:.0f} s",
            flush=True,
        )
        print(
            "\n".join(f"   {difference:.2000}" for difference in found) or "   the same", flush=True
        )
    return int(differs)


if __name__ == "__main__":
    sys.exit(main())
