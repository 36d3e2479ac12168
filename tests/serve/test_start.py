import subprocess
import sys
from pathlib import Path

import pytest

from servers import make_release, publish

HEAVY = {"numpy", "scipy", "sklearn", "metaflow", "polars", "pandas", "rich", "matplotlib"}
FRAMEWORKS = {"starlette", "fastapi", "pydantic", "websockets", "h11"}

LOADED = """
import os, signal, sys, threading
from mlstages.cli.entry import main
from mlstages.serve import launch
before = launch.serve_release
def serve_and_look(*arguments):
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
    before(*arguments)
    print(*sorted({name.partition(".")[0] for name in sys.modules}))
launch.serve_release = serve_and_look
sys.argv = ["mlstages", "serve", "--port", "0", "--drain", "0"]
sys.exit(main())
"""


def test_a_server_of_a_linear_release_loads_nothing_heavy(tmp_path, run_process):
    publish(tmp_path)
    finished = run_process([sys.executable, "-c", LOADED], tmp_path)
    assert finished.exit_code == 0, finished.stderr
    loaded = set(finished.stdout.split())
    assert {"uvicorn", "msgspec", "prometheus_client", "sqlite3"} <= loaded
    assert not loaded & (HEAVY | FRAMEWORKS)


@pytest.mark.parametrize("name", ["uvicorn", "msgspec", "prometheus_client"])
def test_without_the_extra_one_line_says_what_to_install(tmp_path, run_process, name):
    code = f"""
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == {name!r} else find(name, *rest)
from mlstages.cli.entry import main
sys.argv = ["mlstages", "serve"]
sys.exit(main())
"""
    finished = run_process([sys.executable, "-c", code], tmp_path)
    assert finished.exit_code == 3
    assert finished.stderr == (
        "error: mlstages serve needs the extra: pip install 'mlstages[serve]'\n"
    )


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux tells it")
def test_a_server_of_a_linear_release_is_small(tmp_path, start):
    publish(tmp_path, make_release())
    server = start(tmp_path)
    assert server.predict({"size": 3}).status == 200
    told = subprocess.run(
        ["grep", "^Pss:", f"/proc/{server.process.pid}/smaps_rollup"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(told.stdout.split()[1]) < 45_000
