"""Runs of a script, of its functions and of its flow, in a scratch copy of its folder.

Each run finds the folder as it was at first and under the same path, so that printed paths
are equal; the user's own files are only read. What a run did comes back as a value.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from mlstages.errors import FileError, OptionError
from mlstages.refactor.folder_copy import (
    SKIPPED,
    find_beside,
    require_space,
    restore,
    restore_entry,
)
from mlstages.refactor.outcome import find_outcomes
from mlstages.refactor.plan import Plan

_BRANCHES: Final = re.compile(r"self\.next\(\s*self\.\w+\s*,\s*self\.")
_MFLOG: Final = re.compile(rb"^\[MFLOG\|[^\]]*\]", re.MULTILINE)


_RUN_SCRIPT: Final = "from mlstages_inside.script_run import main\n\nmain()\n"
_FORKED: Final = """\
import sys

from mlstages.launch.fork.orchestrator import become_orchestrator

become_orchestrator(sys.argv[1:])
"""
"""What ``mlstages run`` comes to; its options are the flow's alone."""
_SITE: Final = """\
from pathlib import Path

from mlstages_inside.flow_task import start

start(Path(__file__).parent)
"""
"""What Python runs first in each process of a flow."""


class Pickled(NamedTuple):
    """What a pickle holds, whatever its bytes."""

    digest: str
    modules: tuple[str, ...]
    """Those of the script whose classes and functions are in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one run did."""

    status: int
    stdout: str
    stderr: str
    figures: tuple[str, ...]
    """A digest of the pixels of each figure, in the order in which it was seen."""
    variables: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, str]
    """Written or changed ones, with the digest of their content."""
    seconds: float
    places: Mapping[str, Any]
    """What observation saw before each statement; empty for other runs."""
    timed_out: bool = False
    is_recorded: bool = True
    """The process came to its end by itself, and left its record."""
    steps: tuple[tuple[str, str], ...] = ()
    """Of a flow, the steps that ended, with what each printed."""
    pickles: Mapping[str, Pickled] = field(default_factory=dict)
    """What the files hold that are pickles."""
    unsteady: frozenset[str] = frozenset()
    """Pickles whose bytes are no measure: another run of the same script wrote other ones."""
    figures_as_made: tuple[str, ...] = ()
    """The same in the order in which the figures were made; empty where that is not known."""
    figures_of_steps: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Of a flow, what was seen in each step that ended."""
    modules: tuple[str, ...] = ()
    """Of a flow, those that hold what the script's ``__main__`` does."""
    files_as_main: Mapping[str, str] = field(default_factory=dict)
    """Of a flow, digests of files that name these modules, with ``__main__`` in their place."""
    is_forked: bool = False
    """Of a flow, tasks were to be forked from a process that has imported what they need."""
    of_steps: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    """Of a flow, the artifacts that each step read or bound, at its end."""
    returned: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    """What each stage's function had bound when it returned, by the function's name and text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """A scratch copy of a script's folder, and the Python that runs it."""

    source: Path
    """The folder of the user's script."""
    scratch: Path
    python: str
    arguments: tuple[str, ...]
    timeout: float
    is_fixed: bool = False
    """Seeds and clock are fixed in each run."""
    forks: bool = True
    """Tasks of a flow are forked, not started anew, where that is possible."""
    beside: frozenset[str] = frozenset()
    """What the script names of what lies beside its folder: that is copied, too."""

    @property
    def folder(self) -> Path:
        """The folder in which every run takes place."""
        return self.scratch / "work" / "above" / (self.source.name or "folder")

    def reset(self) -> None:
        """Make the folder as it was at first."""
        for name in ("record", "metaflow", "temporary"):
            shutil.rmtree(self.scratch / name, ignore_errors=True)
        (self.scratch / "temporary").mkdir()
        if not self.folder.exists():
            require_space(self.source, self.scratch)
        try:
            restore(self.source, self.folder)
            for name in self.beside:
                restore_entry(self.source.parent / name, self.folder.parent / name)
        except OSError as error:
            raise FileError(
                f"{error.filename or self.source} cannot be copied to {self.scratch}, where the "
                f"script would run: {error.strerror or error}; mend that, or choose another place "
                "for copies (TMPDIR)"
            ) from error
        for name in ("record", "metaflow", "tool"):
            (self.scratch / name).mkdir(exist_ok=True)
        tool = self.scratch / "tool"
        if not (tool / "mlstages_inside").exists():
            shutil.copytree(Path(__file__).with_name("inside"), tool / "mlstages_inside")
            (tool / "run_script.py").write_text(_RUN_SCRIPT)
            (tool / "sitecustomize.py").write_text(_SITE)


