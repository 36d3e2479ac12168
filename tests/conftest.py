"""What many tests need: a command as a real process, and one run of the flow for all."""

import contextlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import pytest
from hypothesis import settings

from mlstages.cli.app import main

# The first example pays for imports; the same examples each time keep CI's verdict stable.
settings.register_profile("mlstages", deadline=None, derandomize=True)
settings.load_profile("mlstages")

REPOSITORY = Path(__file__).parent.parent
_LONG = (
    *("tests/test_documentation.py", "tests/launch/reuse/", "tests/launch/artifacts/test_runs.py"),
    *("tests/launch/fork/test_parity.py", "tests/stages/test_killed.py"),
    *("tests/stages/test_tuning.py", "tests/test_sentiment.py"),
)
_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)


def pytest_configure() -> None:
    # A shell has what it starts in the background ignore SIGINT, and so all that tests start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have each worker begin with what takes long: at the end it would leave others idle."""
    n_workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [[item for item in items if item.nodeid.startswith(place)] for place in _LONG]
    others = iter([item for item in items if not item.nodeid.startswith(_LONG)])
    dealt: list[pytest.Item] = []
    for worker in range(n_workers):
        size = (len(items) - len(dealt)) // (n_workers - worker)
        first = list(chain.from_iterable(long[worker::n_workers]))
        dealt += [*first, *islice(others, max(0, size - len(first)))]
    items[:] = [*dealt, *others]


@dataclass(frozen=True)
class Finished:
    """A process that has ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> object:
        return json.loads(self.stdout)

    @property
    def error(self) -> str:
        """The message after ``error:``, which ends stderr."""
        _before, found, message = self.stderr.partition("error: ")
        assert found, f"no error on stderr:\n{self.stderr}"
        return message.strip()


def run_process(command: list[str], folder: Path, **environment: str) -> Finished:
    """Run a command in a folder with a bare environment, as on a fresh machine."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    finished = subprocess.run(
        command,
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
    return Finished(finished.returncode, finished.stdout, finished.stderr)


@pytest.fixture(scope="session", name="run_process")
def _run_process() -> Callable[..., Finished]:
    return run_process


@pytest.fixture
def mlstages(tmp_path: Path) -> Callable[..., Finished]:
    """Run ``mlstages ARGUMENTS`` in an empty folder (or another one)."""

    def run(*arguments: str, folder: Path = tmp_path, **environment: str) -> Finished:
        command = [sys.executable, "-m", "mlstages", *arguments]
        return run_process(command, folder, **environment)

    return run


@pytest.fixture
def mlstages_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finished]:
    """Run ``mlstages ARGUMENTS`` in this process, which has scikit-learn loaded already.

    For a stage of functions that is to be run many times: a process of its own for each
    proves no more, and takes a second or two. What a process alone can prove (its exit, its
    streams, its imports, signals) is for `mlstages`.
    """

    def run(*arguments: str) -> Finished:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        root = logging.getLogger()
        before = root.handlers[:], {number: signal.getsignal(number) for number in _HANDLED}
        root.handlers.clear()  # so that this command logs to its own stderr
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            patch.setattr(sys, "argv", ["mlstages", *arguments])
            try:
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    exit_code = main()
            finally:
                root.handlers[:] = before[0]
                for number, handler in before[1].items():
                    signal.signal(number, handler)
        printed = []
        for stream in (out, err):
            stream.flush()
            printed.append(stream.buffer.getvalue().decode())
        return Finished(exit_code, *printed)

    return run


@dataclass(frozen=True)
class FlowRun:
    """``mlstages flow --json``, run once, and the folder that has its history."""

    folder: Path
    finished: Finished


@pytest.fixture(scope="session")
def flow_run(tmp_path_factory: pytest.TempPathFactory) -> FlowRun:
    folder = tmp_path_factory.mktemp("flow")
    command = [sys.executable, "-m", "mlstages", "flow", "--json"]
    return FlowRun(folder, run_process(command, folder))


@pytest.fixture(scope="session")
def plain_metaflow(flow_run: FlowRun) -> Callable[..., Finished]:
    """Run ``python flow.py ARGUMENTS``, as users of Metaflow do, beside the run above."""
    flow_file = REPOSITORY / "src" / "mlstages" / "stages" / "flow.py"

    def run(*arguments: str) -> Finished:
        command = [sys.executable, str(flow_file), "--no-pylint", *arguments]
        return run_process(command, flow_run.folder)

    return run


@pytest.fixture
def in_history(flow_run: FlowRun, monkeypatch: pytest.MonkeyPatch) -> FlowRun:
    """Change to the folder that has the run of `flow_run` in its history."""
    monkeypatch.chdir(flow_run.folder)
    return flow_run


@dataclass(frozen=True)
class Editorials:
    """The table that scripts/get_editorials.py has written, and what it said."""

    path: Path
    stderr: str


@pytest.fixture(scope="session")
def editorials(tmp_path_factory: pytest.TempPathFactory) -> Editorials:
    folder = tmp_path_factory.mktemp("editorials")
    command = [sys.executable, str(REPOSITORY / "scripts" / "get_editorials.py")]
    # With the whole environment: pip's index may be configured there.
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
    assert ran.returncode == 0, ran.stderr
    return Editorials(folder / "editorials.tsv", ran.stderr)
