import pytest

from mlstages import show_run
from mlstages.errors import RunNotFoundError


def test_latest_is_the_newest_successful_run_of_ones_own(in_small_history):
    details = show_run("latest", flow_name="SmallFlow")
    assert details.summary.run == in_small_history.pathspec("more")


def test_artifacts_are_listed_without_unpickling_any(in_small_history):
    artifacts = {a.name: a for a in show_run(in_small_history.pathspec("more")).artifacts}
    assert artifacts["doubled"].preview == "42"
    assert artifacts["numbers"].shape == (3,)
    # The class is in a file that is not on the path here, and is named all the same.
    assert artifacts["local"].type == "__main__.Local"
    assert artifacts["local"].preview is None


def test_an_artifact_whose_class_is_not_here_says_so_when_it_is_asked_for(in_small_history):
    details = show_run(in_small_history.pathspec("more"), artifact="local")
    (artifact,) = details.artifacts
    assert artifact.preview.startswith("not loadable here: ")
    assert artifact.type == "__main__.Local"
    assert details.summary.parameters["count"] == 21


def test_one_step_can_be_looked_at(in_small_history):
    details = show_run(in_small_history.pathspec("more"), step="start")
    assert [step.step for step in details.steps] == ["start"]
    assert "numbers" not in {artifact.name for artifact in details.artifacts}
    with pytest.raises(RunNotFoundError, match="has no step 'train': it has start, middle, end"):
        show_run(in_small_history.pathspec("more"), step="train")


def test_the_logs_are_exact(in_small_history):
    details = show_run(in_small_history.pathspec("more"), log=True)
    assert {log.task: log.stdout for log in details.logs} == {
        "start/1": "  doubling 21\n",
        "middle/2": "",
        "end/3": "",
    }
    assert show_run(in_small_history.pathspec("more")).logs == ()


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("failed", ["successful", "failed"]),
        ("killed", ["successful", "interrupted"]),
    ],
)
def test_steps_tell_how_far_they_got(in_small_history, name, states):
    details = show_run(in_small_history.pathspec(name))
    assert [step.state for step in details.steps] == states
    assert details.steps[1].seconds is None or name == "failed"


def test_the_log_of_a_failed_run_has_its_traceback(in_small_history):
    details = show_run(in_small_history.pathspec("failed"), log=True)
    assert "ValueError: not mended yet" in details.logs[-1].stderr
