"""The log of releases: what counts, what is taken back, and what a crash leaves."""

import json
import subprocess
import sys

import pytest

from mlstages.errors import RunNotFoundError, RunUnusableError
from mlstages.flow_name import DEFAULT_FLOW
from mlstages.release.linear import LinearForm, Term
from mlstages.release.log import Action, ReleaseLog, choose_released_flow
from mlstages.release.places import find_history
from mlstages.release.released import Released
from mlstages.release.schema import Field, Schema

RELEASED = Released(
    number=0,
    run="F/1",
    who="ada",
    when="2026-01-01T00:00:00+00:00",
    why="9 checks passed",
    forced=False,
    checks=({"says": "x", "passed": True},),
    metrics={"mse": 1.0},
    baseline={"mse": 2.0},
    data_sha256=None,
    is_classifier=False,
    schema=Schema(
        fields=(Field(name="size", kind="numeric", low=0.0, high=1.0),),
        target=Field(name="price", kind="numeric"),
    ),
    container="numbers",
    n_train=10,
    error_range=(-1.0, 1.5),
    form=LinearForm(terms=(Term(field=0, coefficient=2.0),), intercept=0.1),
    examples=(([0.5], 1.1),),
)


@pytest.fixture
def log(tmp_path):
    return ReleaseLog(tmp_path / ".metaflow", "F")


def undo(log):
    return log.undo(who="ada", when="2026-01-02T00:00:00+00:00", why="it is off")


def test_nothing_is_released_at_first(log):
    assert log.find_current() is None
    assert log.read_entries() == ()
    with pytest.raises(RunNotFoundError, match="no release of F to take back"):
        undo(log)


def test_the_only_released_flow_is_meant_where_none_is_named(log, tmp_path):
    history = tmp_path / ".metaflow"
    assert choose_released_flow(history) == DEFAULT_FLOW
    log.publish(RELEASED)
    assert choose_released_flow(history) == "F"
    assert choose_released_flow(history, "Other") == "Other"
    ReleaseLog(history, "G").publish(RELEASED)
    assert choose_released_flow(history) == DEFAULT_FLOW


def test_the_newest_release_counts_and_is_read_back_whole(log):
    from dataclasses import replace

    log.publish(RELEASED)
    second = log.publish(replace(RELEASED, run="F/2"))
    assert second == replace(RELEASED, run="F/2", number=2)
    assert log.find_current() == 2
    assert log.read(1) == replace(RELEASED, number=1)


def test_undo_goes_back_and_further_back(log):
    for _ in range(3):
        log.publish(RELEASED)
    assert undo(log).number == 3
    assert log.find_current() == 2
    undo(log)
    assert log.find_current() == 1
    assert log.publish(RELEASED).number == 4
    undo(log)
    assert log.find_current() == 1
    undo(log)
    assert log.find_current() is None
    assert [entry.action for entry in log.read_entries()][-1] is Action.UNDO


def test_a_line_that_was_cut_off_counts_as_none_and_is_mended_by_the_next(log):
    log.publish(RELEASED)
    with log.path.open("a") as file:
        file.write('{"action": "undo", "num')
    assert log.find_current() == 1
    log.publish(RELEASED)
    assert [entry.number for entry in log.read_entries()] == [1, 2]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-20],
        lambda text: "",
        lambda text: json.dumps({"format": 1}),
        lambda text: text.replace('"format": 1', '"format": 9'),
    ],
)
def test_a_damaged_release_is_said(log, damage):
    log.publish(RELEASED)
    path = log.folder / "0001.json"
    path.write_text(damage(path.read_text()))
    with pytest.raises(RunUnusableError, match=r"release 1 of F .*release the run again"):
        log.read(1)


def test_two_who_release_at_once_both_get_a_number(log, tmp_path):
    code = f"""
from pathlib import Path
from mlstages.release.log import ReleaseLog
from mlstages.release.released import Released
import json, sys
log = ReleaseLog(Path({str(tmp_path / ".metaflow")!r}), "F")
released = Released.from_dict(json.loads(sys.stdin.read()))
for _ in range(20):
    log.publish(released)
"""
    given = json.dumps(RELEASED.to_dict())
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        process.stdin.write(given)
        process.stdin.close()
    assert [process.wait() for process in both] == [0, 0]
    assert [entry.number for entry in log.read_entries()] == list(range(1, 41))


def test_the_history_is_the_one_that_metaflow_takes(tmp_path, monkeypatch):
    code = "from mlstages.launch.history import find_history; print(find_history())"

    def ask_metaflow(folder, **environment):
        import os

        found = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return found.stdout.strip()

    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert str(find_history()) == ask_metaflow(below) == str(below / ".metaflow")
    (tmp_path / ".metaflow").mkdir()
    assert str(find_history()) == ask_metaflow(below) == str(tmp_path / ".metaflow")
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.json").write_text(
        json.dumps({"METAFLOW_DATASTORE_SYSROOT_LOCAL": str(tmp_path / "set")})
    )
    monkeypatch.setenv("METAFLOW_HOME", str(home))
    expected = str(tmp_path / "set" / ".metaflow")
    assert str(find_history()) == ask_metaflow(below, METAFLOW_HOME=str(home)) == expected
    monkeypatch.setenv("METAFLOW_DATASTORE_SYSROOT_LOCAL", str(tmp_path / "other"))
    assert str(find_history()) == str(tmp_path / "other" / ".metaflow")
