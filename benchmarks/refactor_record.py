"""What `mlstages refactor` makes of a script and what the comparer says of it, kept in a folder.

A row a script in ``scripts.jsonl``, a row a mutant in ``mutants.jsonl``; a row holds for one state
of the refactoring's code. Comparisons are found again by what was compared, so that code that
makes the same text as before need not run it again.
"""

import hashlib
import json
import re
import shutil
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from refactor_compare import Bench, Observation, Verdict, check_original, judge
from refactor_compare import __file__ as comparer_file
from refactor_corpus import lay_script, make_environment, run_bounded
from refactor_mutants import Mutant, make_mutants

OURS = str(Path(sysconfig.get_path("scripts")) / "mlstages")
RUFF = ("check", "--isolated", "--no-cache", "--select", "F,E9", "--output-format", "concise")
VERDICT_LINE = re.compile(r"^\s*(functions|flow): (.*?)\s*$", re.MULTILINE)


def hash_texts(*texts: str | bytes) -> str:
    hashed = hashlib.sha256()
    for text in texts:
        hashed.update(text if isinstance(text, bytes) else text.encode())
        hashed.update(b"\0")
    return hashed.hexdigest()[:20]


def hash_engine() -> str:
    """Return a hash of the code that refactors; "none" where there is none yet."""
    spec = find_spec("mlstages")
    assert spec is not None
    [package] = spec.submodule_search_locations or []
    files = sorted(Path(package, "refactor").rglob("*.py"))
    return hash_texts(*(path.read_bytes() for path in files)) if files else "none"


def hash_comparer() -> str:
    comparer = Path(comparer_file)
    observed = sorted(comparer.with_name("observed").glob("*.py"))
    return hash_texts(*(path.read_bytes() for path in [comparer, *observed]))


class Kept:
    """Rows of a file that grows by a line each time; of those with one key the last holds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[str, dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    row = json.loads(line)
                except ValueError:  # half a line, of a run that was ended
                    continue
                self.rows[row["key"]] = row

    def add(self, key: str, row: Mapping[str, Any]) -> dict[str, Any]:
        self.rows[key] = {"key": key, **row}
        with self.path.open("a") as file:
            file.write(json.dumps(self.rows[key]) + "\n")
        return self.rows[key]


@dataclass(frozen=True)
class Finished:
    """How one of our commands ended."""

    exit: int | None
    stdout: str
    stderr: str
    seconds: float


class Records:
    """The folder with what was measured of a corpus."""

    def __init__(
        self,
        corpus: Path,
        folder: Path,
        *,
        limit: float,
        verifies: bool,
        command: Path | None = None,
    ) -> None:
        self.corpus, self.folder = corpus, folder
        self.limit, self.verifies = limit, verifies
        folder.mkdir(parents=True, exist_ok=True)
        self.scripts = Kept(folder / "scripts.jsonl")
        self.originals = Kept(folder / "originals.jsonl")
        self.comparisons = Kept(folder / "comparisons.jsonl")
        self.mutants = Kept(folder / "mutants.jsonl")
        self.command = str(command or OURS)
        self.engine = hash_texts(command.read_bytes()) if command else hash_engine()
        self.comparer = hash_comparer()

    def run_ours(self, folder: Path, *arguments: str) -> Finished:
        start = time.perf_counter()
        code, stdout, stderr = run_bounded(
            [self.command, *arguments],
            folder=folder,
            environment=make_environment(self.folder),
            # It runs the original several times, and each of its stages in a process.
            limit=4 * self.limit,
        )
        seconds = round(time.perf_counter() - start, 2)
        texts = (each.decode(errors="replace") for each in (stdout, stderr))
        return Finished(code, *texts, seconds)

    def lay(self, name: str, purpose: str) -> Path:
        """Return a fresh folder with the script in it."""
        folder = self.folder / purpose / slugify(name)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        lay_script(self.corpus / name, folder)
        return folder

    def record(self, name: str) -> dict[str, Any]:
        """Return what is known of a script, found out now where it is not known yet."""
        text = (self.corpus / name).read_bytes()
        key = hash_texts(name, text, self.engine, self.comparer, str(self.verifies))
        if key in self.scripts.rows:
            return self.scripts.rows[key]
        folder = self.lay(name, "made")
        options = () if self.verifies else ("--no-verify",)
        script = folder / Path(name).name
        finished = self.run_ours(folder, "refactor", script.name, "--json", "--force", *options)
        row: dict[str, Any] = {"script": name, "exit": finished.exit, "seconds": finished.seconds}
        row |= read_answer(finished)
        functions, flow = find_made(script)
        row["functions"], row["flow"] = (
            asdict(each) for each in self.compare(name, functions, flow)
        )
        # Kept with the row: the folder may hold what a later state of the code made.
        row["made"] = {
            path.name: path.read_text(encoding="utf-8") for path in (functions, flow) if path
        }
        row["ruff"] = check_style(script, [each for each in (functions, flow) if each])
        return self.scripts.add(key, row)

    def compare(
        self, name: str, functions: Path | None, flow: Path | None
    ) -> tuple[Verdict, Verdict]:
        """Return the comparer's verdicts on the functions and on the flow."""
        original, why = self.observe(name)
        if why:
            verdict = Verdict(outcome="not comparable", difference=why)
            return verdict, verdict
        missing = Verdict(outcome="not written")
        if functions is None:
            return missing, missing
        return (
            self.judge(name, original, functions, None),
            self.judge(name, original, functions, flow) if flow else missing,
        )

    def judge(
        self,
        name: str,
        original: Observation,
        functions: Path,
        flow: Path | None,
        *,
        limit: float | None = None,
    ) -> Verdict:
        texts = [path.read_bytes() for path in (functions, flow) if path is not None]
        script = (self.corpus / name).read_bytes()
        key = hash_texts(name, script, *texts, self.comparer)
        if key not in self.comparisons.rows:
            bench = Bench(self.corpus / name, limit=limit or self.limit)
            verdict = judge(bench, original, functions, flow)
            self.comparisons.add(key, asdict(verdict))
        row = dict(self.comparisons.rows[key])
        del row["key"]
        return Verdict(**row)

    def observe(self, name: str) -> tuple[Observation, str]:
        """Return what the original does, and why nothing can be compared with it."""
        key = hash_texts(name, (self.corpus / name).read_bytes(), self.comparer)
        if key not in self.originals.rows:
            bench = Bench(self.corpus / name, limit=self.limit)
            first, second = bench.observe_original()
            row = {"script": name, "seen": asdict(first), "why": check_original(first, second)}
            self.originals.add(key, row)
        row = self.originals.rows[key]
        return Observation(**row["seen"]), row["why"]

    def record_mutants(self, name: str, n: int) -> list[dict[str, Any]]:
        """Return what came of up to `n` mutants of what was made of a script."""
        row = self.record(name)
        if row["functions"]["outcome"] != "same":
            return []  # what differs already has no false verdict to give
        texts = list(row["made"].values())
        flow = texts[1] if row["flow"]["outcome"] == "same" else None
        names = [stage["name"] for stage in row["stages"]]
        mutants = make_mutants(texts[0], flow, names, n=n, seed=name)
        return [self.record_mutant(row, mutant) for mutant in mutants]

    def record_mutant(self, row: Mapping[str, Any], mutant: Mutant) -> dict[str, Any]:
        """Return whether a mutant differs, and what our own verification says of it."""
        name = row["script"]
        key = hash_texts(name, *row["made"].values(), mutant.text, self.engine, self.comparer)
        if key in self.mutants.rows:
            return self.mutants.rows[key]
        folder = self.lay(name, "mutants")
        is_flow = mutant.target == "flow"
        paths = [folder / each for each in row["made"]][: 1 + is_flow]
        for path in paths:
            path.write_text(row["made"][path.name], encoding="utf-8")
        paths[-1].write_text(mutant.text, encoding="utf-8")
        original, _why = self.observe(name)
        verdict = self.judge(
            name,
            original,
            paths[0],
            paths[1] if is_flow else None,
            limit=min(self.limit, 30 + 10 * original.seconds),
        )
        if "did not end" in verdict.difference:  # a limit of ours, which says nothing of it
            verdict = replace(verdict, outcome="not ended")
        answer: dict[str, Any] = {"exit": None, "said": {}}
        if verdict.outcome == "differs":
            finished = self.run_ours(folder, "verify", Path(name).name, paths[-1].name)
            answer = {"exit": finished.exit, "said": find_verdicts(finished.stdout)}
        return self.mutants.add(
            key,
            {
                "script": name,
                "kind": mutant.kind,
                "target": mutant.target,
                "what": mutant.what,
                "outcome": verdict.outcome,
                "aspect": verdict.aspect,
                "difference": verdict.difference,
                **answer,
                "is_false": is_called_verified(answer),
            },
        )