@contextmanager
def open_laboratory(
    script: Path, python: str, arguments: Sequence[str], timeout: float
) -> Iterator[Laboratory]:
    """Yield a laboratory for a script; its scratch folder is gone afterwards."""
    text = script.read_text(encoding="utf-8", errors="replace")
    with tempfile.TemporaryDirectory(prefix="mlstages-", ignore_cleanup_errors=True) as scratch:
        source = script.resolve().parent
        yield Laboratory(
            source=source,
            scratch=Path(scratch).resolve(),
            python=python,
            arguments=tuple(arguments),
            timeout=timeout,
            beside=find_beside(source, text, Path(scratch).resolve()),
        )


def run_program(
    laboratory: Laboratory,
    name: str,
    text: str | None = None,
    modules: Sequence[str] = (),
) -> Trial:
    """Run a file of the folder as a script, under record.

    Parameters
    ----------
    text : str, default=None
        Is written to the file first, if given.
    modules : sequence of str
        Other modules whose classes are the script's.
    """
    laboratory.reset()
    _write(laboratory, name, text)
    return _run(laboratory, ["record", name], modules)


def add_stages(trial: Trial, again: Trial) -> Trial:
    """Return a run of functions with what their stages bind, which `run_stages` has shown."""
    whole = {each: value for each, value in again.variables.items() if not value["partial"]}
    return replace(trial, variables={**whole, **trial.variables}, returned=again.returned)


def run_stages(
    laboratory: Laboratory,
    name: str,
    text: str | None,
    modules: Sequence[str],
    stages: Sequence[str],
) -> Trial:
    """Run a module of functions, as `run_program` does, and tell what its stages bind.

    Their local names are variables of the script. To keep them is to keep objects alive that else
    would be gone, so that this is no run to judge by alone.
    """
    laboratory.reset()
    _write(laboratory, name, text)
    return _run(laboratory, ["record", name], modules, stages)


def observe_script(laboratory: Laboratory, name: str, plan: Plan) -> Trial:
    """Run the script, laid open, with a look at what each place carries."""
    laboratory.reset()
    _write(laboratory, name, plan.analysis.script.text)
    settings = plan.body.settings
    live = {
        index: sorted(names | settings)
        for index, names in zip(plan.body.indexes, plan.body.live, strict=False)
    }
    live[len(plan.analysis.statements)] = [*find_outcomes(plan.analysis, plan.body)]
    (laboratory.scratch / "record" / "live.json").write_text(json.dumps(live))
    return _run(laboratory, ["observe", name])


def run_flow(
    laboratory: Laboratory,
    texts: Mapping[str, str],
    flow: str,
    options: Sequence[str] = (),
    modules: Sequence[str] = (),
    stages: Sequence[str] = (),
) -> Trial:
    """Run the flow in Metaflow, each task in a process of its own.

    In this Python, tasks are forked as by ``mlstages run``, which is several times as fast; what
    a new interpreter would not have is named in `mlstages.launch.fork.child`. Where that may
    matter (a library can keep a function that tells the time from before the clock was fixed),
    it can be forbidden (`Laboratory.forks`).

    Parameters
    ----------
    texts : mapping of str to str
        The texts of files that are written first, by their names.
    flow : str
        The file of the flow.
    options : sequence of str
        Of the flow's ``run``.
    modules : sequence of str
        Other modules whose classes are the script's.
    stages : sequence of str
        Functions of these modules of which is told what they bind for themselves.
    """
    laboratory.reset()
    for name, text in texts.items():
        _write(laboratory, name, text)
    modules = [*modules, *(Path(name).stem for name in texts)]
    is_forked = laboratory.python == sys.executable and laboratory.forks
    begin = ["-P", "-c", _FORKED, flow] if is_forked else [flow]
    forked = ["--with", "fork"] if is_forked else []
    command = [laboratory.python, *begin, "--no-pylint", "run", *forked, *options]
    before = _take_stock(laboratory)
    began = time.perf_counter()
    status, stdout, stderr, timed_out = _start(
        laboratory, command, modules, is_flow=True, stages=stages
    )
    seconds = time.perf_counter() - began
    text = (laboratory.folder / flow).read_text(encoding="utf-8", errors="replace")
    tasks = _read_tasks(laboratory.scratch / "record", text)
    logs = list((laboratory.scratch / "metaflow").glob(".metaflow/*/*/*/*/0.runtime_stdout.log"))
    files = _changed_files(laboratory, before, set(texts))
    imported = tuple(_find_imported(text, laboratory.folder))
    steps = tuple((task["step"], _read_log(logs, task["step"], task["task"])) for task in tasks)
    return Trial(
        status=status,
        steps=steps,
        is_forked=is_forked,
        stdout="".join(stdout for _, stdout in steps),
        stderr=stderr + stdout,
        figures=tuple(figure for task in tasks for figure in task["figures"]),
        figures_as_made=_list_as_made(tasks),
        figures_of_steps=tuple((task["step"], tuple(task["figures"])) for task in tasks),
        variables={name: each for task in tasks for name, each in task["variables"].items()},
        files=files,
        modules=imported,
        files_as_main=dict(_digest_as_main(laboratory, files, imported)),
        pickles=_read_pickles(files, [task["pickles"] for task in tasks]),
        of_steps={task["step"]: task["variables"] for task in tasks},
        returned={key: bound for task in tasks for key, bound in task["returned"].items()},
        seconds=seconds,
        places={},
        timed_out=timed_out,
    )


