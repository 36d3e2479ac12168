import pytest

from mlstages import list_runs, show_run
from mlstages.errors import OptionError
from mlstages.runs import find_flow


def ids(history, **options):
    names = {run_id: name for name, run_id in history.ids.items()}
    runs = list_runs("SmallFlow", **options)
    return [names.get(run.run.partition("/")[2], "new") for run in runs]


def test_ones_own_runs_are_listed_newest_first(in_small_history):
    assert ids(in_small_history) == ["killed", "failed", "more", "first"]


def test_without_a_name_the_only_flow_here_is_meant(in_small_history):
    first = in_small_history.ids["first"]
    assert list_runs(limit=1)[0].run == in_small_history.pathspec("killed")
    assert show_run(first).summary.run == in_small_history.pathspec("first")


def test_others_runs_are_apart_and_together_with_all_users(in_small_history):
    assert ids(in_small_history, user="bob") == ["of bob"]
    everybody = ids(in_small_history, all_users=True)
    assert everybody == ["killed", "of bob", "failed", "more", "first"]
    with pytest.raises(OptionError, match="exclude each other"):
        list_runs("SmallFlow", user="bob", all_users=True)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("successful", ["more", "first"]), ("failed", ["failed"]), ("interrupted", ["killed"])],
)
def test_runs_are_told_by_how_far_they_got(in_small_history, status, expected):
    assert ids(in_small_history, status=status) == expected


def test_a_tag_and_a_limit_choose_runs(in_small_history):
    assert ids(in_small_history, tag="good") == ["first"]
    assert ids(in_small_history, limit=2) == ["killed", "failed"]
    assert ids(in_small_history, status="successful", limit=1) == ["more"]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"limit": 0}, "limit 0 is below 1"), ({"status": "done"}, "no status 'done': choose one of")],
)
def test_options_out_of_range_are_refused(in_small_history, options, message):
    with pytest.raises(OptionError, match=message):
        list_runs("SmallFlow", **options)


def test_a_line_tells_parameters_tags_and_user(in_small_history):
    first = list_runs("SmallFlow", tag="good")[0]
    assert first.parameters == {"count": 1, "way": "well"}
    assert first.metrics == {}
    assert first.to_dict()["tags"] == ["good"]
    assert first.user == "ada"


def test_the_only_flow_that_has_runs_is_meant_where_none_is_named(in_small_history):
    assert find_flow() == "SmallFlow"
    assert find_flow("NeverFlow") == "NeverFlow"


def test_a_flow_that_never_ran_has_no_runs(in_small_history):
    assert list_runs("OtherFlow") == []
