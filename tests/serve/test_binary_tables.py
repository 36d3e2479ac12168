"""Files of Parquet and Arrow that end, or fill, whatever process reads them."""

import datetime
import io
import random

import polars as pl
import psutil
import pytest

from servers import publish

PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"
SIZES = pl.DataFrame({"size": [1.5, 2.0, 3.0]})


def write(frame, kind, **options):
    buffer = io.BytesIO()
    (frame.write_parquet if kind == PARQUET else frame.write_ipc_stream)(buffer, **options)
    return buffer.getvalue()


def test_a_file_whose_one_wrong_byte_aborts_its_reader_is_400_and_the_next_one_is_read(server):
    killing = bytearray(write(SIZES, PARQUET))
    assert killing[12] == 6
    killing[12] = 1
    for _ in range(2):
        answer = server.predict(bytes(killing), content_type=PARQUET)
        assert answer.status == 400
        assert "cannot be read" in answer.json["error"]
        good = server.predict(write(SIZES, PARQUET), content_type=PARQUET)
        assert good.json["predictions"] == [4.0, 5.0, 7.0]
    assert server.process.poll() is None


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_a_small_file_that_grows_takes_no_memory_of_the_server(server, kind):
    if kind == PARQUET:
        zeros = pl.Series([0], dtype=pl.Int64).extend_constant(0, 8_000_000)
        bomb = write(pl.DataFrame({"size": [1.0], "z": pl.Series([zeros])}), PARQUET)
        assert server.predict(bomb, content_type=PARQUET).json["faults"] == [
            {
                "row": None,
                "field": "z",
                "expected": "no field of this name",
                "got": "a column of List(Int64)",
            }
        ]
    many = write(pl.DataFrame({"size": pl.repeat(1.0, 3_000_000, eager=True)}), PARQUET)
    assert server.predict(many, content_type=PARQUET).status == 413
    text = write(pl.DataFrame({"size": ["x" * 20_000] * 9_000}), kind, compression="zstd")
    assert server.predict(text, content_type=kind).status in (413, 422)
    assert psutil.Process(server.process.pid).memory_info().rss < 250e6


def test_mutated_files_are_never_5xx_and_the_server_goes_on(server):
    rng = random.Random(7)
    files = [
        (PARQUET, write(SIZES, PARQUET)),
        (PARQUET, write(SIZES, PARQUET, compression="uncompressed", statistics=False)),
        (ARROW, write(SIZES, ARROW)),
        (ARROW, write(SIZES, ARROW, compression="lz4")),
    ]
    for number in range(100):
        kind, file = files[number % len(files)]
        wrong = bytearray(file)
        for _ in range(rng.choice([1, 1, 2, 4])):
            wrong[rng.randrange(len(wrong))] = rng.choice([0, 1, 127, 128, 255])
        answer = server.predict(bytes(wrong), content_type=kind)
        assert answer.status in (200, 400, 413, 422), (number, answer.body)
    assert server.predict(write(SIZES, ARROW), content_type=ARROW).status == 200
    assert "traceback" not in server.log.read_text()


COLUMNS = {
    "dates": [datetime.date(2026, 1, 1)],
    "bytes": [b"1"],
    "lists": [[1.0]],
    "objects": [{"a": 1.0}],
}


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
@pytest.mark.parametrize("values", COLUMNS.values(), ids=COLUMNS)
def test_a_column_of_what_json_has_not_is_refused_with_its_name(server, values, kind):
    answer = server.predict(write(pl.DataFrame({"size": values}), kind), content_type=kind)
    assert answer.status == 422
    assert answer.json["faults"][0]["field"] == "size"
    assert answer.json["faults"][0]["got"].startswith("a column of")


def test_what_reads_tables_begins_when_one_comes_and_ends_with_the_server(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path)
    process = psutil.Process(server.process.pid)
    assert not process.children()
    server.predict(write(SIZES, PARQUET), content_type=PARQUET)
    (reader,) = process.children()
    process.kill()
    psutil.wait_procs([reader], timeout=5)
    assert not reader.is_running()
