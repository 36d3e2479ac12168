import contextlib
import json
import random
import signal
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from itertools import count

import pytest

from mlstages.records import Records, find_records
from servers import JSON, Server, publish

FLOW = "SampleRegressionFlow"


def read_feedback(folder):
    records = Records(find_records(folder / ".metaflow", FLOW))
    found = records.read_feedback()
    records.close()
    return found


def test_feedback_names_a_prediction_by_its_id_or_a_row(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path)
    id = server.predict({"size": 3}).json["id"]
    many = server.predict([{"size": 4}, {"size": 5}]).json["id"]
    for said in (
        {"id": id, "truth": 8, "remark": "naïve 🙂"},
        {"id": f"{many}.2", "truth": 1.5},
        {"row": {"size": 6}, "truth": -1},
        {"id": "not kept", "row": {"size": 7}, "truth": 0},
    ):
        assert server.ask("POST", "/feedback", said).status == 201
    kept = read_feedback(tmp_path)
    assert [(one.row["size"], one.prediction, one.truth) for one in kept] == [
        (3.0, 7.0, 8),
        (5.0, 11.0, 1.5),
        (6.0, 13.0, -1),
        (7.0, 15.0, 0),
    ]
    assert [one.prediction_id for one in kept] == [id, f"{many}.2", None, None]
    assert kept[0].remark == "naïve 🙂"
    assert b"mlstages_feedback_total 4.0" in server.ask("GET", "/metrics").body


WRONG = {
    "no truth": ({"id": "x"}, "truth"),
    "a truth that is no number": ({"row": {"size": 1}, "truth": "much"}, "truth"),
    "a truth that is true": ({"row": {"size": 1}, "truth": True}, "truth"),
    "neither id nor row": ({"truth": 1}, "row"),
    "a row with a fault": ({"row": {"size": "x"}, "truth": 1}, "size"),
    "an id that is none": ({"id": 5, "truth": 1}, "id"),
    "a remark that is none": ({"row": {"size": 1}, "truth": 1, "remark": 5}, "remark"),
    "a remark without end": ({"row": {"size": 1}, "truth": 1, "remark": "x" * 2001}, "remark"),
    "another field": ({"row": {"size": 1}, "truth": 1, "status": "accepted"}, "status"),
}


@pytest.mark.parametrize(("said", "field"), WRONG.values(), ids=WRONG)
def test_feedback_that_is_wrong_is_refused_with_its_field(server, said, field):
    refused = server.ask("POST", "/feedback", said)
    assert refused.status == 422
    assert field in [fault["field"] for fault in refused.json["faults"]]


def test_an_id_that_is_not_kept_is_404(server):
    assert server.ask("POST", "/feedback", {"id": "unknown", "truth": 1}).status == 404


def test_predictions_are_kept_or_not_and_feedback_always(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path, "--no-records")
    id = server.predict({"size": 3}).json["id"]
    assert server.ask("POST", "/feedback", {"id": id, "truth": 1}).status == 404
    assert server.ask("POST", "/feedback", {"row": {"size": 3}, "truth": 1}).status == 201
    server.stop()
    records = Records(find_records(tmp_path / ".metaflow", FLOW))
    assert list(records.iterate_predictions()) == []
    assert len(records.read_feedback()) == 1


def test_what_was_predicted_is_on_the_disk_when_the_server_has_ended(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path)
    for size in range(20):
        server.predict({"size": size})
    server.stop()
    records = Records(find_records(tmp_path / ".metaflow", FLOW))
    kept = list(records.iterate_predictions())
    assert [(one.row, one.prediction) for one in kept] == [
        ({"size": float(size)}, 2.0 * size + 1) for size in range(20)
    ]
    assert {one.outside for one in kept} == {(), ("size",)}


def test_of_a_thousand_acknowledged_feedbacks_none_is_lost_by_kills_at_any_moment(tmp_path):
    publish(tmp_path)
    moments = random.Random(0)
    acknowledged = {}
    n_kills = 0
    while len(acknowledged) < 1000:
        server = Server(tmp_path)

        def write(writer, life=n_kills, server=server):
            with contextlib.closing(server.connect()) as connection:
                for n in count():
                    remark = f"{life}-{writer}-{n}"
                    body = json.dumps({"row": {"size": n}, "truth": n, "remark": remark})
                    try:
                        connection.request("POST", "/feedback", body, JSON)
                        with connection.getresponse() as response:
                            acknowledged[remark] = json.loads(response.read())["number"]
                    except (OSError, ValueError, HTTPException):
                        return

        writers = [threading.Thread(target=write, args=(i,)) for i in range(3)]
        for one in writers:
            one.start()
        time.sleep(moments.uniform(0.02, 0.4))
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        for one in writers:
            one.join()
        n_kills += 1
    kept = {one.remark: one for one in read_feedback(tmp_path)}
    for remark, number in acknowledged.items():
        assert kept[remark].number == number
        assert kept[remark].truth == kept[remark].row["size"]
    # What a kill cut off before it was acknowledged may be there: at most one of each writer.
    assert len(kept) <= len(acknowledged) + 3 * n_kills
    assert n_kills > 3


def test_what_monitor_found_stands_among_the_metrics(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path)
    assert b"mlstages_monitor" not in server.ask("GET", "/metrics").body
    records = Records(find_records(tmp_path / ".metaflow", FLOW))
    records.set_gauges({'mlstages_monitor_feature_psi{field="size"}': 0.25})
    records.close()
    shown = server.ask("GET", "/metrics").body.decode()
    assert shown.endswith('\nmlstages_monitor_feature_psi{field="size"} 0.25\n')


def find_file(folder):
    return next((folder / ".metaflow" / ".mlstages-records").glob("*.sqlite"))


def test_who_holds_the_file_stops_no_prediction_and_what_was_refused_is_never_written(
    tmp_path, start
):
    publish(tmp_path)
    server = start(tmp_path)
    said = {"row": {"size": 1}, "truth": 2}
    assert server.ask("POST", "/feedback", said).status == 201
    holder = sqlite3.connect(find_file(tmp_path), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        refused = [pool.submit(server.ask, "POST", "/feedback", said) for _ in range(6)]
        time.sleep(0.3)
        assert server.predict(b"size\n3\n", content_type="text/csv").status == 200
        assert server.ask("GET", "/metrics").status == 200
        assert time.monotonic() - began < 1.8
        assert {one.result().status for one in refused} == {503}
    assert time.monotonic() - began < 6
    holder.execute("ROLLBACK")
    assert server.ask("POST", "/feedback", said).status == 201
    assert holder.execute("SELECT count(*) FROM feedback").fetchone() == (2,)
    holder.close()


def test_feedback_goes_to_the_file_that_is_there_and_to_none_that_was_moved_away(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path)
    said = {"row": {"size": 1}, "truth": 2}
    assert server.ask("POST", "/feedback", said).json["number"] == 1
    path = find_file(tmp_path)
    path.rename(tmp_path / "moved")
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).rename(tmp_path / f"moved{suffix}")
    assert server.ask("POST", "/feedback", said).json["number"] == 1
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM feedback").fetchone() == (1,)
