"""A flow run as stock and with fork, and what can be seen of both runs, ready to be compared."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import metaflow
from metaflow import Run, namespace

FLOWS = Path(__file__).parent / "flows"

# Writes down each interpreter that is started in the process tree.
_COUNTER = """
import os
with open("/proc/self/cmdline") as own, open(os.environ["STARTS"], "a") as file:
    file.write(" ".join(own.read().replace("\\0", " ").split()) + "\\n")
"""
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.,]?\d*Z?"), "<time>"),
    (re.compile(r"\b1[78]\d{14}\b"), "<run>"),
    (re.compile(r"spin-?\d{10,}|<run>"), "<run>"),
    (re.compile(r"\(pid \d+\)"), "(pid)"),
    (re.compile(r"pid[ =:]+\d+"), "pid"),
    (re.compile(r"0x[0-9a-f]{6,}"), "<address>"),
    (re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    # Some frames of the launcher's lie below the script.
    (re.compile(r"repeated \d+ more times"), "repeated"),
    (re.compile(r"\b\d+(\.\d+)? ?(s|ms|seconds)\b"), "<seconds>"),
    (re.compile(r"/tmp/(tmp|pip)?[\w.-]*\b(?=\.json)"), "<temporary>"),
)
_OF_A_TASK = re.compile(r"(\[\w+/\w+)/\d+ \(pid")
_OWN_METADATA = {"attempt-done", "card-info"}


@dataclass(frozen=True)
class Task:
    """What Metaflow keeps of a task."""

    step: str
    artifacts: dict[str, str]
    stdout: tuple[str, ...]
    """Of each attempt."""
    stderr: tuple[str, ...]
    metadata: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]
    cards: int
    exception: str


@dataclass(frozen=True)
class Seen:
    """What can be seen of a run from outside."""

    exit_code: int
    stdout: list[str]
    """Of the console, sorted and without the numbers of tasks.

    The order of tasks that run at once is nobody's, nor is the number that Metaflow gives a
    task when those before it have ended.
    """
    stderr: list[str]
    successful: bool
    tasks: list[Task]
    starts: list[str] = field(compare=False)
    """Command lines of the interpreters that were started."""
    pathspec: str = field(compare=False)
    console: str = field(compare=False)


@dataclass(frozen=True)
class Both:
    stock: Seen
    fork: Seen

    def differences(self, ignore: Sequence[str] = ()) -> list[str]:
        """Say what differs, in words; artifacts to ignore by their names."""
        stock, fork = self.stock, self.fork
        found = [
            f"{name}: stock {getattr(stock, name)!r}, fork {getattr(fork, name)!r}"
            for name in ("exit_code", "successful")
            if getattr(stock, name) != getattr(fork, name)
        ]
        for name in ("stdout", "stderr"):
            found += _compare_lines(name, getattr(stock, name), getattr(fork, name))
        if [task.step for task in stock.tasks] != [task.step for task in fork.tasks]:
            return [
                *found,
                f"tasks: {[t.step for t in stock.tasks]}, {[t.step for t in fork.tasks]}",
            ]
        for one, other in zip(stock.tasks, fork.tasks, strict=True):
            found += _compare_tasks(one, other, ignore)
        return found


def run_both(
    flow: Path,
    *arguments: str,
    folder: Path,
    top: Sequence[str] = (),
    below: Sequence[str] = (),
    **environment: str,
) -> Both:
    """Run ``flow.py TOP ARGUMENTS`` in a folder, then the same with fork."""
    base = [str(flow), "--no-pylint", *top]
    stock = observe([*base, *arguments], folder, below=below, **environment)
    forking = [*base, *arguments, "--with", "fork"]
    return Both(stock, observe(forking, folder, below=below, **environment))


def observe(
    arguments: Sequence[str],
    folder: Path,
    *,
    run_id_file: bool = True,
    below: Sequence[str] = (),
    **environment: str,
) -> Seen:
    """Run ``BELOW python ARGUMENTS``, which runs a flow, and look at it and its history."""
    counter = folder / ".counter"
    counter.mkdir(exist_ok=True)
    (counter / "sitecustomize.py").write_text(_COUNTER)
    for history in (".metaflow", ".metaflow_spin"):  # or the first run says that it makes it
        (folder / history).mkdir(exist_ok=True)
    starts, run_id = folder / ".starts", folder / ".run_id"
    starts.write_text("")
    run_id.unlink(missing_ok=True)
    command = [*below, sys.executable, *arguments]
    finished = subprocess.run(
        [*command, *(["--run-id-file", str(run_id)] if run_id_file else [])],
        cwd=folder,
        env=_environment(counter, starts, environment.pop("MORE_PATHS", "")) | environment,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
    console = finished.stdout.decode(errors="replace") + finished.stderr.decode(errors="replace")
    pathspec = ""
    tasks: list[Task] = []
    successful = False
    if run_id.exists():
        named = re.search(r"Metaflow \S+ executing (\w+)", _ANSI.sub("", console))
        assert named, console
        pathspec = f"{named[1]}/{run_id.read_text()}"
        run = open_run(pathspec, folder)
        successful = run.successful
        tasks = sorted((_look(task, folder) for step in run for task in step), key=_place)
    return Seen(
        exit_code=finished.returncode,
        stdout=_lines(finished.stdout, folder),
        stderr=_lines(finished.stderr, folder),
        successful=successful,
        tasks=tasks,
        starts=starts.read_text().splitlines(),
        pathspec=pathspec,
        console=console,
    )


def open_run(pathspec: str, folder: Path) -> Run:
    """Return a run in the history of a folder."""
    metaflow.metadata(f"local@{folder}")
    namespace(None)
    return Run(pathspec)


def _environment(counter: Path, starts: Path, more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "USERNAME": "tester",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(counter), more))),
        "STARTS": str(starts),
        # One interpreter starts a little faster than the other; nothing else.
        "METAFLOW_PYLINT": "0",
    }


def _look(task: Any, folder: Path) -> Task:
    artifacts = {}
    for artifact in task:
        try:
            artifacts[artifact.id] = _steady(repr(artifact.data), folder)
        except Exception:  # of a class that is the flow's own: the content has to do
            artifacts[artifact.id] = artifact.sha
    attempts = range(task.current_attempt + 1)
    tried = [metaflow.Task(task.pathspec, attempt=i) for i in attempts]

    def read(stream: str) -> tuple[str, ...]:
        return tuple(_steady(_read_log(tried[i], stream), folder) for i in attempts)

    metadata = {
        (_steady(datum.name, folder), _steady(str(datum.value), folder), datum.type)
        for datum in task.metadata
        if datum.name not in _OWN_METADATA and "card" not in datum.name
    }
    flow, run, step, number = task.path_components
    kept = Path(".metaflow", "mf.cards", flow, "runs", run, "steps", step, "tasks", number)
    return Task(
        step=step,
        artifacts=artifacts,
        stdout=read("stdout"),
        stderr=read("stderr"),
        metadata=tuple(sorted((name, value) for name, value, _ in metadata)),
        tags=tuple(sorted(_steady(tag, folder) for tag in task.tags)),
        cards=sum(1 for _ in (folder / kept).rglob("*.html")),
        exception=_steady(str(task.exception), folder),
    )


def _place(task: Task) -> tuple[object, ...]:
    paths = [value for name, value in task.metadata if name == "foreach-execution-path"]
    return task.step, paths, task.artifacts.get("count", "")


def _read_log(task: Any, stream: str) -> str:
    lines = (bytes(line) + b"\n" for _, line in task.loglines(stream, as_unicode=False))
    return b"".join(lines).decode(errors="replace")


def _lines(output: bytes, folder: Path) -> list[str]:
    text = _OF_A_TASK.sub(r"\1/<task> (pid", _ANSI.sub("", output.decode(errors="replace")))
    lines = _steady(text, folder).splitlines()
    return sorted(line.rstrip() for line in lines if "this step are not forked" not in line)


def _steady(text: str, folder: Path) -> str:
    text = text.replace(str(folder), "<folder>")
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    # The one difference that is asked for.
    text = re.sub(r"(, )?'?--with'?,? '?fork'?| --with fork", "", text)
    return text.replace('["fork"]', "[]").replace("'fork', ", "").replace("'fork'", "")


def _compare_lines(name: str, stock: list[str], fork: list[str]) -> list[str]:
    if stock == fork:
        return []
    only_stock, only_fork = list(stock), []
    for line in fork:
        if line in only_stock:
            only_stock.remove(line)
        else:
            only_fork.append(line)
    return [f"{name}, stock only: {line}" for line in only_stock] + [
        f"{name}, fork only: {line}" for line in only_fork
    ]


def _compare_tasks(stock: Task, fork: Task, ignore: Sequence[str]) -> list[str]:
    found = []
    for name in sorted(stock.artifacts.keys() | fork.artifacts.keys()):
        one, other = stock.artifacts.get(name), fork.artifacts.get(name)
        if one != other and name not in ignore and not name.startswith("_graph"):
            found.append(f"{stock.step}.{name}:\n   stock {one}\n   fork  {other}")
    for name in ("stdout", "stderr", "metadata", "tags", "cards", "exception"):
        one, other = getattr(stock, name), getattr(fork, name)
        if one != other:
            found.append(f"{stock.step} {name}:\n   stock {one!r}\n   fork  {other!r}")
    return found


if __name__ == "__main__":  # python parity.py FLOW.py ARGUMENTS, in a fresh folder
    import tempfile

    with tempfile.TemporaryDirectory() as temporary:
        both = run_both(Path(sys.argv[1]).absolute(), *sys.argv[2:], folder=Path(temporary))
        print("interpreters:", len(both.stock.starts), "and", len(both.fork.starts))
        print("\n".join(both.differences()) or "the same")
        if os.environ.get("SHOW"):
            print(both.stock.console, both.fork.console)
