"""What people would take instead, beside the monolith: what each costs, and what it keeps.

`launch.py --peers` prints the table. A peer is a file of ``peers/``: a script that runs the
seven steps, the same again, or a fan-out of a hundred tasks, in the way its tool's own pages
show, with what the tool keeps switched on. Each runs in an empty folder. They need
``pip install -e ".[peers]"``, best in an environment of its own: those versions are not pinned.
All eight install and run on Python 3.11.

What a tool keeps is said in its file as data, with the reason:

- versioned artifacts: what each run made stays and is found by that run, whatever ran later;
- resume: after a failure one goes on where it failed;
- reuse: a later run by itself takes over steps whose inputs have not changed;
- replay: an earlier run can be run again on the code, data and parameters that it had.
"""

import ast
import importlib.metadata
import re
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mlstages.measure import Measurement

PEERS = Path(__file__).with_name("peers")
QUALITIES = ("versioned artifacts", "resume", "reuse", "replay")
TOTAL = str(sum(i**2 for i in range(100)))


@dataclass(frozen=True, kw_only=True)
class Tool:
    """What runs the seven steps and the fan-out, and what it keeps."""

    name: str
    steps: Sequence[str]
    again: Sequence[str]
    """The seven steps where nothing has changed since they ran."""
    fan: Sequence[str]
    keeps: dict[str, bool]
    prepare: Sequence[str] | None = None
    """Makes the tool's own project or database, which is not counted."""


class Costs(NamedTuple):
    """What one round of a tool cost."""

    steps: float
    """Wall time as a ratio to the monolith's, like the next."""
    again: float
    fan: float
    """CPU seconds."""


Measure = Callable[[Sequence[str], Path], Measurement]


def read_constants(path: Path) -> dict:
    """Return TOOL and KEEPS of a peer; it is not imported, since its tool would come along."""
    constants = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="TOOL" | "KEEPS" as name)], value=value):
                constants[name] = ast.literal_eval(value)
    return constants


def find_peers(say: Callable[[str], None]) -> list[Tool]:
    """Return the peers that are installed here, and say which are not."""
    peers = []
    for path in sorted(PEERS.glob("*_peer.py")):
        constants = read_constants(path)
        name = constants["TOOL"]
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            say(f"{name} is not installed, and left out")
            continue
        prepare, steps, fan = (
            [sys.executable, str(path), command] for command in ("prepare", "steps", "fan")
        )
        peers.append(
            Tool(
                name=f"{name} {version}",
                prepare=prepare,
                steps=steps,
                again=steps,
                fan=fan,
                keeps=constants["KEEPS"],
            )
        )
    return peers


def measure_round(tool: Tool, monolith: Sequence[str], folder: Path, measure: Measure) -> Costs:
    """Return what the tool costs in an empty folder, the monolith measured right before."""
    folder.mkdir(parents=True)
    if tool.prepare is not None:
        measure(tool.prepare, folder)
    beside = measure(monolith, folder)
    steps = measure(tool.steps, folder)
    again = measure(tool.again, folder)
    fan = measure(tool.fan, folder)
    require(find_metrics(beside.stdout), steps, tool)
    require(TOTAL, fan, tool)
    return Costs(steps.seconds / beside.seconds, again.seconds / beside.seconds, fan.cpu_seconds)


def find_metrics(stdout: str) -> str:
    found = re.search(r"MSE \S+, R² [^\s;]+", stdout)
    if found is None:
        raise SystemExit(f"the monolith printed no metrics:\n{stdout}")
    return found[0]


def require(text: str, measured: Measurement, tool: Tool) -> None:
    """Return if a tool gave the right result: a price of something else is none."""
    if text not in measured.stdout + measured.stderr:
        raise SystemExit(f"{tool.name} did not print {text!r}:\n{measured.stdout}")


def compare_tools(
    tools: Sequence[Tool],
    monolith: Sequence[str],
    rounds: int,
    folder: Path,
    measure: Measure,
    say: Callable[[str], None],
) -> str:
    """Return the table; the tools take turns.

    The first round also fills the caches of files and of bytecode: of three and more rounds, the
    medians leave that out.
    """
    costs: dict[str, list[Costs]] = {tool.name: [] for tool in tools}
    for i in range(1, rounds + 1):
        for tool in tools:
            say(f"{tool.name}: round {i} of {rounds}")
            where = folder / str(i) / tool.name.replace(" ", "-")
            costs[tool.name].append(measure_round(tool, monolith, where, measure))
    return as_markdown(
        (tool, Costs(*map(statistics.median, zip(*costs[tool.name], strict=True))))
        for tool in tools
    )


def as_markdown(rows: Iterable[tuple[Tool, Costs]]) -> str:
    titles = [
        "tool",
        "seven steps, wall / monolith",
        "unchanged re-run / monolith",
        "fan-out of 100, CPU seconds",
        *QUALITIES,
    ]
    lines = [f"| {' | '.join(titles)} |", "|---|---:|---:|---:|---|---|---|---|"]
    for tool, costs in rows:
        kept = ["yes" if tool.keeps[quality] else "no" for quality in QUALITIES]
        cells = [tool.name, *(f"{cost:.2f}" for cost in costs), *kept]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
