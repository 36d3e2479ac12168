"""Whether functions and flow made from a script do what it does, found by running all three.

python benchmarks/refactor_compare.py SCRIPT [--functions FILE] [--flow FILE] [--json]

Shares no code with the refactoring that it judges. Each runs in the same folder, put back as it
was in between, with the same seeds, clock and one thread (``observed/sitecustomize.py``). The
original runs twice first: what differs from itself is not comparable. Compared are standard
output to the character, figures (number and pixels), files written, exit status, and the final
value of each name that both have. Addresses are masked. A pickle that a flow writes may have other
bytes, if it holds the same: what it holds has been pickled on its way from task to task.

The flow runs in Metaflow, each task a process of its own; its output and figures are those of its
tasks one after the other, its names the artifacts when it ends. A local variable that ended with an
earlier task has no final value: what the script still does to it by another name is not compared.
"""

import argparse
import ast
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from refactor_corpus import lay_script, make_environment, run_bounded

OBSERVED = Path(__file__).with_name("observed")
sys.path.insert(0, str(OBSERVED))

from benchmark_values import mask_addresses  # noqa: E402

ROOT = Path(tempfile.gettempdir()) / "mlstages-benchmark-refactor"
LIMIT = 300.0
NOT_WRITTEN = {"__pycache__", ".metaflow", ".ruff_cache"}


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What a script, or a flow, did."""

    exit: int | None
    """None: it did not end within the limit."""
    stdout: str
    figures: list[str]
    files: dict[str, str]
    names: dict[str, dict[str, str]]
    stage_names: dict[str, dict[str, str]] = field(default_factory=dict)
    """Values that names of stages had at the end of the last stage that has them."""
    held: dict[str, str] = field(default_factory=dict)
    """What pickles among the files hold; not looked at in functions."""
    error: str = ""
    """The end of stderr, where it failed."""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of comparing one file with the original."""

    outcome: str
    """same, differs, not comparable, not written."""
    aspect: str = ""
    """What differs first: exit, stdout, figures, files, names, imports."""
    difference: str = ""
    n_names: int = 0
    """How many of the original's names were compared."""
    seconds: float = 0.0


class Bench:
    """A folder in which a script and what was made of it run by turns, under one path."""

    def __init__(self, script: Path, *, root: Path = ROOT, limit: float = LIMIT) -> None:
        self.script, self.limit = script.resolve(), limit
        slug = hashlib.sha256(str(self.script).encode()).hexdigest()[:8]
        self.folder = root / f"{self.script.stem}-{slug}"
        self.work = self.folder / "work"

    def lay(self, *beside: Path) -> None:
        """Put the folder back as it was before anything ran, with files beside the script."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.work.mkdir(parents=True)
        (self.folder / "record").mkdir()
        lay_script(self.script, self.work)
        for path in beside:
            shutil.copy2(path, self.work)

    def run(self, name: str, *arguments: str, functions: Path | None = None) -> Observation:
        """Return what a file of the folder does; with arguments, what it does as a flow."""
        stages = find_stages(self.script, functions) if functions else []
        before = hash_files(self.work)
        environment = make_environment(self.folder) | {
            "BENCHMARK_FUNCTIONS": functions.stem if functions else "",
            "BENCHMARK_IS_FLOW": str(int(bool(arguments))),
            "BENCHMARK_RECORD": str(self.folder / "record"),
            "BENCHMARK_SCRIPT": os.path.realpath(self.work / name),
            "BENCHMARK_STAGES": " ".join(stages),
            "MATPLOTLIBRC": str(OBSERVED),
            "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(self.folder / "metaflow"),
            "METAFLOW_DEFAULT_METADATA": "local",
            "METAFLOW_USER": "benchmark",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": str(OBSERVED),
            "PYTHONWARNINGS": "ignore",
            "SOURCE_DATE_EPOCH": "1700000000",
        }
        start = os.times().elapsed
        code, stdout, stderr = run_bounded(
            [sys.executable, name, *arguments],
            folder=self.work,
            environment=environment,
            limit=self.limit,
        )
        seconds = round(os.times().elapsed - start, 2)
        after = hash_files(self.work)
        files = {path: digest for path, digest in after.items() if before.get(path) != digest}
        files |= {path: "deleted" for path in before if path not in after}
        records = {}
        for path in (self.folder / "record").iterdir():
            record = json.loads(path.read_text())
            records[record["process"]] = record
        tasks = [{"process": "script", "stdout": decode(stdout), "names": {}}]
        if arguments:
            tasks = self.read_tasks(name, environment) if code == 0 else []
        names: dict[str, dict[str, str]] = {}
        stage_names: dict[str, dict[str, str]] = {}
        for task in tasks:
            record = records.get(task["process"], {"names": {}, "stage_names": {}})
            names |= task["names"] | record["names"]
            is_last = task is tasks[-1]
            stage_names |= {
                name: value
                for name, value in record["stage_names"].items()
                if is_last or name in names
            }
        return Observation(
            exit=code,
            stdout=mask_addresses("".join(task["stdout"] for task in tasks)),
            figures=order_figures([task["process"] for task in tasks], records),
            files=files,
            held=self.read_pickles(files, environment) if arguments or not functions else {},
            names=names,
            stage_names=stage_names,
            error="" if code == 0 else f"{decode(stdout[-1500:])}\n{decode(stderr[-1500:])}",
            seconds=seconds,
        )

    def read_tasks(self, flow: str, environment: Mapping[str, str]) -> list[dict[str, Any]]:
        return list(self.ask("read_artifacts.py", [flow], environment))

    def read_pickles(
        self, files: Mapping[str, str], environment: Mapping[str, str]
    ) -> dict[str, str]:
        pickles = [name for name in files if begins_a_pickle(self.work / name)]
        return dict(self.ask("read_pickles.py", pickles, environment)) if pickles else {}

    def ask(self, tool: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Any:
        """Return what a tool tells of what a run has left, which is not observed itself."""
        quiet = {name: value for name, value in environment.items() if name != "BENCHMARK_RECORD"}
        code, stdout, stderr = run_bounded(
            [sys.executable, str(OBSERVED / tool), *arguments],
            folder=self.work,
            environment=quiet | {"PYTHONPATH": f"{OBSERVED}{os.pathsep}{self.work}"},
            limit=self.limit,
        )
        if code:
            raise RuntimeError(f"{', '.join(arguments)} cannot be read: {decode(stderr)}")
        return json.loads(stdout.splitlines()[-1])

    def observe_original(self) -> tuple[Observation, Observation]:
        """Return what the script does, twice."""
        seen = []
        for _ in range(2):
            self.lay()
            seen.append(self.run(self.script.name))
        return seen[0], seen[1]

    def observe_functions(self, functions: Path) -> Observation:
        self.lay(functions)
        return self.run(functions.name, functions=functions)

    def observe_flow(self, functions: Path, flow: Path) -> Observation:
        self.lay(functions, flow)
        return self.run(flow.name, "run", functions=functions)


def find_stages(script: Path, functions: Path) -> list[str]:
    """Return the functions that a module made from a script has and the script has not."""

    def find_functions(path: Path) -> list[str]:
        body = ast.parse(path.read_bytes()).body
        return [node.name for node in body if isinstance(node, ast.FunctionDef)]

    own = {*find_functions(script), "main"}
    return [name for name in find_functions(functions) if name not in own]


def begins_a_pickle(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(1) == b"\x80"


def decode(stdout: bytes) -> str:
    return stdout.decode(errors="replace")


def hash_files(folder: Path) -> dict[str, str]:
    """Return the hashes of a folder's files by their names in it."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not NOT_WRITTEN.intersection(path.relative_to(folder).parts)
    }


