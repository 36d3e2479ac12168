import tomllib

import pytest

from mlstages.records import Feedback
from simulated import FLOW, MONDAY, keep, release, train

ROW = {"size": 61.5, "rooms": 4, "colour": "red"}
OLD = "colour,size,rooms,price\nred,50,3,155\nblue,40,2,120\n"


@pytest.fixture
def feedback(mlstages_here):
    def run(*words):
        command, *rest = words
        return mlstages_here("feedback", command, *rest, "--flow", FLOW)

    return run


@pytest.fixture
def told(tmp_path):
    """Keep three pieces of feedback on a released model."""
    history = tmp_path / ".metaflow"
    released = release(train(), history)
    records = keep([], history)
    for number in range(3):
        records.add_feedback(
            Feedback(
                at=MONDAY,
                run=released.run,
                prediction_id=None,
                row=ROW | {"size": 60.0 + number},
                prediction=180.0,
                truth=200.0 + number,
                remark=f"remark {number}",
            )
        )
    records.close()
    (tmp_path / "old.csv").write_text(OLD)


@pytest.mark.usefixtures("told")
class TestFeedback:
    def test_a_list_has_a_line_for_each_and_can_be_of_one_status(self, feedback):
        printed = feedback("list").stdout
        assert "size 60, rooms 4, colour red" in printed
        assert printed.count("2026-11-02 00:00") == 3
        feedback("accept", "2")
        accepted = feedback("list", "--status", "accepted", "--json").json
        assert [one["number"] for one in accepted] == [2]
        assert accepted[0]["row"] == ROW | {"size": 61.0}
        assert "no feedback of this kind" in feedback("list", "--status", "rejected").stdout

    def test_a_decision_is_for_all_that_are_named_or_for_none(self, feedback):
        decided = feedback("accept", "1", "3", "--json").json
        assert [(one["number"], one["status"]) for one in decided] == [
            (1, "accepted"),
            (3, "accepted"),
        ]
        finished = feedback("reject", "1", "9")
        assert finished.exit_code == 3
        assert "no feedback 9: mlstages feedback list shows all" in finished.error
        statuses = [one["status"] for one in feedback("list", "--json").json]
        assert statuses == ["accepted", "new", "accepted"]

    def test_only_what_is_accepted_becomes_a_check(self, feedback, tmp_path):
        assert "no feedback is accepted" in feedback("to-checks").stdout
        assert not (tmp_path / "checks.toml").exists()
        feedback("accept", "1", "2")
        feedback("reject", "2")
        assert "1 piece of feedback added to checks.toml: 1" in feedback("to-checks").stdout
        cases = tomllib.loads((tmp_path / "checks.toml").read_text())["minimum_functionality"]
        assert [case["says"] for case in cases] == ["Feedback 1: remark 0"]
        again = feedback("to-checks", "--json").json
        assert (again["added"], again["known"]) == ([], [1])
        assert feedback("to-checks", "--checks", "other.toml", "--json").json["added"] == [1]

    def test_accepted_rows_make_a_new_version_of_the_data(self, feedback, tmp_path):
        feedback("accept", "1", "3")
        finished = feedback("to-data", "new.csv", "--data", "old.csv")
        assert "2 pieces of feedback added to new.csv: 1, 3" in finished.stdout
        assert (tmp_path / "new.csv").read_text() == (OLD + "red,60,4,200\nred,62,4,202\n")
        again = feedback("to-data", "new.csv", "--data", "old.csv")
        assert again.exit_code == 3
        assert "nothing is overwritten" in again.error

    def test_columns_and_values_may_be_called_otherwise(self, feedback, tmp_path):
        (tmp_path / "old.csv").write_text(OLD.replace("price", "cost"))
        feedback("accept", "1")
        options = ("--data", "old.csv", "--column", "price=cost", "--value", "200.0=199")
        assert feedback("to-data", "new.csv", *options).exit_code == 0
        assert (tmp_path / "new.csv").read_text().endswith("red,60,4,199\n")
        finished = feedback("to-data", "n.csv", "--data", "old.csv", "--column", "price")
        assert finished.exit_code == 2
        assert "--column price: write NAME=VALUE" in finished.error

    def test_without_old_data_the_run_is_asked_and_what_it_lacks_is_said(self, feedback):
        feedback("accept", "1")
        finished = feedback("to-data", "new.csv")
        assert finished.exit_code == 3
        assert f"no run {FLOW}/0" in finished.error
        assert finished.error.endswith("or say by --data which file it is")

    def test_a_status_that_there_is_not_is_an_option_error(self, feedback):
        finished = feedback("list", "--status", "done")
        assert (finished.exit_code, finished.stdout) == (2, "")
        assert "it is new, accepted, rejected" in finished.error


def test_no_records_are_said(feedback):
    finished = feedback("list")
    assert finished.exit_code == 3
    assert "were kept, there is no" in finished.error


def test_the_data_of_a_run_of_our_flow_are_found(in_history):
    """The run carries its file: no --data is needed."""
    from mlstages.runs.dataset import read_dataset

    run = in_history.finished.json["pathspec"]
    name, content = read_dataset(run)
    assert name == "regression_dataset.txt"
    assert content.count(b"\n") == 1000
