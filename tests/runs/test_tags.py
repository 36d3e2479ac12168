import pytest

from mlstages import list_runs, tag_run
from mlstages.errors import OptionError


def test_tags_are_given_and_taken_away_and_the_order_of_runs_stays(in_small_history):
    run = in_small_history.pathspec("more")
    before = [summary.run for summary in list_runs("SmallFlow")]
    assert tag_run(run, add=["fine", "kept"]).tags == ("fine", "kept")
    assert tag_run(run, remove=["fine", "never there"]).tags == ("kept",)
    assert [summary.run for summary in list_runs("SmallFlow")] == before
    assert tag_run(run, remove=["kept"]).tags == ()


@pytest.mark.parametrize(
    ("tags", "message"),
    [(["user:ada"], "Metaflow's own tags cannot be changed"), (["x" * 600], "cannot be changed")],
)
def test_tags_that_metaflow_does_not_take_are_refused(in_small_history, tags, message):
    with pytest.raises(OptionError, match=message):
        tag_run(in_small_history.pathspec("more"), add=tags)


@pytest.mark.parametrize(
    ("add", "remove", "message"),
    [(["a"], ["a"], "not both"), (["a b"], [], "one word"), (["replay:1"], [], "marks replays")],
)
def test_tags_that_would_mislead_are_refused(in_small_history, add, remove, message):
    with pytest.raises(OptionError, match=message):
        tag_run(in_small_history.pathspec("more"), add=add, remove=remove)
