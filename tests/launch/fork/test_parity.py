"""Each flow is run twice, as stock and with fork: what is kept and shown of it is the same."""

import shutil
import sys
from pathlib import Path

import pytest
from launch.fork.parity import FLOWS, Both, observe, run_both

ORCHESTRATOR_AND_ZYGOTE = 2


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("shapes")
    return run_both(
        FLOWS / "shapes.py",
        *("run", "--max-workers", "3", "--tag", "a tag", "--tag", "刺身", "--number", "4"),
        top=("--config-value", "config", '{"size": 2, "name": "bob"}'),
        folder=folder,
    )


def test_every_shape_of_graph_is_run_as_before(shapes: Both) -> None:
    assert shapes.differences() == []
    assert shapes.fork.successful


def test_no_interpreter_is_started_but_the_orchestrator_and_the_zygote(shapes: Both) -> None:
    assert len(shapes.fork.starts) == ORCHESTRATOR_AND_ZYGOTE
    assert len(shapes.stock.starts) == 1 + len(shapes.fork.tasks)


def test_a_task_sees_its_process_as_before(tmp_path: Path) -> None:
    both = run_both(FLOWS / "process.py", "run", folder=tmp_path)
    assert both.differences() == []
    assert len(both.fork.starts) == ORCHESTRATOR_AND_ZYGOTE


def test_a_task_sees_its_process_as_before_under_the_c_locale(tmp_path: Path) -> None:
    both = run_both(FLOWS / "process.py", "run", folder=tmp_path, LC_ALL="C", PYTHONWARNINGS="always")
    assert both.differences() == []
    assert len(both.fork.starts) == ORCHESTRATOR_AND_ZYGOTE


def test_decorators_do_what_they_did(tmp_path: Path) -> None:
    both = run_both(FLOWS / "decorated.py", "run", folder=tmp_path)
    assert both.differences() == []
    assert both.fork.successful
    assert sum(task.cards for task in both.fork.tasks) == 4
    # The step that is told OMP_NUM_THREADS is started anew; no card is.
    assert len(both.fork.starts) == ORCHESTRATOR_AND_ZYGOTE + 1


def test_what_a_task_leaves_behind_is_dealt_with_as_before(tmp_path: Path) -> None:
    both = run_both(FLOWS / "leftovers.py", "run", folder=tmp_path)
    assert both.differences() == []
    assert both.fork.successful


@pytest.mark.parametrize(
    "way",
    ["exception", "exit 3", "exit 300", "exit text", "exit none", "_exit 0", "_exit 5"]
    + ["segfault", "kill", "interrupt", "abort", "memory", "recursion", "fail at exit"]
    + ["fail in thread", "close streams"],
)
def test_a_task_ends_as_before(way: str, tmp_path: Path) -> None:
    both = run_both(FLOWS / "endings.py", "run", "--way", way, folder=tmp_path)
    assert both.differences() == []
