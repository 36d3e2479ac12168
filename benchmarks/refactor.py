"""What `mlstages refactor` makes of real scripts, beside its bars; exit 1 where one does not hold.

python benchmarks/refactor.py CORPUS [--within 10] [--scripts N] [--match TEXT] [--only flow ...]
    [--jobs 2] [--no-verify] [--slack 5] [--json]

The corpus is a folder that scripts/get_refactor_corpus.py wrote, or any other with scripts;
refactor_corpus.py finds once which of them run. What is measured is kept in the folder
``CORPUS-results``, a line a script: a run that was ended goes on where it was.

- Functions and flow are judged by refactor_compare.py, which shares no code with the refactoring. A
  script that differs from itself under fixed seeds and a clock that stands still is left out, and
  counted on stderr; one that is refused counts as failed.
- A largest stage's share is of the statements that are no imports and no definitions.
- A boundary carries what stages before it make and stages after it read.
- Observation's cost is what `refactor --no-verify` takes longer than `refactor --no-run`.
- Scripts that are chosen by --scripts are the same each time.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from refactor_corpus import attempt_all, make_environment, run_bounded, select
from refactor_record import Records
from refactor_shape import (
    count_carried,
    find_generic_names,
    find_largest_share,
    find_statements,
)

PLANS = Path(__file__).with_name("refactor_plans.py")
PROGRAMS = Path(__file__).with_name("refactor_programs.py")
MANY_STATEMENTS = 15
N_COMMANDS = 10
N_OBSERVED = 15


@dataclass(frozen=True)
class Bar:
    """What a line is about, and how good it must be."""

    what: str
    bar: float
    hope: float | None
    unit: str
    is_least: bool = False
    """Whether the bar is the least that holds, not the most."""
    slackens: bool = False
    """Whether scripts of other origins are allowed some points less."""


BARS = {
    "functions": Bar("functions stage verified", 98, 100, "%", is_least=True, slackens=True),
    "flow": Bar("flow verified in real Metaflow", 95, 98, "%", is_least=True, slackens=True),
    "stages": Bar(
        "three or more stages, of scripts with 15 or more top-level statements",
        *(90, 95, "%"),
        is_least=True,
        slackens=True,
    ),
    "names": Bar("generic names", 10, 3, "%", slackens=True),
    "largest": Bar(
        "largest stage, share of the script's statements, median", 45, 35, "%", slackens=True
    ),
    "boundary": Bar("values a boundary carries, median", 5, 4, ""),
    "ruff": Bar("generated code passes ruff F, E9 where the input did", 100, None, "%", True),
    "own": Bar("our own verdict 'verified' where the comparer says that it differs", 0, 0, ""),
    "analysis": Bar("analysis without running, median", 50, 25, "ms"),
    "worst": Bar("analysis without running, worst", 500, None, "ms"),
    "command": Bar("refactor --no-run as a command, median", 0.4, 0.25, "s"),
    "observation": Bar("observation's cost over the plain run, median", 1.3, 1.1, "x"),
    "mutants": Bar("false 'verified' of mutants that differ", 0, 0, ""),
    "crash": Bar("crashes on the standard library and on made programs", 0, 0, ""),
}
OF_RECORDS = {"functions", "flow", "stages", "names", "largest", "boundary", "ruff", "own"}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    key: str
    value: float | None
    """None: there was nothing to measure."""
    of: str
    """What it is a share or a median of."""
    details: list[str] = field(default_factory=list)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def share(key: str, good: int, rows: Sequence[Any], details: list[str]) -> Row:
    value = 100 * good / len(rows) if rows else None
    return Row(key, value, f"{good} of {len(rows)}", details)


def judge_verdicts(key: str, records: Sequence[dict[str, Any]]) -> Row:
    fair = [row for row in records if row[key]["outcome"] != "not comparable"]
    bad = [row for row in fair if row[key]["outcome"] != "same"]
    details = [
        f"{row['script']}: {row[key]['outcome']} {row[key]['aspect']}: "
        f"{row[key]['difference'] or row['said'].get(key, '') or row['error']}"
        for row in bad
    ]
    return share(key, len(fair) - len(bad), fair, details)


def judge_stages(records: Sequence[dict[str, Any]], texts: dict[str, str]) -> Row:
    long = [row for row in records if len(find_statements(texts[row["script"]])) >= MANY_STATEMENTS]
    few = [row for row in long if len(row["stages"]) < 3]
    details = [f"{row['script']}: {len(row['stages'])} stages" for row in few]
    return share("stages", len(long) - len(few), long, details)


def judge_names(records: Sequence[dict[str, Any]], texts: dict[str, str]) -> Row:
    names = [stage["name"] for row in records for stage in row["stages"]]
    generic = [
        f"{row['script']}: {name}: {reason}"
        for row in records
        for name, reason in find_generic_names(texts[row["script"]], row["stages"]).items()
    ]
    return share("names", len(generic), names, generic)


def judge_sizes(records: Sequence[dict[str, Any]], texts: dict[str, str]) -> list[Row]:
    with_stages = [row for row in records if row["stages"]]
    shares = {
        row["script"]: 100 * find_largest_share(texts[row["script"]], row["stages"])
        for row in with_stages
    }
    carried = [n for row in with_stages for n in count_carried(row["stages"])]
    worst = sorted(shares, key=lambda name: -shares[name])[:20]
    return [
        Row(
            "largest",
            median(shares.values()),
            f"{len(shares)} scripts",
            [f"{name}: {shares[name]:.0f} %" for name in worst],
        ),
        Row("boundary", median(carried), f"{len(carried)} boundaries"),
    ]


def judge_own(records: Sequence[dict[str, Any]]) -> Row:
    """Return where our own verification said "verified" and the comparer says otherwise."""
    false = [
        f"{row['script']}: {key}: {row['said'][key]}, but {row[key]['aspect']} differs: "
        f"{row[key]['difference']}"
        for row in records
        for key in ("functions", "flow")
        if row["said"].get(key, "").startswith("verified") and row[key]["outcome"] == "differs"
    ]
    n_said = sum(
        row["said"].get(key, "").startswith("verified")
        for row in records
        for key in ("functions", "flow")
    )
    return Row("own", len(false) if n_said else None, f"{n_said} verdicts 'verified'", false)


def judge_ruff(records: Sequence[dict[str, Any]]) -> Row:
    made = [row for row in records if row["functions"]["outcome"] != "not written"]
    bad = [f"{row['script']}: {row['ruff'].splitlines()[0]}" for row in made if row["ruff"]]
    return share("ruff", len(made) - len(bad), made, bad)


def median(values: Any) -> float | None:
    found = list(values)
    return statistics.median(found) if found else None


def judge_records(records: Sequence[dict[str, Any]], corpus: Path) -> list[Row]:
    texts = {row["script"]: (corpus / row["script"]).read_text("utf-8-sig") for row in records}
    return [
        judge_verdicts("functions", records),
        judge_verdicts("flow", records),
        judge_stages(records, texts),
        judge_names(records, texts),
        *judge_sizes(records, texts),
        judge_ruff(records),
        judge_own(records),
    ]


def time_plans(paths: Sequence[Path], *options: str) -> list[dict[str, Any]]:
    """Return what the analysis of each file took, in one process that has done one before."""
    done = subprocess.run(
        [sys.executable, str(PLANS), *options],
        input="".join(f"{path}\n" for path in paths),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"the analysis cannot be timed:\n{done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def measure_analysis(paths: Sequence[Path]) -> list[Row]:
    plans = time_plans(paths, "--rounds", "3")
    times = {each["path"]: each["milliseconds"] for each in plans if "milliseconds" in each}
    others = [
        f"{each['path']}: {each.get('crash') or 'refused: ' + each['refused']}"
        for each in plans
        if "milliseconds" not in each
    ]
    slowest = sorted(times, key=lambda path: -times[path])[:5]
    details = [f"{path}: {times[path]:.0f} ms" for path in slowest] + others
    of = f"{len(times)} scripts"
    return [
        Row("analysis", median(times.values()), of, details),
        Row("worst", max(times.values(), default=None), of),
    ]


def measure_crashes(n_files: int, n_programs: int) -> Row:
    """Return how many files the command cannot take, of the library and of made programs."""
    library = Path(sysconfig.get_path("stdlib"))
    files = [path for path in sorted(library.rglob("*.py")) if "site-packages" not in path.parts]
    chosen = random.Random(0).sample(files, min(n_files, len(files)))
    with tempfile.TemporaryDirectory() as folder:
        made = make_programs(Path(folder), n_programs)
        plans = time_plans([*chosen, *made], "--rounds", "1", "--written")
    crashes = [f"{each['path']}: {each['crash']}" for each in plans if "crash" in each]
    return Row("crash", len(crashes), f"{len(plans)} files, {len(made)} of them made", crashes)


def make_programs(folder: Path, n: int) -> list[Path]:
    """Return programs that Python parses; none where hypothesmith is not installed."""
    if n == 0 or find_spec("hypothesmith") is None:
        return []
    command = [sys.executable, str(PROGRAMS), str(folder), "--programs", str(n)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"no programs can be made:\n{done.stderr[-2000:]}")
    return [Path(line) for line in done.stdout.splitlines()]


def time_command(command: Sequence[str], folder: Path) -> float:
    start = time.perf_counter()
    code, _stdout, stderr = run_bounded(
        list(command), folder=folder, environment=make_environment(folder.parent), limit=600
    )
    # 1 is a verdict and 3 a refusal, and both take their time.
    if code not in (0, 1, 3):
        raise SystemExit(f"{' '.join(command)} failed:\n{stderr.decode(errors='replace')}")
    return time.perf_counter() - start


def measure_command(records: Records, names: Sequence[str], rounds: int) -> Row:
    times: dict[str, list[float]] = {}
    for i in range(rounds + 1):
        for name in names[:N_COMMANDS]:
            folder = records.lay(name, "timed")
            seconds = time_command(make_command(records, name, "--no-run"), folder)
            if i:  # the first round fills the caches of files and of bytecode
                times.setdefault(name, []).append(seconds)
    medians = [statistics.median(each) for each in times.values()]
    return Row("command", median(medians), f"{len(medians)} scripts")


def make_command(records: Records, name: str, *options: str) -> list[str]:
    return [records.command, "refactor", Path(name).name, "--force", *options]


def measure_observation(records: Records, names: Sequence[str], rounds: int) -> Row:
    """Return how much longer a script takes that is observed; the three commands take turns."""
    ratios = {}
    for name in names[:N_OBSERVED]:
        found = []
        for _ in range(rounds):
            plain, analysed, observed = (
                time_command(command, records.lay(name, "timed"))
                for command in (
                    [sys.executable, Path(name).name],
                    make_command(records, name, "--no-run"),
                    make_command(records, name, "--no-verify"),
                )
            )
            found.append((observed - analysed) / plain)
        ratios[name] = statistics.median(found)
        say(f"observation of {name}: {ratios[name]:.2f} times the plain run")
    details = [f"{name}: {ratio:.2f}" for name, ratio in sorted(ratios.items())]
    return Row("observation", median(ratios.values()), f"{len(ratios)} scripts", details)


def measure_mutants(
    records: Records, names: Sequence[str], n_mutants: int, each: int, jobs: int = 1
) -> Row:
    """Return how many mutants that differ are called verified, until enough were looked at."""
    differing: list[dict[str, Any]] = []
    with ThreadPoolExecutor(jobs) as pool:
        found_by_script = pool.map(lambda name: records.record_mutants(name, each), names)
        for name, found in zip(names, found_by_script, strict=True):
            differing += [row for row in found if row["outcome"] == "differs"]
            say(f"mutants of {name}: {len(found)}; that differ in all: {len(differing)}")
            if len(differing) >= n_mutants:
                pool.shutdown(wait=False, cancel_futures=True)
                break
    false = [
        f"{row['script']}: {row['target']}: {row['kind']}: {row['what']}: called "
        f"{row['said'] or row['exit']}, but {row['aspect']} differs: {row['difference']}"
        for row in differing
        if row["is_false"]
    ]
    n_scripts = len({row["script"] for row in differing})
    of = f"{len(differing)} mutants of {n_scripts} scripts"
    return Row("mutants", len(false) if differing else None, of, false)


def holds(row: Row, slack: float) -> bool:
    bar = BARS[row.key]
    slack = slack if bar.slackens else 0
    if row.value is None:
        return True
    return row.value >= bar.bar - slack if bar.is_least else row.value <= bar.bar + slack


def write_number(number: float | None, unit: str) -> str:
    if number is None:
        return ""
    text = f"{number:.2f}" if unit in ("s", "x") else f"{number:.1f}".removesuffix(".0")
    return f"{text} {unit}".strip()


def as_markdown(rows: Sequence[Row]) -> str:
    lines = ["| what | measured | of | bar | hope |", "|---|---:|---|---:|---:|"]
    for row in rows:
        bar = BARS[row.key]
        sign = "≥ " if bar.is_least else "≤ "
        measured = write_number(row.value, bar.unit) or "not measured"
        hope = write_number(bar.hope, bar.unit)
        cells = [bar.what, measured, row.of, sign + write_number(bar.bar, bar.unit), hope]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def choose(names: Sequence[str], n: int | None) -> list[str]:
    """Return a sample, the same each time, and a smaller one a part of a larger."""
    mixed = sorted(names)
    random.Random(0).shuffle(mixed)
    return mixed[:n]


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--within", type=float, default=60, help="scripts that run so many seconds")
    parser.add_argument("--scripts", type=int, help="a sample of so many")
    parser.add_argument("--match", default="", help="scripts with this text in their path")
    parser.add_argument("--only", nargs="+", choices=BARS, help="lines to measure")
    parser.add_argument("--results", type=Path, help="default: CORPUS-results")
    parser.add_argument("--command", type=Path, help="another than the mlstages beside python")
    parser.add_argument("--no-verify", action="store_true", help="leave our own proof out")
    parser.add_argument("--limit", type=float, default=300, help="seconds that a run may take")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1, help="scripts at a time; not for times")
    parser.add_argument("--mutants", type=int, default=500, help="that differ; enough are enough")
    parser.add_argument("--mutants-each", type=int, default=12, help="of a script")
    parser.add_argument("--files", type=int, default=500, help="of the standard library")
    parser.add_argument("--programs", type=int, default=500, help="made by hypothesmith")
    parser.add_argument("--slack", type=float, default=0, help="points less, of other origins")
    parser.add_argument("--details", action="store_true", help="say what did not hold, and where")
    parser.add_argument("--json", action="store_true")
    return parser


def record_all(records: Records, names: Sequence[str], jobs: int) -> list[dict[str, Any]]:
    def record(name: str) -> tuple[dict[str, Any], float]:
        start = time.perf_counter()
        return records.record(name), time.perf_counter() - start

    rows = []
    with ThreadPoolExecutor(jobs) as pool:
        for i, (row, seconds) in enumerate(pool.map(record, names), 1):
            rows.append(row)
            verdicts = (f"{key}: {row[key]['outcome']}" for key in ("functions", "flow"))
            say(f"{i} of {len(names)}: {row['script']}: {', '.join(verdicts)} ({seconds:.0f} s)")
    n_unfair = sum(row["functions"]["outcome"] == "not comparable" for row in rows)
    say(f"not comparable with themselves: {n_unfair} of {len(rows)}")
    return rows


def measure(options: argparse.Namespace, names: Sequence[str]) -> list[Row]:
    corpus = options.corpus.resolve()
    # Not within the corpus, where what is made would be taken for scripts of it.
    beside = corpus.with_name(f"{corpus.name}-results")
    results = (options.results or beside).resolve()
    records = Records(
        corpus,
        results,
        limit=options.limit,
        verifies=not options.no_verify,
        command=options.command and options.command.resolve(),
    )
    wanted = set(options.only or BARS)
    rows: list[Row] = []
    if wanted & OF_RECORDS:
        rows += judge_records(record_all(records, names, options.jobs), corpus)
    if wanted & {"analysis", "worst"}:
        rows += measure_analysis([corpus / name for name in names])
    lines: dict[str, Callable[[], Row]] = {
        "command": lambda: measure_command(records, names, options.rounds),
        "observation": lambda: measure_observation(records, names, options.rounds),
        "mutants": lambda: measure_mutants(
            records, names, options.mutants, options.mutants_each, options.jobs
        ),
        "crash": lambda: measure_crashes(options.files, options.programs),
    }
    rows += [line() for key, line in lines.items() if key in wanted]
    return [row for row in rows if row.key in wanted]


def main() -> int:
    options = make_parser().parse_args()
    # Without compiled modules each process would compile its imports anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    found = select(attempt_all(options.corpus, 60), options.within)
    names = choose([name for name in found if options.match in name], options.scripts)
    rows = measure(options, names)
    if options.json:
        print(json.dumps([asdict(BARS[row.key]) | asdict(row) for row in rows], indent=2))
    else:
        print(as_markdown(rows))
    for row in rows if options.details else ():
        say("\n".join([f"\n{BARS[row.key].what}:", *(f"  {each}" for each in row.details)]))
    broken = [BARS[row.key].what for row in rows if not holds(row, options.slack)]
    say("\n".join(["beyond the bar:", *broken]) if broken else "every bar holds")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