def _find_imported(flow: str, folder: Path) -> Iterator[str]:
    """Yield the modules beside a flow that it imports."""
    for name in re.findall(r"^(?:import|from) (\w+)\b", flow, flags=re.MULTILINE):
        if (folder / f"{name}.py").is_file():
            yield name


def put_main(text: str, modules: Sequence[str]) -> str:
    """Return a text with ``__main__`` where it names a module.

    A logger that is called by ``__name__`` is ``__main__`` in a script, and in a flow the module
    of functions.
    """
    names = "|".join(map(re.escape, modules))
    return re.sub(rf"\b(?:{names})\b(?!\.py\b)", "__main__", text) if modules else text


def _digest_as_main(
    laboratory: Laboratory, files: Mapping[str, str], modules: Sequence[str]
) -> Iterator[tuple[str, str]]:
    for name in files:
        path = laboratory.folder / name
        if not path.is_file() or path.stat().st_size > _MOST_BYTES_OF_TEXT:
            continue
        content = path.read_bytes()
        if any(module.encode() in content for module in modules):
            text = content.decode("utf-8", errors="surrogateescape")
            changed = put_main(text, modules).encode("utf-8", errors="surrogateescape")
            yield name, sha256(changed).hexdigest()


_MOST_BYTES_OF_TEXT: Final = 50_000_000


def _read_tasks(folder: Path, flow: str) -> list[dict[str, Any]]:
    """Return the records of the tasks in the order in which they ended.

    Branches end in any order: those tasks come as their steps do in the flow's text.
    """
    paths = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    tasks = [json.loads(path.read_text()) for path in paths if path.name != "live.json"]
    if _BRANCHES.search(flow):
        order = re.findall(r"def (\w+)\(self", flow)
        tasks.sort(key=lambda task: order.index(task["step"]) if task["step"] in order else -1)
    return tasks


