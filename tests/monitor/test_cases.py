import tomllib

import pytest

from mlstages.errors import DataError
from mlstages.monitor.cases import add_cases
from mlstages.records import Feedback, Status
from mlstages.trust.declaration import read_checks
from simulated import MONDAY, release, train

ROW = {"size": 50, "rooms": 3.0, "colour": "red"}


def told(number=12, truth=150.0, remark="far too dear", row=ROW):
    return Feedback(
        number=number,
        at=MONDAY,
        run="HouseFlow/0",
        prediction_id=None,
        row=row,
        prediction=90.0,
        truth=truth,
        remark=remark,
        status=Status.ACCEPTED,
    )


@pytest.fixture
def released(tmp_path):
    return release(train(), tmp_path / "history")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checks.toml"


def cases(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))["minimum_functionality"]


def test_accepted_feedback_is_a_case_with_half_the_released_range_of_error(path, released):
    handed = add_cases(path, [told()], released)
    low, high = released.error_range
    assert cases(path) == [
        {
            "says": "Feedback 12: far too dear",
            "row": {"size": 50.0, "rooms": 3.0, "colour": "red"},
            "expected": 150.0,
            "tolerance": (high - low) / 2,
        }
    ]
    assert (handed.added, handed.known, handed.refused) == ((12,), (), {})


def test_the_expected_answer_of_a_classifier_is_a_class_and_stands_for_a_missing_remark(
    path, tmp_path
):
    released = release(train(is_classifier=True), tmp_path / "history")
    add_cases(path, [told(truth="fair", remark=" ")], released)
    (case,) = cases(path)
    assert (case["says"], case["expected"]) == ("Feedback 12: fair is right", "fair")
    assert "tolerance" not in case


def test_what_people_wrote_is_kept_to_the_byte_and_cases_come_below(path, released):
    written = '# ours\r\n[[baseline]]\r\nsays = "better"  # than the mean'
    path.write_bytes(written.encode())
    add_cases(path, [told()], released)
    content = path.read_bytes().decode()
    assert content.startswith(written)
    assert content.count("\n") == content.count("\r\n")
    assert [case["says"] for case in cases(path)] == ["Feedback 12: far too dear"]


def test_a_case_is_never_added_twice_even_if_somebody_changed_what_is_expected(path, released):
    add_cases(path, [told()], released)
    edited = path.read_text().replace("expected = 150.0", "expected = 155.0")
    path.write_text(edited)
    handed = add_cases(path, [told(), told(13, truth=155.0, remark="me, too")], released)
    assert (handed.added, handed.known) == ((), (12, 13))
    assert path.read_text() == edited


def test_another_row_of_the_same_number_is_another_case(path, released):
    add_cases(path, [told()], released)
    handed = add_cases(path, [told(row=ROW | {"size": 51.0})], released)
    assert handed.added == (12,)
    assert len(cases(path)) == 2


HOSTILE = 'a "quote"\\, a\nline, \x7f\x00\t, [[x]] # and “more” \u2028 \U0001f600'


def test_any_text_is_escaped_so_that_it_comes_back(path, released):
    row = ROW | {"colour": HOSTILE}
    add_cases(path, [told(remark=HOSTILE, row=row)], released)
    (case,) = cases(path)
    assert case["says"] == f"Feedback 12: {HOSTILE}"
    assert case["row"]["colour"] == HOSTILE


def test_what_is_added_is_what_trust_reads(path, released):
    add_cases(path, [told(), told(13, row=ROW | {"size": 1e300})], released)
    checks = read_checks(path).checks
    assert [check.says for check in checks] == [
        "Feedback 12: far too dear",
        "Feedback 13: far too dear",
    ]
    assert checks[1].row["size"] == 1e300


def test_feedback_that_does_not_fit_the_model_is_left_out_with_the_reason(path, released):
    wrong = [told(1, row={"size": 5.0}), told(2, truth="dear"), told(3)]
    handed = add_cases(path, wrong, released)
    assert (handed.added, set(handed.refused)) == ((3,), {1, 2})
    for name in ("rooms", "colour"):
        expected = next(one.expected for one in released.schema.fields if one.name == name)
        assert f"{name}: {expected} is expected, and it has nothing" in handed.refused[1]
    assert "it says 'dear'" in handed.refused[2]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a = ", "is no TOML"),
        ("minimum_functionality = []\n", "write each case as a [[minimum_functionality]]"),
        ("\xff", "is not UTF-8"),
    ],
)
def test_a_file_to_which_nothing_can_be_added_stays_as_it_is(path, released, written, said):
    path.write_bytes(written.encode("latin-1"))
    with pytest.raises(DataError) as refused:
        add_cases(path, [told()], released)
    assert said in refused.value.message
    assert path.read_bytes() == written.encode("latin-1")


def test_feedback_that_contradicts_itself_is_no_case(path, released):
    low, high = released.error_range
    first, second = told(number=1, truth=100.0), told(number=2, truth=101.0 + high - low)
    near = told(number=3, truth=100.5)
    handed = add_cases(path, [first, second], released)
    assert handed.added == ()
    assert handed.refused == {
        1: "feedback 2 says otherwise of the same row: reject one of them",
        2: "feedback 1 says otherwise of the same row: reject one of them",
    }
    assert add_cases(path, [first, near], released).added == (1, 3)


def test_a_case_of_feedback_that_was_rejected_since_is_said(path, released):
    add_cases(path, [told(number=12)], released)
    handed = add_cases(path, [], released, rejected=[told(number=12), told(number=1)])
    assert handed.notes == ("feedback 12 is rejected, and still a case there: take it out",)
