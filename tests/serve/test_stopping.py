import contextlib
import json
import os
import signal
import threading
import time

import psutil
import pytest

from servers import JSON, Server, publish


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_under_load_loses_no_request_of_who_heeds_readiness(tmp_path, workers):
    publish(tmp_path)
    server = Server(tmp_path, "--drain", "1.5", "--workers", workers)
    family = [server.process.pid]
    family += [child.pid for child in psutil.Process(server.process.pid).children()]
    stopped, failures, n_answers = threading.Event(), [], []

    def ask():
        with contextlib.closing(server.connect()) as connection:
            while not stopped.is_set():
                try:
                    connection.request("POST", "/predict", b'{"size": 3}', JSON)
                    response = connection.getresponse()
                    assert json.loads(response.read())["prediction"] == 7.0
                    n_answers.append(1)
                    if response.will_close:
                        connection.close()
                except (OSError, AssertionError) as error:
                    failures.append(error)
                    return

    def heed():
        while server.ask("GET", "/readyz").status == 200:
            time.sleep(0.1)
        stopped.set()

    threads = [threading.Thread(target=one) for one in (ask, ask, ask, heed)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    before = len(n_answers)
    server.process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join(20)
    assert server.process.wait(10) == 0
    assert not failures
    assert len(n_answers) > before > 10
    assert not any(map(psutil.pid_exists, family))


def test_workers_share_one_address_and_their_numbers_are_summed(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path, "--workers", "2")
    server.wait_for(lambda: server.log.read_text().count("serving http") == 2)
    ids = set()
    for _ in range(60):
        ids.add(server.predict({"size": 3}).json["id"].partition("-")[0])
    assert len(ids) == 2
    assert b"mlstages_rows_total 60.0" in server.ask("GET", "/metrics").body


def test_a_worker_that_dies_is_replaced_and_all_die_with_the_first_process(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path, "--workers", "2")
    parent = psutil.Process(server.process.pid)
    server.wait_for(lambda: server.log.read_text().count("serving http") == 2)
    time.sleep(2)  # one that dies at once is not replaced
    victim = parent.children()[0]
    victim.kill()
    server.wait_for(lambda: server.log.read_text().count("serving http") == 3)
    assert server.predict({"size": 3}).status == 200
    assert len(parent.children()) == 2
    family = parent.children()
    os.kill(parent.pid, signal.SIGKILL)
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert len(gone) == 2
    assert not alive


def test_a_client_that_goes_away_while_it_is_answered_ends_nothing(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path)
    body = json.dumps([{"size": 1}] * 10_000).encode()
    head = b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    for _ in range(10):
        connection = server.connect()
        connection.connect()
        length = f"content-length: {len(body)}\r\n\r\n".encode()
        connection.sock.sendall((head + length + body) * 2)
        connection.close()
    assert server.predict({"size": 3}).status == 200


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_end_of_a_terminal_is_a_signal_to_stop_as_any_other(tmp_path, workers):
    publish(tmp_path)
    server = Server(tmp_path, "--drain", "0.2", "--workers", workers)
    server.wait_for(lambda: server.log.read_text().count("serving http") == int(workers))
    for child in psutil.Process(server.process.pid).children():
        child.send_signal(signal.SIGHUP)  # a terminal tells all of its processes
    assert server.stop(signal.SIGHUP) == 0
    assert server.log.read_text().count("draining") == int(workers)


def test_a_worker_that_dies_at_once_is_tried_again_while_another_one_lives(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path, "--workers", "2")
    parent = psutil.Process(server.process.pid)
    server.wait_for(lambda: server.log.read_text().count("serving http") == 2)
    time.sleep(2)  # now both have settled
    settled, *_ = parent.children()
    for number in (1, 2, 3):
        server.wait_for(lambda: len(parent.children()) == 2)
        next(child for child in parent.children() if child != settled).kill()
        server.wait_for(lambda n=number: server.log.read_text().count("signal 9") == n)
    server.wait_for(lambda: server.log.read_text().count("serving http") >= 3)
    assert settled.is_running()
    assert server.predict({"size": 3}).status == 200
