"""What checking costs: the data of a run, and a model's behaviour as a command; beside the bars.

python benchmarks/checks.py [--rounds 5] [--json]

The data check is timed in this process, its memory in one of its own that holds the table and
nothing else; `mlstages trust` is timed as a whole process, on a run of the packaged data.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from mlstages.checks import check_dataset
from mlstages.data import Layout

MLSTAGES = Path(sys.executable).with_name("mlstages")
LAYOUT = Layout(
    name="data.txt",
    columns=("0", "1"),
    kinds=("numeric", "numeric"),
    has_header=False,
    first_row=1,
    sha256="",
)
BARS = {
    "data check, 1,000 rows, ms": 0.3,
    "data check, 10 million rows, peak MB of the process": 1000,
    "mlstages trust, s": 3,
    "mlstages trust, CPU s": None,
}


def make_data(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    X = random.normal(size=(n_rows, 1))
    return X, 3 * X[:, 0] + random.normal(size=n_rows)


def time_data_check(n_rows: int, repeats: int) -> float:
    X, y = make_data(n_rows)
    check_dataset(X, y, LAYOUT, None)
    start = time.perf_counter()
    for _ in range(repeats):
        check_dataset(X, y, LAYOUT, None)
    return (time.perf_counter() - start) / repeats


def measure_peak(n_rows: int) -> float:
    code = f"""
import resource
from checks import LAYOUT, check_dataset, make_data
X, y = make_data({n_rows})
check_dataset(X, y, LAYOUT, None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
    return float(
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parent,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )


def time_trust(rounds: int) -> list[tuple[float, float]]:
    """Return wall and CPU seconds of each round, after one that warms the caches."""
    with tempfile.TemporaryDirectory() as folder:
        quiet = {"cwd": folder, "check": True, "capture_output": True}
        subprocess.run([MLSTAGES, "flow", "--no-figure"], **quiet)
        figures = []
        for _ in range(1 + rounds):
            start, before = time.perf_counter(), os.times()
            subprocess.run([MLSTAGES, "trust", "--json"], **quiet)
            after = os.times()
            cpu = sum(after[2:4]) - sum(before[2:4])
            figures.append((time.perf_counter() - start, cpu))
    return figures[1:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    of_data = [time_data_check(1000, 1000) for _ in range(arguments.rounds)]
    of_trust = time_trust(arguments.rounds)
    values = [
        1000 * statistics.median(of_data),
        measure_peak(10_000_000),
        statistics.median(wall for wall, _cpu in of_trust),
        statistics.median(cpu for _wall, cpu in of_trust),
    ]
    measured = dict(zip(BARS, values, strict=True))
    if arguments.json:
        print(json.dumps(measured))
    else:
        print("| what | measured | bar |\n|---|---:|---:|")
        for what, value in measured.items():
            print(f"| {what} | {value:.3g} | {BARS[what] or '-'} |")
    return int(any(bar is not None and measured[what] > bar for what, bar in BARS.items()))


if __name__ == "__main__":
    sys.exit(main())
