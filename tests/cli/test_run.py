"""``mlstages run``: Metaflow's own run of any flow, in one process and its forks."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

MLSTAGES = str(Path(sys.executable).with_name("mlstages"))
FLOW = """
import signal
import sys
import time

from metaflow import FlowSpec, Parameter, step


def is_ignored(number):
    return isinstance(number, signal.Signals) and signal.getsignal(number) is signal.SIG_IGN


class AnyFlow(FlowSpec):
    text = Parameter("text", default="nothing")
    way = Parameter("way", default="end")

    @step
    def start(self):
        print("said:", self.text)
        self.next(self.end)

    @step
    def end(self):
        if self.way == "fail":
            raise ValueError("not today")
        if self.way == "signals":
            print("ignored:", *(n.name for n in signal.valid_signals() if is_ignored(n)))
        if self.way == "wait":
            print("waiting")
            time.sleep(60)


if __name__ == "__main__":
    AnyFlow()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    (folder / "any_flow.py").write_text(FLOW)
    return folder


def run(folder, *arguments):
    return subprocess.run(
        [MLSTAGES, "run", *arguments],
        cwd=folder,
        env=os.environ | {"USERNAME": "ada"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def test_options_go_where_metaflow_wants_them_and_parameters_to_the_flow(folder):
    options = ("--max-workers", "1", "--datastore=local", "--text", "a b", "--tag", "here")
    ran = run(folder, "any_flow.py", *options)
    assert ran.returncode == 0, ran.stderr
    assert "said: a b" in ran.stdout
    assert ran.stdout.rstrip().endswith("Done!")
    listed = subprocess.run(
        [MLSTAGES, "runs", "--tag", "here", "--user", "ada", "--json"],  # of the only flow here
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert [found["state"] for found in json.loads(listed.stdout)] == ["successful"]


def test_a_module_beside_the_flow_wins_over_one_that_the_command_line_has_imported(tmp_path):
    flow = FLOW.replace("import time\n", "import time\n\nimport typer\n")
    (tmp_path / "any_flow.py").write_text(flow.replace("self.text)", "typer.WHOSE)"))
    (tmp_path / "typer.py").write_text('WHOSE = "its own"\n')
    ran = run(tmp_path, "any_flow.py")
    assert "said: its own" in ran.stdout


def test_the_exit_codes_are_metaflows_and_a_missing_file_is_told(folder):
    failed = run(folder, "any_flow.py", "--way", "fail")
    assert failed.returncode == 1
    assert "not today" in failed.stdout
    refused = run(folder, "any_flow.py", "--no-such-option")
    assert refused.returncode == 2
    assert "no such option: --no-such-option" in refused.stderr
    missing = run(folder, "missing.py")
    assert missing.returncode == 3
    assert missing.stderr == "error: missing.py does not exist: give the file of a flow\n"
    (folder / "script.py").write_text("print(1)\n")
    script = run(folder, "script.py")
    assert (script.returncode, script.stdout) == (3, "")
    assert "script.py is no flow" in script.stderr


def test_what_is_reused_is_explained(folder):
    first = run(folder, "any_flow.py", "--reuse", "--text", "x")
    assert first.returncode == 0
    assert "not forked" not in first.stdout + first.stderr
    explained = run(folder, "any_flow.py", "--reuse", "--explain", "--json", "--text", "x")
    assert explained.returncode == 0, explained.stderr
    told = json.loads(explained.stdout)
    assert [(task["step"], task["is_reused"]) for task in told["tasks"]] == [
        ("start", True),
        ("end", True),
    ]
    assert told["run"].startswith("AnyFlow/")
    table = run(folder, "any_flow.py", "--reuse", "--explain", "--text", "y").stdout
    assert "no" in table.splitlines()[3].split()
    alone = run(folder, "any_flow.py", "--explain")
    assert alone.returncode == 2
    assert "--explain says what was reused: give --reuse, too" in alone.stderr


@pytest.mark.parametrize("command", [[MLSTAGES, "run"], [sys.executable]], ids=["run", "stock"])
def test_a_task_ignores_what_was_ignored_when_the_command_began(folder, command):
    ignoring = ["sh", "-c", "trap '' HUP INT QUIT; exec \"$@\"", "sh", *command, "any_flow.py"]
    words = [*([] if MLSTAGES in command else ["run"]), "--way", "signals"]
    ran = subprocess.run(
        [*ignoring, *words],
        cwd=folder,
        env=os.environ | {"USERNAME": "ada"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert "ignored: SIGHUP SIGINT SIGQUIT SIGPIPE SIGXFSZ" in ran.stdout, ran.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_no_process(folder, number):
    process = subprocess.Popen(
        [MLSTAGES, "run", "any_flow.py", "--way", "wait"],
        cwd=folder,
        env=os.environ | {"USERNAME": "ada"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert any("waiting" in line for line in process.stdout)
    processes = psutil.Process(process.pid).children(recursive=True)
    assert len(processes) >= 2  # a warm process and a task
    process.send_signal(number)
    process.stdout.close()
    assert process.wait() != 0
    _gone, alive = psutil.wait_procs(processes, timeout=10)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
