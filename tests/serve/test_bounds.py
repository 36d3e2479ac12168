import base64
import json
import shutil
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from mlstages.records import find_records
from servers import FLOW, JSON, publish


def test_bodies_and_rows_are_bounded(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path, "--max-body", "1000", "--max-rows", "3")
    assert server.predict([{"size": 1}] * 3).status == 200
    assert server.predict([{"size": 1}] * 4).status == 413
    assert server.predict(b"size\n1\n2\n3\n4\n", content_type="text/csv").status == 413
    assert server.predict({"size": 1, "x": "y" * 1000}).status == 413
    assert server.predict({"size": 1}).status == 200


def test_a_body_that_does_not_arrive_is_408(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path, "--timeout", "0.3")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b'content-length: 100\r\n\r\n{"size"'
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 408")


def test_who_would_wait_too_long_in_a_queue_is_sent_away_and_told_when_to_come_back(
    tmp_path, start
):
    publish(tmp_path)
    server = start(tmp_path, "--max-waiting", "2")
    said = {"row": {"size": 1}, "truth": 1}
    assert server.ask("POST", "/feedback", said).status == 201
    file = find_records(tmp_path / ".metaflow", FLOW)
    with closing(sqlite3.connect(file)) as other, ThreadPoolExecutor() as people:
        other.execute("BEGIN EXCLUSIVE")
        slow = [people.submit(server.ask, "POST", "/feedback", said) for _ in range(2)]
        time.sleep(0.3)
        refused = server.predict({"size": 3})
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        for path in ("/readyz", "/metrics", "/model"):  # it is busy, and not broken
            assert server.ask("GET", path).status == 200
        other.rollback()
        assert [one.result().status for one in slow] == [201, 201]
    assert server.predict({"size": 3}).status == 200


def test_who_sends_slowly_is_in_the_way_of_nobody_who_does_not(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path, "--max-waiting", "2")
    head = b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    body = b'{"size": 3}'
    request = head + b"content-length: %d\r\n\r\n" % len(body)
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(3)]
    for connection in slow:
        connection.sendall(request)
        time.sleep(0.2)
    assert slow[0].recv(1000).startswith(b"HTTP/1.1 408")  # it is awaited longest
    assert server.send(request + body).startswith(b"HTTP/1.1 200")
    with socket.create_connection(
        ("127.0.0.1", server.port), timeout=5
    ) as quick:  # as most clients send it: first the head, then the body
        quick.sendall(request)
        time.sleep(0.05)
        quick.sendall(body)
        assert quick.recv(1000).startswith(b"HTTP/1.1 200")
    assert slow[1].recv(1000).startswith(b"HTTP/1.1 408")
    for connection in slow[2:]:
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    for connection in slow:
        connection.close()


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST:9000", "127.1.2.3:80", "[::1]:8000"])
def test_a_server_of_this_machine_answers_to_its_own_names(server, name):
    assert server.ask("GET", "/model", host=name).status == 200


@pytest.mark.parametrize("name", ["evil.example:8000", "127.0.0.1.evil.example", "10.0.0.1", "x"])
def test_a_name_that_was_made_to_lead_to_this_machine_is_told_nothing(server, name):
    for method, path in (("GET", "/model"), ("GET", "/"), ("POST", "/predict")):
        refused = server.ask(method, path, {"size": 3} if method == "POST" else None, host=name)
        assert refused.status == 403
        assert "a token" in refused.json["error"]
    assert server.ask("GET", "/healthz", host=name).status == 200


def test_with_a_token_a_server_answers_to_any_name(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path, MLSTAGES_TOKEN="s3cret")
    asked = server.ask("GET", "/model", host="ml.example", authorization="Bearer s3cret")
    assert asked.status == 200


def test_without_the_token_only_health_is_told(tmp_path, start):
    publish(tmp_path)
    (tmp_path / "token").write_text("s3cret\n")
    server = start(tmp_path, "--token-file", "token")
    for path in ("/healthz", "/readyz", "/ping"):
        assert server.ask("GET", path).status == 200
    basic = base64.b64encode(b"ann:s3cret").decode()
    wrong = base64.b64encode(b"s3cret:ann").decode()
    for path in ("/", "/model", "/metrics", "/openapi.json", "/docs"):
        refused = server.ask("GET", path)
        assert refused.status == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert server.ask("GET", path, authorization="Bearer s3cre").status == 401
        assert server.ask("GET", path, authorization=f"Basic {wrong}").status == 401
        assert server.ask("GET", path, authorization="Basic !").status == 401
        assert server.ask("GET", path, authorization="Bearer s3cret").status == 200
        assert server.ask("GET", path, authorization=f"Basic {basic}").status == 200
    assert server.predict({"size": 3}).status == 401
    assert server.ask("POST", "/feedback", {"row": {"size": 1}, "truth": 1}).status == 401
    assert "s3cret" not in server.log.read_text()


def test_the_token_may_stand_in_the_environment(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path, MLSTAGES_TOKEN="s3cret")
    assert server.ask("GET", "/model").status == 401


def test_logs_are_one_object_a_line_and_all_requests_are_in_them_if_asked(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path, "--access-log")
    good, bad = server.predict({"size": 3}), server.predict({})
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    logged = {line["id"]: line for line in lines if line["event"] == "request"}
    assert logged[good.headers["x-request-id"]]["status"] == 200
    assert logged[bad.headers["x-request-id"]]["status"] == 422
    assert all(line["at"].endswith("Z") for line in lines)


def test_only_what_was_refused_is_logged_if_not_asked(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path)
    server.predict({"size": 3})
    server.predict({})
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert [line["status"] for line in lines if line["event"] == "request"] == [422]


def test_options_that_make_no_sense_and_runs_that_were_not_released_are_refused(tmp_path, mlstages):
    assert "--max-rows: 0 is below 1" in mlstages("serve", "--max-rows", "0").error
    missing = mlstages("serve")
    assert missing.exit_code == 3
    assert "no release of SampleRegressionFlow" in missing.error
    publish(tmp_path)
    taken = socket.create_server(("127.0.0.1", 0))
    port = str(taken.getsockname()[1])
    assert "cannot be listened on" in mlstages("serve", "--port", port).error
    taken.close()


def test_a_run_is_served_if_it_was_released_and_else_only_if_asked_for(in_history, mlstages, start):
    folder, run = in_history.folder, in_history.finished.json["pathspec"]
    refused = mlstages("serve", run, folder=folder)
    if refused.exit_code == 3:  # another test of this process may have released it
        assert "runs code" in refused.error
    server = start(folder, run, "--unreleased")
    assert server.ask("GET", "/model").json["metrics"]["mse"] == 107.89991869915974
    connection = server.connect()
    connection.request("POST", "/predict", b'{"0": 1.5}', JSON)
    assert connection.getresponse().status == 200
    connection.close()


def test_of_runs_that_were_not_released_the_only_flow_is_meant(tmp_path, mlstages, start):
    flow = shutil.copy(Path(__file__).parents[1] / "runs" / "model_flow.py", tmp_path)
    assert mlstages("run", flow).exit_code == 0
    server = start(tmp_path, "latest", "--unreleased")
    assert server.ask("GET", "/model").json["run"].startswith("ModelFlow/")
