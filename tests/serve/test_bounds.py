import base64
import json
import socket
import time

from servers import JSON, publish


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
            b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b'content-length: 100\r\n\r\n{"size"'
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 408")


def test_who_would_wait_too_long_in_a_queue_is_sent_away_and_told_when_to_come_back(
    tmp_path, start
):
    publish(tmp_path)
    server = start(tmp_path, "--max-waiting", "2")
    slow = [server.connect() for _ in range(2)]
    for connection in slow:
        connection.putrequest("POST", "/predict")
        connection.putheader("content-type", "application/json")
        connection.putheader("content-length", "11")
        connection.endheaders()
    time.sleep(0.2)
    refused = server.predict({"size": 3})
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert server.ask("GET", "/readyz").status == 200  # it is busy, and not broken
    for connection in slow:
        connection.send(b'{"size": 3}')
        assert json.loads(connection.getresponse().read())["prediction"] == 7.0
        connection.close()
    assert server.predict({"size": 3}).status == 200


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