def slugify(name: str) -> str:
    return Path(name).with_suffix("").as_posix().replace("/", "-")


def read_answer(finished: Finished) -> dict[str, Any]:
    """Return what the command said of a script: its stages, its own verdicts, its error."""
    try:
        said = json.loads(finished.stdout)
    except ValueError:
        said = {}
    verdicts = find_verdicts(finished.stdout)
    for name in ("functions", "flow"):
        if isinstance(said.get(name), str):
            verdicts[name] = said[name]
    return {
        "stages": said.get("stages") or [],
        "said": verdicts,
        "error": "" if finished.exit == 0 else finished.stderr[-600:].strip(),
        "is_crash": "Traceback (most recent call last)" in finished.stderr
        and "mlstages" in finished.stderr.rpartition("Traceback")[2],
    }


def find_verdicts(text: str) -> dict[str, str]:
    """Return the verdicts of the lines that give them; those of JSON likewise."""
    try:
        said = json.loads(text)
    except ValueError:
        return dict(VERDICT_LINE.findall(text))
    return {name: str(said[name]) for name in ("functions", "flow") if name in said}


def is_called_verified(answer: Mapping[str, Any]) -> bool:
    said = answer["said"].values()
    return answer["exit"] == 0 or any(verdict.startswith("verified") for verdict in said)


def find_made(script: Path) -> tuple[Path | None, Path | None]:
    """Return the functions and the flow beside a script; None for what was not written."""
    beside = [path for path in sorted(script.parent.glob("*.py")) if path != script]
    found = (
        [path for path in beside if path.stem.endswith(f"_{kind}")]
        for kind in ("functions", "flow")
    )
    functions, flow = (each[0] if each else None for each in found)
    return functions, flow


def check_style(script: Path, made: Sequence[Path]) -> str:
    """Return what ruff says of generated files whose script it has nothing to say of."""

    def run_ruff(*paths: Path) -> str:
        # The venv's own: the interpreter that runs this has it as a module.
        code, stdout, stderr = run_bounded(
            [sys.executable, "-m", "ruff", *RUFF, *(str(path) for path in paths)],
            folder=script.parent,
            environment=make_environment(script.parent),
            limit=60,
        )
        return "" if code == 0 else (stdout + stderr).decode(errors="replace")

    return run_ruff(*made) if made and not run_ruff(script) else ""
