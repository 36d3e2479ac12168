"""Warm processes that die take no run with them; a run that is stopped leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from launch.fork.parity import FLOWS, observe

FAULTS = Path(__file__).parents[3] / "scripts" / "fork_faults.py"
ORCHESTRATOR_AND_ZYGOTE = 2
TASKS = 3

# A library that only a warm process fails to import, which begins by "python -c".
HARMFUL = """
import os, sys
if sys.orig_argv[1] == "-c":
    {harm}
"""


@pytest.fixture
def libraries(tmp_path: Path) -> Path:
    (tmp_path / "libraries").mkdir()
    (tmp_path / "libraries" / "networkx.py").write_text("")
    return tmp_path / "libraries"


def run_killing_flow(libraries: Path, spared: int) -> int:
    """Return how many interpreters were started."""
    command = [str(FLOWS / "killing.py"), "--no-pylint", "run", "--with", "fork"]
    seen = observe([*command, "--spared", str(spared)], libraries.parent, MORE_PATHS=str(libraries))
    assert seen.successful, seen.console
    return len(seen.starts)


def test_children_that_die_while_they_wait_are_replaced(libraries: Path) -> None:
    assert run_killing_flow(libraries, spared=2) == ORCHESTRATOR_AND_ZYGOTE


def test_without_warm_processes_tasks_are_started_one_by_one(libraries: Path) -> None:
    assert run_killing_flow(libraries, spared=0) == ORCHESTRATOR_AND_ZYGOTE + TASKS - 1


@pytest.mark.parametrize(
    "harm", ["os.kill(os.getpid(), 11)", "os._exit(0)", "raise ValueError", "sys.exit(1)"]
)
def test_a_library_that_a_warm_process_cannot_import_stops_no_run(
    libraries: Path, harm: str
) -> None:
    (libraries / "networkx.py").write_text(HARMFUL.format(harm=harm))
    assert run_killing_flow(libraries, spared=9) <= ORCHESTRATOR_AND_ZYGOTE + 1


@pytest.mark.parametrize("seed", [1, 2])
def test_no_task_is_run_twice_and_nothing_is_left(seed: int) -> None:
    # Signals at random moments are for the script itself; tests/cli/test_run.py has fixed ones.
    options = ["--kills", "1", "--signals", "0", "--tasks", "12", "--seed", str(seed)]
    done = subprocess.run([sys.executable, FAULTS, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
