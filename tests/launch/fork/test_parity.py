"""Each flow is run twice, as stock and with fork: what is kept and shown of it is the same."""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from launch.fork.parity import FLOWS, Both, Seen, observe, open_run, run_both

ORCHESTRATOR_AND_ZYGOTE = 2


@pytest.fixture(scope="module")
def shapes_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shapes")


@pytest.fixture(scope="module")
def shapes(shapes_folder: Path) -> Both:
    return run_both(
        FLOWS / "shapes.py",
        *("run", "--max-workers", "3", "--tag", "a tag", "--tag", "刺身", "--number", "4"),
        top=("--config-value", "config", '{"size": 2, "name": "bob"}'),
        folder=shapes_folder,
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
    both = run_both(
        FLOWS / "process.py", "run", folder=tmp_path, LC_ALL="C", PYTHONWARNINGS="always"
    )
    assert both.differences() == []
    assert len(both.fork.starts) == ORCHESTRATOR_AND_ZYGOTE


@pytest.fixture
def warning_libraries(tmp_path: Path) -> Path:
    """Return a folder with libraries that warn, one of them within the import of Metaflow."""
    folder = tmp_path / "libraries"
    (folder / "seaborn").mkdir(parents=True)
    warn = "import warnings\nwarnings.warn('{0} is old', {1}, stacklevel={2})\n"
    (folder / "networkx.py").write_text(warn.format("networkx", "FutureWarning", 1))
    (folder / "plotly.py").write_text(warn.format("plotly", "UserWarning", 2))
    (folder / "seaborn" / "__init__.py").write_text("")
    (folder / "seaborn" / "palettes.py").write_text(warn.format("palettes", "UserWarning", 1))
    # Metaflow's copy of PyYAML asks for it; the one of PyYAML warns as well.
    old = warn.format("_yaml", "DeprecationWarning", 1) + "class CParser: ...\n"
    (folder / "_yaml.py").write_text(old + "class CEmitter: ...\n")
    return folder


@pytest.mark.parametrize("shown", ["default", "always", "ignore"])
def test_a_task_warns_when_it_imports_what_warns(
    warning_libraries: Path, tmp_path: Path, shown: str
) -> None:
    settings = {"MORE_PATHS": str(warning_libraries), "PYTHONWARNINGS": shown}
    both = run_both(FLOWS / "warned.py", "run", folder=tmp_path, **settings)
    assert both.differences() == []
    assert both.fork.successful
    assert len(both.fork.starts) == ORCHESTRATOR_AND_ZYGOTE
    said = "".join(text for task in both.fork.tasks for text in task.stderr)
    tasks_that_say = {"_yaml": 4, "networkx": 4, "palettes": 1, "plotly": 1}
    if shown == "ignore":
        tasks_that_say = dict.fromkeys(tasks_that_say, 0)
    assert {
        name: said.count(f"Warning: {name} is old") for name in tasks_that_say
    } == tasks_that_say


def test_what_is_ignored_when_a_run_begins_is_ignored_by_its_tasks(tmp_path: Path) -> None:
    ignoring = ("sh", "-c", "trap '' HUP INT QUIT TERM; exec \"$@\"", "sh")
    both = run_both(FLOWS / "process.py", "run", folder=tmp_path, below=ignoring)
    assert both.differences() == []
    assert len(both.fork.starts) == ORCHESTRATOR_AND_ZYGOTE
    start = next(task for task in both.fork.tasks if task.step == "start")
    assert f"{signal.SIGINT.value}: '{signal.SIG_IGN!r}'" in start.artifacts["signals_"]


def test_decorators_do_what_they_did(tmp_path: Path) -> None:
    both = run_both(FLOWS / "decorated.py", "run", folder=tmp_path)
    assert both.differences() == []
    assert both.fork.successful
    assert sum(task.cards for task in both.fork.tasks) == 4
    # The step that is told OMP_NUM_THREADS is started anew; no card is.
    assert len(both.fork.starts) == ORCHESTRATOR_AND_ZYGOTE + 1


def test_parallel_nodes_are_started_as_before(tmp_path: Path) -> None:
    # Metaflow starts the further nodes by "python", whichever that is.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    both = run_both(FLOWS / "parallel_nodes.py", "run", folder=tmp_path, PATH=path)
    assert both.differences() == []
    assert both.fork.successful


def test_what_a_task_leaves_behind_is_dealt_with_as_before(tmp_path: Path) -> None:
    both = run_both(FLOWS / "leftovers.py", "run", folder=tmp_path)
    assert both.differences() == []
    assert both.fork.successful


WAYS = (
    *("exception", "exit 3", "exit 300", "exit text", "exit none", "_exit 0", "_exit 5"),
    *("segfault", "kill", "interrupt", "abort", "memory", "recursion", "fail at exit"),
    *("fail in thread", "close streams", "leave unfinished"),
)


@pytest.mark.parametrize("way", WAYS)
def test_a_task_ends_as_before(way: str, tmp_path: Path) -> None:
    both = run_both(FLOWS / "endings.py", "run", "--way", way, folder=tmp_path)
    assert both.differences() == []


@pytest.fixture
def placed(tmp_path: Path) -> Path:
    """Return a flow in a folder of its own, which a link leads to."""
    folder = tmp_path / "ä folder"
    folder.mkdir()
    shutil.copy(FLOWS / "placed.py", folder / "the_flow.py")
    for name in ("launch", "request", "code"):
        (folder / f"{name}.py").write_text("WHOSE = 'the flow\\'s'\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "fläw.py").symlink_to(folder / "the_flow.py")
    return tmp_path


@pytest.mark.parametrize(
    ("current", "flow"),
    [("", "ä folder/the_flow.py"), ("ä folder", "the_flow.py"), ("", "./elsewhere/fläw.py")],
    ids=["a flow in another folder", "a flow in the current folder", "a link to a flow"],
)
def test_a_flow_finds_itself_and_its_modules_as_before(
    placed: Path, current: str, flow: str
) -> None:
    both = run_both(Path(flow), "run", folder=placed / current)
    assert both.differences() == []
    assert both.fork.successful


@pytest.mark.parametrize("name", ["types", "select", "queue"])
def test_a_module_of_the_flow_named_like_one_of_python_is_found_as_before(
    placed: Path, name: str
) -> None:
    (placed / "ä folder" / f"{name}.py").write_text("WHOSE = 'the flow\\'s'\n")
    both = run_both(Path("the_flow.py"), "run", folder=placed / "ä folder")
    assert both.differences() == []


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Seen]:
    folder = tmp_path_factory.mktemp("drawing")
    shutil.copy(FLOWS / "drawing.py", folder)
    environment = {"METAFLOW_DEFAULT_DECOSPECS": "fork"}
    return folder, observe(["drawing.py", "--no-pylint", "run"], folder, **environment)


def test_no_two_tasks_share_a_random_state(drawn: tuple[Path, Seen]) -> None:
    folder, seen = drawn
    tasks = open_run(seen.pathspec, folder)["join"].task["all"].data
    for numbers in list(zip(*tasks, strict=True))[:-1]:
        assert len(set(numbers)) == len(tasks), numbers


def test_the_default_decorators_of_the_settings_fork(drawn: tuple[Path, Seen]) -> None:
    assert len(drawn[1].starts) == ORCHESTRATOR_AND_ZYGOTE


def test_a_flow_file_that_is_edited_during_its_run_is_read_again(drawn: tuple[Path, Seen]) -> None:
    (middle,) = (task for task in drawn[1].tasks if task.step == "middle")
    assert middle.stdout == ("edited\n",)


@pytest.mark.parametrize("step", ["start", "draw", "join", "middle", "end"])
def test_a_run_is_resumed_from_each_step(drawn: tuple[Path, Seen], step: str) -> None:
    folder, seen = drawn
    origin = seen.pathspec.partition("/")[2]
    command = ["drawing.py", "--no-pylint", "resume", step, "--origin-run-id", origin]
    resumed = observe([*command, "--with", "fork"], folder)
    assert resumed.successful
    assert len(resumed.starts) <= ORCHESTRATOR_AND_ZYGOTE


def test_a_step_is_spun_as_before(shapes: Both, shapes_folder: Path) -> None:
    command = [str(FLOWS / "shapes.py"), "--no-pylint", "spin", "inner"]
    stock = observe(command, shapes_folder, run_id_file=False)
    settings = {"METAFLOW_DEFAULT_DECOSPECS": "fork"}
    forked = observe(command, shapes_folder, run_id_file=False, **settings)
    assert (forked.exit_code, forked.stdout, forked.stderr) == (0, stock.stdout, stock.stderr)


def test_metaflows_runner_forks(shapes_folder: Path) -> None:
    program = (
        "from metaflow import Runner\n"
        f"with Runner({str(FLOWS / 'shapes.py')!r}, pylint=False).run(decospecs=['fork']) as ran:\n"
        "    print(ran.status, ran.run.finished_at is not None, len(list(ran.run)))\n"
    )
    seen = observe(["-c", program], shapes_folder, run_id_file=False)
    assert seen.stdout[-1] == "successful True 11", seen.console
    assert len(seen.starts) == ORCHESTRATOR_AND_ZYGOTE + 1
