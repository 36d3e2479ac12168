"""What each stage costs beside a bare script, as ratios of one run; exit 1 beyond a bar.

python benchmarks/stages.py [--rows 1000 10000000] [--rounds 5] [--json]

The commands of a size take turns, so that a noisy machine is noisy for all of them. Shown
are medians over the rounds; a ratio is the median of the ratios of each round.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from mlstages.measure import Measurement, measure_command

BARE_SCRIPT = Path(__file__).with_name("bare_script.py")
STAGES = ("monolith", "composable", "flow")
COSTS = ("seconds", "cpu_seconds", "peak_memory")

# (stage, rows, cost): the largest ratio to the bare script. The flow has no bar yet.
BARS = {
    **{(stage, 10_000_000, "cpu_seconds"): 1.25 for stage in STAGES[:2]},
    **{(stage, 10_000_000, "peak_memory"): 1.2 for stage in STAGES[:2]},
    **{(stage, 1_000, "seconds"): 1.25 for stage in STAGES[:2]},
}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    rows: int
    command: str
    seconds: float
    cpu_seconds: float
    peak_memory: float
    ratios: dict[str, float]


def write_data(path: Path, n_rows: int) -> None:
    """Write `n_rows` rows like those of the packaged data."""
    rng = np.random.default_rng(42)
    x = rng.normal(size=n_rows)
    y = 16.7 * x + rng.normal(scale=10, size=n_rows)
    pl.DataFrame({"x": x, "y": y}).write_csv(path, include_header=False, separator="\t")


def measure_round(data: Path, folder: Path) -> dict[str, Measurement]:
    commands = {"bare script": [str(BARE_SCRIPT), str(data), "bare.png"]}
    for stage in STAGES:
        commands[stage] = ["-m", "mlstages", stage, "--data", str(data)]
    measured = {}
    for name, arguments in commands.items():
        measured[name] = measure_command([sys.executable, *arguments], folder=folder)
        if measured[name].exit_code:
            raise SystemExit(f"{name} failed:\n{measured[name].stderr}")
    return measured


def summarize(n_rows: int, rounds: list[dict[str, Measurement]]) -> list[Row]:
    rows = []
    for name in rounds[0]:
        medians = {
            cost: statistics.median(getattr(measured[name], cost) for measured in rounds)
            for cost in COSTS
        }
        ratios = {
            cost: statistics.median(
                getattr(measured[name], cost) / getattr(measured["bare script"], cost)
                for measured in rounds
            )
            for cost in COSTS
        }
        rows.append(Row(rows=n_rows, command=name, ratios=ratios, **medians))
    return rows


def broken_bars(rows: list[Row]) -> list[str]:
    return [
        f"{row.command} on {row.rows:,} rows: {cost} is {row.ratios[cost]:.2f} times the bare "
        f"script's, and the bar is {BARS[row.command, row.rows, cost]}"
        for row in rows
        for cost in COSTS
        if row.ratios[cost] > BARS.get((row.command, row.rows, cost), float("inf"))
    ]


def as_markdown(rows: list[Row]) -> str:
    lines = [
        "| rows | command | seconds | CPU seconds | peak memory, MB |",
        "|---:|---|---:|---:|---:|",
    ]
    for row in rows:
        cells = [
            f"{row.seconds:.2f} ({row.ratios['seconds']:.2f} x)",
            f"{row.cpu_seconds:.2f} ({row.ratios['cpu_seconds']:.2f} x)",
            f"{row.peak_memory / 1e6:,.0f} ({row.ratios['peak_memory']:.2f} x)",
        ]
        lines.append(f"| {row.rows:,} | {row.command} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    # Without compiled modules each process would compile its imports anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    table: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="mlstages-benchmark-") as name:
        folder = Path(name)
        for n_rows in options.rows:
            data = folder / f"{n_rows}.txt"
            write_data(data, n_rows)
            measure_round(data, folder)  # fills the caches of files and of bytecode
            rounds = []
            for i in range(options.rounds):
                print(f"{n_rows:,} rows, round {i + 1} of {options.rounds}", file=sys.stderr)
                rounds.append(measure_round(data, folder))
            table += summarize(n_rows, rounds)
            data.unlink()
    if options.json:
        print(json.dumps([row.__dict__ for row in table], indent=2))
    else:
        print(as_markdown(table))
    broken = broken_bars(table)
    print("\n".join(broken) or "every bar holds", file=sys.stderr)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
