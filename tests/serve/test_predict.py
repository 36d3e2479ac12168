import io
import struct

import polars as pl
import pytest

from servers import make_release, publish

PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"


def test_one_row_has_its_prediction_with_its_range_and_what_is_outside(server):
    answer = server.predict({"size": 3})
    assert answer.status == 200
    assert answer.json == {
        "id": answer.headers["x-request-id"],
        "prediction": 7.0,
        "range": [4.0, 11.0],
        "outside": [],
        "run": "SampleRegressionFlow/1",
    }
    outside = server.predict({"size": 11}).json
    assert outside["outside"] == ["size"]
    assert "range" not in outside


def test_many_rows_are_answered_in_their_order_and_counted_from_one(server):
    answer = server.predict([{"size": 1}, {"size": 99.0}]).json
    assert answer["predictions"] == [3.0, 199.0]
    assert answer["ranges"] == [[0.0, 7.0], None]
    assert answer["outside"] == [{"row": 2, "fields": ["size"]}]


def write(frame, kind):
    buffer = io.BytesIO()
    frame.write_parquet(buffer) if kind == PARQUET else frame.write_ipc_stream(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["text/csv", PARQUET, ARROW])
def test_a_table_is_answered_as_the_same_rows_in_json_are(server, kind):
    sizes = [0.1, 2.0, 1e-9]
    table = (
        b"size\n0.1\n2\n\n1e-9\n"
        if kind == "text/csv"
        else write(pl.DataFrame({"size": sizes}), kind)
    )
    answer = server.predict(table, content_type=kind).json
    assert answer["predictions"] == server.predict([{"size": x} for x in sizes]).json["predictions"]


def test_a_wrong_row_is_answered_with_each_field_what_is_expected_and_what_came(server):
    one = server.predict({"size": "big", "colour": "red"})
    assert one.status == 422
    assert one.json["faults"] == [
        {"row": None, "field": "size", "expected": EXPECTED, "got": "'big'"},
        {"row": None, "field": "colour", "expected": "no field of this name", "got": "'red'"},
    ]
    many = server.predict([{"size": 1}, {}, {"size": True}, 5])
    assert [(fault["row"], fault["got"]) for fault in many.json["faults"]] == [
        (2, "nothing"),
        (3, "True"),
        (4, "5"),
    ]
    assert "rows count from 1" in many.json["error"]
    in_csv = server.predict(b"size\n1\n1_0\n", content_type="text/csv")
    assert [(fault["row"], fault["got"]) for fault in in_csv.json["faults"]] == [(2, "'1_0'")]


EXPECTED = "a finite number (of at most 1e300)"


def test_of_very_many_faults_the_first_hundred_are_listed_and_all_are_counted(server):
    refused = server.predict([{}] * 1000).json
    assert len(refused["faults"]) == 100
    assert "1000 of 1000 rows" in refused["error"]


def test_what_the_model_makes_infinite_is_refused_and_never_a_number(tmp_path, start):
    publish(tmp_path, make_release(1e200))
    server = start(tmp_path)
    assert server.predict({"size": 1}).json["prediction"] == 1e200
    for rows in ({"size": 1e200}, [{"size": 1}, {"size": -1e200}]):
        assert server.predict(rows).status == 422


def test_sagemaker_asks_at_its_own_addresses(server):
    assert server.ask("POST", "/invocations", {"size": 3}).json["prediction"] == 7.0
    assert server.ask("GET", "/ping").status == server.ask("HEAD", "/ping").status == 200


def test_answers_of_a_real_run_are_those_of_its_model_to_the_bit(in_history, start):
    from mlstages.release.description import describe_release
    from mlstages.runs.trained import read_trained

    trained = read_trained("latest")
    about = {"who": "ann", "when": "2026", "why": "", "forced": False, "checks": ()}
    publish(in_history.folder, describe_release(trained, **about))
    server = start(in_history.folder)
    assert "coefficients" in server.ask("GET", "/model").json["answers_by"]
    (name,) = trained.columns
    connection = server.connect()
    for row in trained.X_test[:100]:
        connection.request(
            "POST", "/predict", f'{{"{name}": {row[0]!r}}}', {"content-type": "application/json"}
        )
        answer = connection.getresponse().read()
        number = float(answer.partition(b'"prediction":')[2].partition(b",")[0])
        assert struct.pack("d", number) == struct.pack("d", trained.predict([row])[0])
    connection.close()