def order_figures(processes: Sequence[str], records: Mapping[str, Any]) -> list[str]:
    """Return what was seen of each figure, in the order in which they were made.

    That a figure was still open at a task's end counts only if no later task saw it again.
    """
    events = [event for name in processes for event in records.get(name, {}).get("figures", [])]
    seen: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for event in events:
        process, number = event["id"]
        place = processes.index(process) if process in processes else len(processes)
        seen.setdefault((place, number), []).append(event)
    return [
        event["pixels"]
        for identity in sorted(seen)
        for i, event in enumerate(seen[identity])
        if event["how"] != "end" or i == len(seen[identity]) - 1
    ]


def compare(original: Observation, other: Observation) -> Verdict:
    """Return whether the other did what the original did, with the first difference."""
    aspect, difference = find_difference(original, other)
    return Verdict(
        outcome="differs" if difference else "same",
        aspect=aspect,
        difference=difference,
        n_names=len(pair_names(original.names, other)),
        seconds=other.seconds,
    )


def find_difference(original: Observation, other: Observation) -> tuple[str, str]:
    """Return the first aspect that differs, and how; two empty texts where none does."""
    if original.exit != other.exit:
        how = "did not end" if other.exit is None else f"exit {other.exit}"
        return "exit", f"{how}, not {original.exit}: {other.error[-600:].strip()}"
    for aspect, found in (
        ("stdout", differ_in_text(original.stdout, other.stdout)),
        ("figures", differ_in_figures(original.figures, other.figures)),
        ("files", differ_in_files(original, other)),
        ("names", differ_in_names(original.names, other)),
    ):
        if found:
            return aspect, found
    return "", ""


def differ_in_text(original: str, other: str) -> str:
    if original == other:
        return ""
    ours, theirs = original.splitlines(keepends=True), other.splitlines(keepends=True)
    for i, (mine, its) in enumerate(zip(ours, theirs, strict=False), 1):
        if mine != its:
            return f"line {i}: {its[:200]!r}, not {mine[:200]!r}"
    longer, which = (ours, "missing") if len(ours) > len(theirs) else (theirs, "not the original's")
    i = min(len(ours), len(theirs))
    return f"line {i + 1} is {which}: {longer[i][:200]!r}"


