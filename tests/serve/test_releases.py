import json
import threading
import time

import psutil
import pytest

from servers import JSON, make_release, open_log, publish

RELEASES = 25


def ask_without_end(server, stopped, answers, failures):
    connection = server.connect()
    while not stopped.is_set():
        connection.request("POST", "/predict", b'[{"size": 1}, {"size": 2}]', JSON)
        response = connection.getresponse()
        body = response.read()
        if response.status == 200:
            answers.append(json.loads(body))
        else:
            failures.append(body)
    connection.close()


def test_releases_under_load_fail_no_request_and_mix_no_answer(tmp_path, start):
    publish(tmp_path, make_release(1.0, run="SampleRegressionFlow/1"))
    server = start(tmp_path)
    stopped, answers, failures = threading.Event(), [], []
    clients = [
        threading.Thread(target=ask_without_end, args=(server, stopped, answers, failures))
        for _ in range(4)
    ]
    for client in clients:
        client.start()
    for number in range(2, RELEASES + 1):
        run = f"SampleRegressionFlow/{number}"
        publish(tmp_path, make_release(float(number), run=run))
        time.sleep(0.1)
    server.wait_for(lambda: answers[-1]["run"].endswith(f"/{RELEASES}"))
    stopped.set()
    for client in clients:
        client.join()
    assert not failures
    seen = set()
    for answer in answers:
        coefficient = int(answer["run"].rpartition("/")[2])
        assert answer["predictions"] == [coefficient + 1.0, 2 * coefficient + 1.0]
        seen.add(coefficient)
    assert {1, RELEASES} <= seen
    assert len(seen) > 3


BROKEN = {
    "examples that do not come out": make_release(3.0, examples=(([1.0], 4.000000000000001),)),
    "an example that cannot be asked": make_release(3.0, examples=(([], 4.0),)),
    "a model that is not there": make_release(3.0, form=None),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_release_is_refused_and_the_one_before_goes_on(tmp_path, start, broken):
    publish(tmp_path)
    server = start(tmp_path)
    publish(tmp_path, broken)
    server.wait_for(lambda: "release 2 is refused" in server.log.read_text())
    assert server.predict({"size": 3}).json["prediction"] == 7.0
    metrics = server.ask("GET", "/metrics").body.decode()
    assert "mlstages_release_refused 2.0" in metrics
    assert "mlstages_release 1.0" in metrics
    publish(tmp_path, make_release(5.0))
    server.wait_for(lambda: server.predict({"size": 1}).json["prediction"] == 6.0)
    assert "mlstages_release_refused 0.0" in server.ask("GET", "/metrics").body.decode()


def test_a_file_that_is_damaged_is_refused_as_well(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path)
    log = open_log(tmp_path)
    lines = log.path.read_text()
    (log.folder / "0002.json").write_text('{"format": 1, "number"')
    log.path.write_text(lines + lines.replace('"number": 1', '"number": 2'))
    server.wait_for(lambda: "release 2 is refused" in server.log.read_text())
    assert server.predict({"size": 3}).status == 200


def test_a_release_that_is_taken_back_gives_way_to_the_one_before_and_then_to_none(tmp_path, start):
    publish(tmp_path)
    publish(tmp_path, make_release(5.0))
    server = start(tmp_path)
    assert server.predict({"size": 1}).json["prediction"] == 6.0
    about = {"who": "ann", "when": "2026", "why": "wrong"}
    open_log(tmp_path).undo(**about)
    server.wait_for(lambda: server.predict({"size": 1}).json.get("prediction") == 3.0)
    open_log(tmp_path).undo(**about)
    server.wait_for(lambda: server.ask("GET", "/readyz").status == 503)
    refused = server.predict({"size": 1})
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    page = server.ask("GET", "/")  # people read it, too
    assert (page.status, page.headers["retry-after"]) == (503, "1")
    assert "no model is released" in page.body.decode()
    assert page.body.startswith(b"<!doctype html>")
    assert server.ask("GET", "/healthz").status == 200


def test_a_broken_release_is_no_beginning(tmp_path, mlstages):
    publish(tmp_path, BROKEN["examples that do not come out"])
    finished = mlstages("serve", "--port", "0")
    assert finished.exit_code == 3
    assert "predicts 4.0 for [1.0], and predicted 4.000000000000001" in finished.error


def read_gauges(server):
    return server.ask("GET", "/metrics").body.decode()


def test_a_server_begins_with_the_newest_release_that_is_whole_and_says_which_is_not(
    tmp_path, start
):
    publish(tmp_path)
    publish(tmp_path, BROKEN["examples that do not come out"])
    server = start(tmp_path)
    assert server.predict({"size": 3}).json["prediction"] == 7.0
    assert "release 2 is refused" in server.log.read_text()
    assert "mlstages_release_refused 2.0" in read_gauges(server)
    open_log(tmp_path).undo(who="ann", when="2026", why="broken")
    server.wait_for(lambda: "mlstages_release_refused 0.0" in read_gauges(server))


def test_a_worker_that_dies_beside_a_broken_release_is_replaced(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path, "--workers", "2")
    server.wait_for(lambda: server.log.read_text().count("serving http") == 2)
    publish(tmp_path, BROKEN["examples that do not come out"])
    time.sleep(2)  # so that the other one counts as living
    psutil.Process(server.process.pid).children()[0].kill()
    server.wait_for(lambda: server.log.read_text().count("serving http") == 3)
    assert server.predict({"size": 3}).json["prediction"] == 7.0


@pytest.mark.parametrize("harm", ["gone", "empty"])
def test_a_log_of_releases_that_is_lost_changes_nothing_but_a_gauge(tmp_path, start, harm):
    publish(tmp_path)
    server = start(tmp_path)
    path = open_log(tmp_path).path
    lines = path.read_text()
    path.unlink()
    if harm == "empty":
        path.touch()
    server.wait_for(lambda: "the log of releases is refused" in server.log.read_text())
    assert server.predict({"size": 3}).json["prediction"] == 7.0
    assert "mlstages_release_refused 1.0" in read_gauges(server)
    path.write_text(lines)
    server.wait_for(lambda: "mlstages_release_refused 0.0" in read_gauges(server))
