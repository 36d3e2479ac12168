"""Predictions and feedback: bounded, read back whole, decided about all or none."""

from dataclasses import replace

import pytest

from mlstages.errors import FileError, RunNotFoundError
from mlstages.records import Feedback, Prediction, Records, Status, find_records

PREDICTION = Prediction(
    id="a", at=1.0, run="F/1", row={"text": "Größe \u2603"}, prediction="negative", seconds=0.1
)
FEEDBACK = Feedback(
    at=2.0, run="F/1", prediction_id="a", row={"size": 1.5}, prediction=3.0, truth=4, remark="no"
)


@pytest.fixture
def records(tmp_path):
    opened = Records(find_records(tmp_path, "F"))
    yield opened
    opened.close()


def test_predictions_are_read_back_in_order_by_time_and_run(records):
    made = [replace(PREDICTION, id=str(at), at=float(at)) for at in (3, 1, 2)]
    records.add_predictions(made)
    records.add_predictions([replace(PREDICTION, run="F/2", at=9.0, outside=("size",))])
    assert [one.id for one in records.iterate_predictions(run="F/1")] == ["1", "2", "3"]
    assert [one.at for one in records.iterate_predictions(since=2.0, until=9.0)] == [2.0, 3.0]
    assert records.find_prediction("3") == made[0]
    assert records.find_prediction("none") is None


def test_the_oldest_predictions_go_first(records):
    for i in range(5):
        records.add_predictions([replace(PREDICTION, id=str(i), at=float(i))], most=3)
    assert [one.id for one in records.iterate_predictions()] == ["2", "3", "4"]


def test_feedback_is_kept_with_its_number_and_status(records):
    first, second = records.add_feedback(FEEDBACK), records.add_feedback(FEEDBACK)
    records.set_status([second], Status.ACCEPTED)
    assert records.read_feedback(Status.ACCEPTED) == (
        replace(FEEDBACK, number=second, status=Status.ACCEPTED),
    )
    assert [one.number for one in records.read_feedback()] == [first, second]


def test_deciding_about_one_that_is_not_there_changes_none(records):
    number = records.add_feedback(FEEDBACK)
    with pytest.raises(RunNotFoundError, match="no feedback 99"):
        records.set_status([number, 99], Status.REJECTED)
    assert records.read_feedback()[0].status is Status.NEW


def test_what_is_no_file_of_records_is_said(tmp_path):
    path = find_records(tmp_path, "F")
    path.parent.mkdir()
    path.write_text("something else" * 100)
    with pytest.raises(FileError, match="cannot be opened"):
        Records(path)


def test_a_file_that_grows_too_large_loses_its_oldest_predictions(records):
    for i in range(100):
        large = [replace(PREDICTION, id=str(i), at=float(i), row={"text": "x" * 10_000})]
        records.add_predictions(large, most_bytes=500_000)
    kept = [one.id for one in records.iterate_predictions()]
    assert 20 < len(kept) < 60
    assert kept[-1] == "99"


def test_a_file_that_another_program_holds_is_said(records):
    import sqlite3

    number = records.add_feedback(FEEDBACK)
    other = sqlite3.connect(records.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with records.waiting(0.05), pytest.raises(FileError, match="if another program holds it"):
        records.set_status([number], Status.ACCEPTED)
    other.close()