def differ_in_figures(original: Sequence[str], other: Sequence[str]) -> str:
    if len(original) != len(other):
        return f"{len(other)} pictures, not {len(original)}"
    for i, (mine, its) in enumerate(zip(original, other, strict=True), 1):
        if mine != its:
            return f"picture {i} of {len(original)}: {its[:40]}, not {mine[:40]}"
    return ""


def differ_in_files(original: Observation, other: Observation) -> str:
    ours, theirs = original.files, other.files
    for path in sorted({*ours, *theirs}):
        holds_the_same = path in other.held and other.held[path] == original.held.get(path)
        if ours.get(path) != theirs.get(path) and not holds_the_same:
            if path not in theirs:
                return f"{path} is not written"
            return f"{path} {'has another content' if path in ours else 'is written'}"
    return ""


def pair_names(
    original: Mapping[str, dict[str, str]], other: Observation
) -> dict[str, list[dict[str, str]]]:
    """Return the names that both have, each with the other's final values of it.

    There may be two: what ``main`` or an artifact holds, and what the last stage with that name
    left in it. A stage need not return what no later stage reads. An item of a dictionary that is
    an artifact, and that the script has not, stands for the name that is its key.
    """
    pairs: dict[str, list[dict[str, str]]] = {}
    for names in (other.names, other.stage_names):
        for name, value in names.items():
            holder, _, key = name.partition("[")
            plain = name if name in original else key.rstrip("]")
            is_item = plain != name and holder in original  # of the script's own dictionary
            if plain in original and not is_item:
                pairs.setdefault(plain, []).append(value)
    return pairs


def differ_in_names(original: Mapping[str, dict[str, str]], other: Observation) -> str:
    for name, values in sorted(pair_names(original, other).items()):
        mine = original[name]
        if mine["digest"] not in [value["digest"] for value in values]:
            return f"{name} is {values[-1]['text']}, not {mine['text']}"
    return ""


def find_import_of_ours(path: Path) -> str:
    """Return what a generated file imports of mlstages, which it must not need."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                modules: Iterable[str] = [each.name for each in names]
            case ast.ImportFrom(module=str(module)):
                modules = [module]
            case _:
                continue
        for module in modules:
            if module.partition(".")[0] == "mlstages":
                return f"line {node.lineno} imports {module}"
    return ""


def check_original(first: Observation, second: Observation) -> str:
    """Return why nothing can be compared with the original; an empty text where it can."""
    if first.exit != 0:
        how = "does not end" if first.exit is None else f"exits with {first.exit}"
        return f"the original {how} under the fixed clock: {first.error[-300:].strip()}"
    aspect, difference = find_difference(first, second)
    return f"the original differs from itself: {aspect}: {difference}" if difference else ""


def judge(bench: Bench, original: Observation, functions: Path, flow: Path | None) -> Verdict:
    """Return the verdict on the flow, or on the functions where there is no flow."""
    try:
        ours = find_import_of_ours(functions if flow is None else flow)
    except SyntaxError as error:
        return Verdict(outcome="differs", aspect="exit", difference=f"syntax error: {error}")
    if ours:
        return Verdict(outcome="differs", aspect="imports", difference=ours)

    def observe() -> Observation:
        if flow is None:
            return bench.observe_functions(functions)
        return bench.observe_flow(functions, flow)

    other = observe()
    # Workers that print at the same time do so in any order: that is looked at again, once.
    if original.stdout != other.stdout and has_same_lines(original.stdout, other.stdout):
        other = observe()
    return compare(original, other)


def has_same_lines(one: str, other: str) -> bool:
    return sorted(one.splitlines()) == sorted(other.splitlines())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("script", type=Path)
    parser.add_argument("--functions", type=Path, help="default: <script>_functions.py beside it")
    parser.add_argument("--flow", type=Path, help="default: <script>_flow.py beside it")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds that each may take")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    beside = options.script.with_suffix("")
    functions = options.functions or Path(f"{beside}_functions.py")
    flow = options.flow or Path(f"{beside}_flow.py")
    bench = Bench(options.script, limit=options.limit)
    original, again = bench.observe_original()
    reason = check_original(original, again)
    verdicts = {}
    for name, path in (("functions", functions), ("flow", flow)):
        if not path.exists():
            verdicts[name] = Verdict(outcome="not written")
        elif reason:
            verdicts[name] = Verdict(outcome="not comparable", difference=reason)
        else:
            verdicts[name] = judge(bench, original, functions, flow if name == "flow" else None)
    if options.json:
        print(json.dumps({name: asdict(each) for name, each in verdicts.items()}, indent=2))
    else:
        for name, each in verdicts.items():
            detail = f" in {each.aspect}: {each.difference}" if each.difference else ""
            print(f"{name}: {each.outcome}{detail} ({each.n_names} names, {each.seconds:.1f} s)")
    return int(any(each.outcome == "differs" for each in verdicts.values()))


if __name__ == "__main__":
    sys.exit(main())
