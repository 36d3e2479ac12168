"""Going on with runs and running them again, for real; each in a copy of the history."""

import re
import shutil
from pathlib import Path

import metaflow
import pytest
from tests.runs.conftest import SMALL_FLOW, kill_group, start_small_flow, wait_for

from mlstages import diff_runs, list_runs, replay_run, resume_run, show_run
from mlstages.errors import (
    FileError,
    FlowFileError,
    RunFailedError,
    RunNotFoundError,
    RunUnusableError,
)


@pytest.fixture
def copied(small_history, tmp_path, monkeypatch):
    """A copy of the history, so that new runs do not disturb other tests."""
    folder = tmp_path / "copy"
    shutil.copytree(small_history.folder, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("USERNAME", "ada")
    return small_history


def test_the_newest_unsuccessful_run_is_gone_on_with_once(copied, tmp_path, caplog):
    flow_file = tmp_path / "copy" / "small_flow.py"
    with pytest.raises(RunFailedError, match="not mended yet"):
        resume_run(flow_file, copied.pathspec("failed"))
    (tmp_path / "copy" / "mended").touch()
    resumed = show_run(resume_run(flow_file, copied.ids["killed"]), log=True)
    assert resumed.summary.state == "successful"
    assert resumed.summary.parameters == {"count": 1, "way": "wait"}
    assert {a.name: a.preview for a in resumed.artifacts}["numbers"] == "[2, 2, 2]"
    # What had succeeded was taken over.
    first, second, *_ = (metaflow.Run(resumed.summary.run)[one.step] for one in resumed.steps)
    assert "origin-task-id" in first.task.metadata_dict
    assert "origin-task-id" not in second.task.metadata_dict
    with caplog.at_level("INFO", logger="mlstages"):
        newest = resume_run(flow_file)
    (failed_again,) = (run for run in list_runs("SmallFlow", status="failed")[:1])
    assert f"going on with {failed_again.run}" in caplog.messages
    assert failed_again.run != copied.pathspec("failed")
    assert show_run(newest).summary.parameters["way"] == "fail"
    with pytest.raises(RunNotFoundError, match=f"{failed_again.run} is the(?s:.*){newest} is succ"):
        resume_run(flow_file)


def test_another_attempt_from_the_same_origin_is_enough(copied, tmp_path):
    flow_file = tmp_path / "copy" / "small_flow.py"
    with pytest.raises(RunFailedError, match="not mended yet"):
        resume_run(flow_file, copied.pathspec("failed"))
    (tmp_path / "copy" / "mended").touch()
    other_attempt = resume_run(flow_file, copied.pathspec("failed"))
    with pytest.raises(RunNotFoundError, match=f"it was gone on with: {other_attempt} is succ"):
        resume_run(flow_file)


def test_a_run_that_somebody_goes_on_with_is_left_to_them_until_they_fail(copied, caplog):
    folder = Path.cwd()
    (folder / "run_id").unlink()
    others = start_small_flow(folder, "bob", "resume", "--origin-run-id", copied.ids["killed"])
    waiting = folder / ".metaflow" / "SmallFlow"
    wait_for((folder / "run_id").exists)
    bobs = f"SmallFlow/{(folder / 'run_id').read_text()}"
    wait_for(lambda: any((waiting / bobs.partition("/")[2]).glob("middle/*/_meta/_self.json")))
    try:
        with pytest.raises(RunNotFoundError, match=f"{bobs} is running"):
            resume_run(folder / "small_flow.py")
    finally:
        kill_group(others)
    (folder / "mended").touch()
    with caplog.at_level("INFO", logger="mlstages"):
        resume_run(folder / "small_flow.py")
    assert f"going on with {bobs}" in caplog.messages


def test_where_nothing_can_be_gone_on_with_it_is_said_why(copied, tmp_path):
    flow_file = tmp_path / "copy" / "small_flow.py"
    with pytest.raises(RunNotFoundError, match="no run SmallFlow/1 in "):
        resume_run(flow_file, "1")
    with pytest.raises(FileError, match=r"nothing\.py does not exist"):
        resume_run(flow_file.with_name("nothing.py"))
    (tmp_path / "copy" / "no_flow.py").write_text("print('hello flow')\n")
    with pytest.raises(FlowFileError, match=r"no_flow\.py is no flow(?s:.*)hello"):
        resume_run(flow_file.with_name("no_flow.py"))
    (tmp_path / "copy" / "script.py").write_text("print('hello')\n")
    with pytest.raises(FlowFileError, match=r"script\.py is no flow: give"):
        resume_run(flow_file.with_name("script.py"))
    with pytest.raises(FileError, match=r"nothing\.py does not exist"):
        replay_run(copied.ids["first"], code=Path("nothing.py"), flow_name="SmallFlow")
    with pytest.raises(RunNotFoundError, match="has no step 'nothing': its flow has start, mid"):
        resume_run(flow_file, copied.ids["failed"], step="nothing")
    steps = tmp_path / "copy" / ".metaflow" / "SmallFlow" / copied.ids["failed"]
    for step in steps.iterdir():
        shutil.rmtree(step) if step.is_dir() and step.name != "_meta" else None
    with pytest.raises(RunUnusableError, match="ended before its parameters were kept"):
        resume_run(flow_file, copied.ids["failed"])


def test_a_replay_uses_the_recorded_code_and_is_never_latest(copied, tmp_path):
    flow_file = tmp_path / "copy" / "small_flow.py"
    flow_file.write_text("raise SystemExit('the code of today is broken')\n")
    replay = replay_run(copied.pathspec("more"))
    assert replay.identical
    assert replay.likely_causes == ()
    assert replay.diff.n_equal == 4
    assert replay.of == copied.pathspec("more")
    (tagged,) = list_runs("SmallFlow", tag=f"replay:{copied.ids['more']}")
    assert tagged.run == replay.run
    assert show_run("latest", flow_name="SmallFlow").summary.run == copied.pathspec("more")


def test_a_replay_with_other_code_names_the_code_as_likely_cause(copied, tmp_path):
    flow_file = tmp_path / "copy" / "small_flow.py"
    changed = tmp_path / "changed_flow.py"
    changed.write_text(flow_file.read_text().replace("self.count * 2", "self.count * 3"))
    replay = replay_run(copied.pathspec("first"), code=changed)
    assert not replay.identical
    assert {a.name for a in replay.diff.artifacts} == {"doubled", "numbers"}
    assert replay.likely_causes == ("the code is not the recorded one",)
    assert re.search(r"^\+ +self\.doubled = self\.count \* 3$", replay.diff.code, re.MULTILINE)


def test_what_nothing_recorded_explains_is_said_to_be_outside(copied, tmp_path):
    flow_file = tmp_path / "copy" / "small_flow.py"
    origin = replay_run(copied.pathspec("first"), code=flow_file)
    assert origin.identical
    flow_file.write_text(flow_file.read_text().replace('if self.way == "chance"', "if True"))
    random_run = replay_run(copied.pathspec("first"), code=flow_file).run
    replay = replay_run(random_run)
    assert {a.name for a in replay.diff.artifacts} == {"chance"}
    assert "unseeded random numbers" in replay.likely_causes[0]


def test_a_run_without_code_is_not_replayed_and_a_damaged_artifact_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(SMALL_FLOW, tmp_path)
    assert start_small_flow(tmp_path, "ada", "run", keep_code=False).wait() == 0
    run = f"SmallFlow/{(tmp_path / 'run_id').read_text()}"
    with pytest.raises(RunUnusableError, match=r"kept no code(?s:.*)--code FLOW\.py"):
        replay_run(run)
    assert diff_runs(run, run).code is None

    # The same run serves to damage an artifact.
    sha = metaflow.Run(run)["end"].task["numbers"].sha
    blob = tmp_path / ".metaflow" / "SmallFlow" / "data" / sha[:2] / sha
    blob.write_bytes(blob.read_bytes()[:-9])
    artifacts = {a.name: a for a in show_run(run).artifacts}
    assert artifacts["numbers"].type == "damaged"
    assert artifacts["doubled"].preview == "2"
    with pytest.raises(RunUnusableError, match=r"numbers: its stored bytes .* cannot be read"):
        show_run(run, artifact="numbers")
    blob.unlink()
    with pytest.raises(RunUnusableError, match="bring the file back from a copy, or run again"):
        show_run(run, artifact="numbers")