def _list_as_made(tasks: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the figures of tasks in the order in which they were made; empty if one is unknown."""
    if any(len(task["figures"]) != len(task["figures_as_made"]) for task in tasks):
        return ()
    return tuple(figure for task in tasks for figure in task["figures_as_made"])


def _read_pickles(
    files: Mapping[str, str], told: Sequence[Mapping[str, tuple[str, str, list[str]]]]
) -> dict[str, Pickled]:
    """Return what each pickle holds, if its bytes at the end are those that were looked into."""
    return {
        name: Pickled(digest, tuple(modules))
        for each in told
        for name, (content, digest, modules) in each.items()
        if files.get(name) == content
    }


def _read_log(logs: Sequence[Path], step: str, task: str) -> str:
    for path in logs:
        if path.parent.name == task and path.parent.parent.name == step:
            return _MFLOG.sub(b"", path.read_bytes()).decode("utf-8", "surrogateescape")
    return ""


def _run(
    laboratory: Laboratory,
    command: Sequence[str],
    modules: Sequence[str] = (),
    stages: Sequence[str] = (),
) -> Trial:
    runner = laboratory.scratch / "tool" / "run_script.py"
    mode, name = command
    before = _take_stock(laboratory)
    began = time.perf_counter()
    status, stdout, stderr, timed_out = _start(
        laboratory,
        [laboratory.python, str(runner), mode, name, *laboratory.arguments],
        [Path(name).stem, *modules],
        stages=stages,
    )
    seconds = time.perf_counter() - began
    path = laboratory.scratch / "record" / "run.json"
    record = json.loads(path.read_text()) if path.exists() else {}
    files = _changed_files(laboratory, before, {name})
    return Trial(
        status=status,
        stdout=stdout,
        stderr=stderr,
        figures=tuple(record.get("figures", ())),
        figures_as_made=tuple(record.get("figures_as_made", ())),
        variables=record.get("variables", {}),
        returned=record.get("returned", {}),
        files=files,
        pickles=_read_pickles(files, [record.get("pickles", {})]),
        seconds=seconds,
        places=record.get("places", {}),
        timed_out=timed_out,
        is_recorded=bool(record),
    )


def _start(
    laboratory: Laboratory,
    command: Sequence[str],
    modules: Sequence[str],
    *,
    is_flow: bool = False,
    stages: Sequence[str] = (),
) -> tuple[int, str, str, bool]:
    try:
        process = subprocess.Popen(
            command,
            cwd=laboratory.folder,
            env=_environment(laboratory, modules, stages, is_flow=is_flow),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise OptionError(
            f"--python {laboratory.python} cannot be started: {error.strerror}"
        ) from error
    timed_out = False
    try:
        out, err = process.communicate(timeout=laboratory.timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return (
        process.returncode,
        out.decode("utf-8", "surrogateescape"),
        err.decode("utf-8", "replace"),
        timed_out,
    )


def _environment(
    laboratory: Laboratory, modules: Sequence[str], stages: Sequence[str], *, is_flow: bool
) -> dict[str, str]:
    environment = dict(os.environ)
    environment.update(
        MPLBACKEND="Agg",
        MLSTAGES_RECORD=str(laboratory.scratch / "record"),
        MLSTAGES_MODULES=",".join(modules),
        MLSTAGES_STAGES=",".join(stages),
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONIOENCODING="utf-8",
        PYTHONUNBUFFERED="1",
        # The order in which threads add up changes the last bits from run to run.
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        MKL_NUM_THREADS="1",
    )
    if laboratory.is_fixed:
        environment.update(
            MLSTAGES_FIXED="1",
            PYTHONHASHSEED="0",
            SOURCE_DATE_EPOCH="1700000000",  # what matplotlib takes for the date of a file
            TMPDIR=str(laboratory.scratch / "temporary"),  # empty before each run
        )
    if is_flow:
        tool = str(laboratory.scratch / "tool")
        before = environment.get("PYTHONPATH")
        environment.update(
            PYTHONPATH=tool + (os.pathsep + before if before else ""),
            METAFLOW_DATASTORE_SYSROOT_LOCAL=str(laboratory.scratch / "metaflow"),
            METAFLOW_DEFAULT_DATASTORE="local",
            METAFLOW_DEFAULT_METADATA="local",
            METAFLOW_USER=environment.get("METAFLOW_USER", "mlstages"),
            USERNAME=environment.get("USERNAME", "mlstages"),
        )
        environment.pop("METAFLOW_DEFAULT_DECOSPECS", None)
    return environment


def _write(laboratory: Laboratory, name: str, text: str | None) -> None:
    if text is not None:
        (laboratory.folder / name).write_text(text, encoding="utf-8")


def _take_stock(laboratory: Laboratory) -> dict[str, int]:
    """Return when each file of the folder was last written to, before a run."""
    return {name: path.stat().st_mtime_ns for name, path in _files_of(laboratory)}


def _files_of(laboratory: Laboratory) -> Iterator[tuple[str, Path]]:
    for path in sorted(laboratory.folder.rglob("*")):
        inner = path.relative_to(laboratory.folder)
        if path.is_file() and not path.is_symlink() and not SKIPPED & set(inner.parts):
            yield str(inner), path


def _changed_files(
    laboratory: Laboratory, before: Mapping[str, int], own: set[str]
) -> dict[str, str]:
    """Return what a run wrote: digests of the files, also of those that became as they were."""
    after = {name: path for name, path in _files_of(laboratory) if name not in own}
    written = {
        name: sha256(path.read_bytes()).hexdigest()
        for name, path in after.items()
        if before.get(name) != path.stat().st_mtime_ns
    }
    return written | {name: "deleted" for name in before if name not in after and name not in own}
