import csv
import json

import pytest

from mlstages.errors import DataError, FileError
from mlstages.monitor.new_data import add_rows
from mlstages.records import Feedback
from mlstages.release.schema import Field, Schema
from mlstages.table import read_table
from simulated import MONDAY, release, train

OLD = "id,colour,size,rooms,price\n1,red,50.0,3,155\n2,blue,40,2,120.5\n"
ROW = {"size": 61.5, "rooms": 4, "colour": "red"}


def told(number=1, truth=200.0, row=ROW):
    return Feedback(
        number=number,
        at=MONDAY,
        run="HouseFlow/0",
        prediction_id=None,
        row=row,
        prediction=90.0,
        truth=truth,
    )


@pytest.fixture
def released(tmp_path):
    return release(train(), tmp_path / "history")


@pytest.fixture
def new(tmp_path):
    return tmp_path / "new.csv"


def test_the_old_rows_stay_to_the_byte_and_the_accepted_come_below(new, released):
    handed = add_rows(new, "old.csv", OLD.encode(), [told()], released)
    assert new.read_text() == OLD + ",red,61.5,4,200.0\n"
    assert (handed.added, handed.known) == ((1,), ())
    assert handed.notes == ("no value is known for id: left empty",)


def test_a_row_that_is_there_already_is_not_added_again(new, released):
    known = told(2, truth=155, row={"size": 50, "rooms": 3, "colour": "red"})
    handed = add_rows(new, "old.csv", OLD.encode(), [told(), known, told(3)], released)
    assert (handed.added, handed.known) == ((1,), (2, 3))
    again = add_rows(new.with_name("n3.csv"), "new.csv", new, [told(), known], released)
    assert (again.added, again.known) == ((), (1, 2))
    assert not new.with_name("n3.csv").exists()  # nothing was added, nothing is written


def test_a_number_is_written_as_the_column_has_them(new, released):
    # A server keeps every number as a float.
    served = told(row={"size": 61.0, "rooms": 4.0, "colour": "red"}, truth=200.0)
    add_rows(new, "old.csv", OLD.replace("50.0", "50.5").encode(), [served], released)
    assert new.read_text().endswith("\n,red,61.0,4,200.0\n")


def test_lines_end_as_in_the_old_file_also_where_its_last_one_does_not(new, released):
    old = OLD.replace("\n", "\r\n").rstrip()
    add_rows(new, "old.csv", old.encode(), [told()], released)
    assert new.read_bytes().decode() == f"{old}\r\n,red,61.5,4,200.0\r\n"


def test_a_cell_is_quoted_where_it_has_to_be(new, released):
    colour = 'red, "very"\nred'
    add_rows(new, "old.csv", OLD.encode(), [told(row=ROW | {"colour": colour})], released)
    with new.open(newline="") as file:
        assert list(csv.reader(file))[-1] == ["", colour, "61.5", "4", "200.0"]


def test_lines_of_json_get_the_same_keys(tmp_path, released):
    line = {"colour": "red", "size": 50.0, "rooms": 3, "price": 155, "id": None}
    path = tmp_path / "new.jsonl"
    add_rows(path, "old.jsonl", f"{json.dumps(line)}\n".encode(), [told()], released)
    last = json.loads(path.read_text().splitlines()[-1])
    assert last == {"colour": "red", "size": 61.5, "rooms": 4, "price": 200.0, "id": None}
    assert list(last) == list(line)


def test_a_table_without_names_has_numbers_for_them(tmp_path, released):
    names = Schema(
        fields=(Field(name="0", kind="numeric"),), target=Field(name="1", kind="numeric")
    )
    plain = _with(released, names)
    path = tmp_path / "new.txt"
    add_rows(path, "old.txt", b"1.5\t2\n3\t4\n", [told(row={"0": 5.0}, truth=6.0)], plain)
    assert path.read_bytes() == b"1.5\t2\n3\t4\n5.0\t6\n"


SENTENCES = 'id\trating\tsentence\n1\t-2.5\tIt is "bad".\n2\t3.1\tIt is good.\n'


@pytest.fixture
def sentences(tmp_path):
    names = Schema(
        fields=(Field(name="text", kind="text"),), target=Field(name="y", kind="categorical")
    )
    return _with(release(train(is_classifier=True), tmp_path / "history"), names)


def test_sentences_go_into_the_columns_that_are_said_with_the_value_that_is_said(
    tmp_path, sentences
):
    path = tmp_path / "new.tsv"
    add_rows(
        path,
        "old.tsv",
        SENTENCES.encode(),
        [told(truth="negative", row={"text": "A loss\tof 13 million."})],
        sentences,
        columns={"text": "sentence", "y": "rating"},
        values={"negative": "-2"},
    )
    assert path.read_text() == SENTENCES + '\t-2\t"A loss\tof 13 million."\n'
    table = read_table("new.tsv", path)
    assert table.values["sentence"].to_list()[-1] == "A loss\tof 13 million."


@pytest.mark.parametrize(
    ("columns", "values", "said"),
    [
        ({}, {}, "has no column text, y: its columns are id, rating, sentence; say"),
        ({"text": "sentence", "y": "rating"}, {}, "--value TRUTH=CELL"),
        ({"words": "sentence"}, {}, "the released model has no words: it has text, y"),
    ],
)
def test_columns_and_values_that_do_not_fit_are_refused(tmp_path, sentences, columns, values, said):
    path = tmp_path / "new.tsv"
    one = told(truth="negative", row={"text": "A loss."})
    with pytest.raises(DataError) as refused:
        add_rows(
            path, "old.tsv", SENTENCES.encode(), [one], sentences, columns=columns, values=values
        )
    assert said in refused.value.message
    assert not path.exists()


def test_nothing_is_overwritten(new, released):
    new.write_text("mine")
    with pytest.raises(FileError, match="is there already, and nothing is overwritten"):
        add_rows(new, "old.csv", OLD.encode(), [told()], released)
    assert new.read_text() == "mine"


@pytest.mark.parametrize(("name", "said"), [("o.parquet", "o.parquet: rows"), ("o.tsv", ".tsv")])
def test_a_new_file_has_the_format_of_the_old_one(new, released, name, said):
    with pytest.raises(DataError) as refused:
        add_rows(new, name, OLD.encode(), [told()], released)
    assert said in refused.value.message


def _with(released, schema):
    from dataclasses import replace

    return replace(released, schema=schema)


@pytest.mark.parametrize(
    ("colour", "why"),
    [
        ("NA", "colour: 'NA' is read as a missing cell"),
        ("1.5", "colour: '1.5' is read as a number"),
        ("re\rd", "colour: it has a character that .csv cannot hold"),
    ],
)
def test_a_row_that_would_be_misread_is_left_out_and_said(new, released, colour, why):
    odd = told(7, row={"size": 61.5, "rooms": 4, "colour": colour})
    handed = add_rows(new, "old.csv", OLD.encode(), [told(), odd], released)
    assert (handed.added, handed.refused) == ((1,), {7: why})
