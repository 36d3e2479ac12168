"""A history with runs of a small flow: of two users, successful, failed, killed, replayed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlstages.launch.code import SETTING

SMALL_FLOW = Path(__file__).with_name("small_flow.py")


@dataclass(frozen=True)
class SmallHistory:
    """The folder, and the run ids by what each is for."""

    folder: Path
    flow_file: Path
    ids: dict[str, str]

    def pathspec(self, name: str) -> str:
        return f"SmallFlow/{self.ids[name]}"


def start_small_flow(
    folder: Path, user: str, *arguments: str, keep_code: bool = True
) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "small_flow.py", "--no-pylint", *arguments, "--run-id-file", "run_id"],
        cwd=folder,
        env=environment | {"METAFLOW_USER": user} | ({SETTING: "1"} if keep_code else {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="session")
def small_history(tmp_path_factory: pytest.TempPathFactory) -> SmallHistory:
    folder = tmp_path_factory.mktemp("small")
    flow_file = folder / "small_flow.py"
    shutil.copy(SMALL_FLOW, flow_file)
    ids = {}
    run_id = folder / "run_id"

    def run(name: str, user: str, *arguments: str) -> None:
        start_small_flow(folder, user, "run", *arguments).wait()
        ids[name] = run_id.read_text()
        run_id.unlink()

    run("first", "ada", "--tag", "good")
    run("more", "ada", "--count", "21")
    run("failed", "ada", "--way", "fail")
    run("of bob", "bob")
    killed = start_small_flow(folder, "ada", "run", "--way", "wait")
    steps = folder / ".metaflow" / "SmallFlow"
    begun = "middle/*/_meta/_self.json"
    wait_for(lambda: run_id.exists() and any((steps / run_id.read_text()).glob(begun)))
    kill_group(killed)
    ids["killed"] = run_id.read_text()
    return SmallHistory(folder, flow_file, ids)


@pytest.fixture
def in_small_history(small_history: SmallHistory, monkeypatch: pytest.MonkeyPatch) -> SmallHistory:
    """Change to its folder, as ada."""
    monkeypatch.chdir(small_history.folder)
    monkeypatch.setenv("USERNAME", "ada")
    return small_history
