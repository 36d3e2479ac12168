"""What a run of a flow costs beside stock Metaflow and beside the script; exit 1 beyond a bar.

python benchmarks/launch.py [--only flow fan ...] [--rounds 7] [--json]
python benchmarks/launch.py --peers [--rounds 7]

The commands of a line take turns, so that a noisy machine is noisy for all of them; a ratio
is the median of the ratios of the rounds. Counted is every process that a command causes.
Memory is sampled only where a line is about memory: looking at it slows down what is looked at.
"""

import argparse
import json
import os
import statistics
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlstages.measure import Measurement, measure_command
from peer_table import Tool, compare_tools, find_peers
from stages import write_data

FLOWS = Path(__file__).with_name("flows")
SEVEN_STEPS = Path(__file__).parents[1] / "src" / "mlstages" / "stages" / "flow.py"
OURS = str(Path(sysconfig.get_path("scripts")) / "mlstages")
N_TASKS = 103


@dataclass(frozen=True)
class Line:
    """One comparison: a cost of one command in terms of another's."""

    what: str
    cost: str
    command: Sequence[str]
    beside: Sequence[str] | None
    """None: the cost itself is shown, a task's share in milliseconds."""
    bar: float
    hope: float


def stock(flow: str, *options: str) -> list[str]:
    return [sys.executable, str(FLOWS / f"{flow}.py"), "--no-pylint", "run", *options]


def forked(flow: str) -> list[str]:
    return [OURS, "run", str(FLOWS / f"{flow}.py")]


def ours(stage: str, *options: str) -> list[str]:
    return [OURS, stage, "--figure", "figure.png", *options]


def make_tools() -> list[Tool]:
    """Return ourselves and stock Metaflow, to stand beside the peers."""
    seven = [sys.executable, str(SEVEN_STEPS), "--no-pylint", "run"]
    return [
        Tool(
            name="mlstages",
            # Only a run with --reuse notes what a later one needs, and pays for that.
            steps=ours("flow", "--reuse"),
            again=ours("flow", "--reuse"),
            fan=forked("fan_out"),
            keeps={"versioned artifacts": True, "resume": True, "reuse": True, "replay": True},
        ),
        Tool(
            name="Metaflow",
            steps=seven,
            again=seven,
            fan=stock("fan_out"),
            # It resumes the run that is named, not what has not changed; the code is kept where
            # asked for, and nothing runs it again.
            keeps={"versioned artifacts": True, "resume": True, "reuse": False, "replay": False},
        ),
    ]


def make_lines(large: Path | None) -> dict[str, list[Line]]:
    seven = [sys.executable, str(SEVEN_STEPS), "--no-pylint", "run"]
    lines = {
        "flow": [
            Line("mlstages flow / monolith", "seconds", ours("flow"), ours("monolith"), 1.1, 1.0),
            Line(
                "mlstages flow / monolith", "cpu_seconds", ours("flow"), ours("monolith"), 1.5, 1.25
            ),
        ],
        "seven": [
            Line(
                "seven steps, --with fork / stock",
                "seconds",
                [*seven, "--with", "fork"],
                seven,
                0.32,
                0.25,
            ),
        ],
        "fan": [
            Line("foreach of 100, CPU a task, ms", "cpu_seconds", forked("fan_out"), None, 30, 15),
            Line(
                "foreach of 100 / stock",
                "cpu_seconds",
                forked("fan_out"),
                stock("fan_out"),
                0.12,
                0.06,
            ),
            Line(
                "foreach of 100 / stock", "seconds", forked("fan_out"), stock("fan_out"), 0.12, 0.06
            ),
        ],
        "cards": [
            Line(
                "three cards / stock",
                "seconds",
                forked("three_cards"),
                stock("three_cards"),
                0.20,
                0.12,
            ),
        ],
        "reuse": [
            Line(
                "unchanged re-run, --reuse / monolith",
                "seconds",
                ours("flow", "--reuse"),
                ours("monolith"),
                0.35,
                0.25,
            ),
        ],
        "help": [
            Line("mlstages --help, ms", "seconds", [OURS, "--help"], None, 250, 250),
        ],
    }
    if large is not None:
        flow, monolith = ours("flow", "--data", str(large)), ours("monolith", "--data", str(large))
        lines["large"] = [
            Line("10 million rows, flow / monolith", "cpu_seconds", flow, monolith, 2.0, 1.4),
            Line("10 million rows, flow / monolith", "peak_memory", flow, monolith, 1.3, 1.0),
        ]
    return lines


def measure(command: Sequence[str], folder: Path, samples_memory: bool = False) -> Measurement:
    measured = measure_command(command, folder=folder, samples_memory=samples_memory)
    if measured.exit_code:
        raise SystemExit(f"{' '.join(command)} failed:\n{measured.stdout}\n{measured.stderr}")
    return measured


def read_cost(line: Line, measured: dict[tuple[str, ...], Measurement]) -> float:
    cost = float(getattr(measured[tuple(line.command)], line.cost))
    if line.beside is not None:
        return cost / float(getattr(measured[tuple(line.beside)], line.cost))
    return 1000 * cost / (N_TASKS if "a task" in line.what else 1)


def compare(lines: list[Line], rounds: int, folder: Path, say: Callable[[str], None]) -> list[dict]:
    commands = {tuple(line.command) for line in lines} | {
        tuple(line.beside) for line in lines if line.beside is not None
    }
    for command in commands:  # fills the caches of files and of bytecode
        measure(command, folder)
    measured = []
    samples_memory = any(line.cost == "peak_memory" for line in lines)
    for i in range(rounds):
        say(f"{lines[0].what}: round {i + 1} of {rounds}")
        measured.append(
            {command: measure(command, folder, samples_memory) for command in sorted(commands)}
        )
    return [
        {
            "what": line.what,
            "cost": line.cost,
            "value": statistics.median(read_cost(line, each) for each in measured),
            "bar": line.bar,
            "hope": line.hope,
        }
        for line in lines
    ]


def say(text: str) -> None:
    print(text, file=sys.stderr)


def as_markdown(rows: list[dict]) -> str:
    lines = ["| what | cost | measured | bar | hope |", "|---|---|---:|---:|---:|"]
    for row in rows:
        value = f"{row['value']:.2f}" if row["value"] < 10 else f"{row['value']:.0f}"
        cells = [row["what"], row["cost"].replace("_", " "), value, row["bar"], row["hope"]]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", help="lines to measure: flow seven fan cards …")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peers", action="store_true", help="instead: the table of other tools")
    options = parser.parse_args()
    # Without compiled modules each process would compile its imports anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("USERNAME", "benchmark")  # Metaflow does not take root's own
    rows: list[dict] = []
    with tempfile.TemporaryDirectory(prefix="mlstages-benchmark-") as name:
        folder = Path(name)
        if options.peers:
            tools = [*make_tools(), *find_peers(say)]
            print(compare_tools(tools, ours("monolith"), options.rounds, folder, measure, say))
            return 0
        large = None
        if options.only is None or "large" in options.only:
            large = folder / "large.txt"
            write_data(large, 10_000_000)
        for key, lines in make_lines(large).items():
            if options.only is None or key in options.only:
                rows += compare(lines, options.rounds, folder, say)
    print(json.dumps(rows, indent=2) if options.json else as_markdown(rows))
    broken = [f"{row['what']}, {row['cost']}" for row in rows if row["value"] > row["bar"]]
    print("\n".join(["beyond the bar:", *broken]) if broken else "every bar holds", file=sys.stderr)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
