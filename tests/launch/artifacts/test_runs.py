"""Runs with ``@raw_artifacts`` beside runs without, read by a Metaflow that has no mlstages."""

import json
import random
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

FLOW = Path(__file__).with_name("large_flow.py")
READER = Path(__file__).with_name("read_artifacts.py")
RAW = ("--with", "raw_artifacts")
FORKED = ("--with", "fork")

# Of the run, not of its values: pathspecs and numbers that count processes or tasks.
OF_THE_RUN = re.compile(r"\.(_control_\w+|_task_ok|_success|_exception|_transition|table)$")


@dataclass(frozen=True)
class History:
    """A folder with a run of the flow in it."""

    folder: Path
    run_process: Callable

    def metaflow(self, *arguments):
        """Return the pathspec of a run, new or resumed, and how it ended."""
        id_file = self.folder / "id"
        id_file.unlink(missing_ok=True)
        command = [sys.executable, str(FLOW), "--no-pylint", *arguments]
        ran = self.run_process(
            [*command, "--run-id-file", str(id_file)], self.folder, METAFLOW_USER="ada"
        )
        return f"LargeFlow/{id_file.read_text()}", ran

    def succeed(self, *arguments):
        pathspec, ran = self.metaflow(*arguments)
        assert ran.exit_code == 0, ran.stdout + ran.stderr
        return pathspec

    def read(self, pathspec):
        """Return a digest of each artifact, read by a Metaflow that has no mlstages."""
        cache = {"METAFLOW_CLIENT_CACHE_PATH": str(self.folder / "cache")}
        command = [sys.executable, str(READER), pathspec]
        ran = self.run_process(command, self.folder, METAFLOW_USER="ada", **cache)
        assert ran.exit_code == 0, ran.stderr
        found = json.loads(ran.stdout)
        return {name: digest for name, digest in found.items() if not OF_THE_RUN.search(name)}

    def count_raw(self):
        metas = self.folder.rglob("data/*/*_meta")
        return sum(json.loads(meta.read_text())["cas_raw"] for meta in metas)


@pytest.fixture(scope="module")
def stock(tmp_path_factory, run_process):
    history = History(tmp_path_factory.mktemp("stock"), run_process)
    return history, history.succeed("run")


@pytest.fixture(scope="module")
def raw(tmp_path_factory, run_process):
    history = History(tmp_path_factory.mktemp("raw"), run_process)
    return history, history.succeed("run", *FORKED, *RAW)


@pytest.fixture(scope="module")
def expected(stock):
    history, pathspec = stock
    assert history.count_raw() == 0
    return history.read(pathspec)


def test_a_metaflow_without_mlstages_reads_equal_artifacts(raw, expected):
    history, pathspec = raw
    assert len(expected) > 100
    assert history.read(pathspec) == expected
    assert history.count_raw() > 10


def test_a_metaflow_without_the_decorator_resumes_the_run(raw, expected):
    history, pathspec = raw
    resumed = history.succeed("resume", "left", "--origin-run-id", pathspec.split("/")[1], *FORKED)
    assert history.read(resumed) == expected


def test_a_run_without_the_decorator_is_resumed_with_it(stock, expected):
    history, pathspec = stock
    run_id = pathspec.split("/")[1]
    resumed = history.succeed("resume", "part_them", "--origin-run-id", run_id, *RAW)
    assert history.read(resumed) == expected


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = random.Random(42)
    path = tmp_path_factory.mktemp("table") / "table.txt"
    path.write_text("".join(f"{rng.random()}\n" for _ in range(50_000)))
    return path


@pytest.fixture(scope="module")
def failed(stock, table):
    """Return how runs end that include a table and fail at an artifact: without, and with it."""
    history, _pathspec = stock
    words = ("run", f"--table={table}", "--unpicklable", "True")
    return [history.metaflow(*words, *options)[1] for options in ((), RAW)]


def test_an_artifact_that_cannot_be_pickled_fails_with_metaflows_words(failed):
    said = []
    for ran in failed:
        assert ran.exit_code == 1
        lines = (ran.stdout + ran.stderr).splitlines()
        said.append([line.partition(")] ")[2] for line in lines if "pickle" in line])
    assert said[0] == said[1]
    assert any("lock" in line for line in said[0])


@pytest.mark.usefixtures("failed")
def test_an_included_file_is_kept_raw_if_compressing_is_not_worth_it(stock, table):
    history, _pathspec = stock
    (kept,) = history.folder.rglob("*.raw")
    assert kept.read_bytes() == table.read_bytes()
    code = f"""
from metaflow import Flow
included = next(iter(Flow("LargeFlow")))["start"].task.data.table
assert included == open({str(table)!r}).read()
"""
    ran = history.run_process([sys.executable, "-c", code], history.folder, METAFLOW_USER="ada")
    assert ran.exit_code == 0, ran.stderr
