"""What shows only under conditions that a test makes more surely inside a process."""

import asyncio
import sqlite3
import threading
import time

import pytest

from mlstages.records import Records
from mlstages.serve.answer import Refused
from mlstages.serve.live import Live
from mlstages.serve.metrics import Metrics
from mlstages.serve.recorder import MOST_PENDING, Recorder
from mlstages.serve.service import Service
from mlstages.serve.settings import Settings
from servers import make_release


@pytest.fixture
def service(tmp_path):
    settings, metrics = Settings(timeout=0.1), Metrics()
    recorder = Recorder(
        tmp_path / "records.sqlite", keeps_predictions=False, count_dropped=metrics.dropped.inc
    )
    live = Live(settings, metrics)
    live.take(make_release())
    return Service(settings=settings, live=live, metrics=metrics, recorder=recorder)


def test_an_answer_that_takes_too_long_is_504_and_waits_on_until_it_ends(service):
    ends = threading.Event()

    async def ask():
        with pytest.raises(Refused, match=r"no answer within 0\.1 s") as refused:
            await service.run_in_thread(ends.wait)
        assert refused.value.status == 504
        assert service.waiting == 1  # so that no more begin than the bound allows
        ends.set()
        await asyncio.sleep(0.1)
        assert service.waiting == 0

    asyncio.run(ask())


def keep(recorder, number):
    recorder.keep(f"id-{number}", "Flow/1", ["size"], (1.0,), 3.0, [], 0.001)


def test_predictions_that_come_too_fast_are_dropped_and_counted(tmp_path):
    dropped = []
    path = tmp_path / "records.sqlite"
    recorder = Recorder(path, keeps_predictions=True, count_dropped=dropped.append)
    recorder.stop()  # the thread that would write them
    for number in range(MOST_PENDING + 5):
        keep(recorder, number)
    assert dropped == [1] * 5


def test_a_disk_that_takes_no_more_loses_predictions_and_nothing_else(tmp_path, monkeypatch):
    def refuse(*_arguments):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Records, "add_predictions", refuse)
    dropped = []
    path = tmp_path / "records.sqlite"
    recorder = Recorder(path, keeps_predictions=True, count_dropped=dropped.append)
    keep(recorder, 1)
    deadline = time.monotonic() + 5
    while not dropped and time.monotonic() < deadline:
        time.sleep(0.05)
    assert dropped == [1]
    recorder.stop()


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0:0:0:0:0:0:0:1", True),
        ("LOCALHOST", True), ("0.0.0.0", False), ("::", False), ("127.example.org", False),
    ],
)  # fmt: skip
def test_a_server_of_this_machine_is_known_by_its_address(host, is_local):
    assert Settings(host=host).is_local is is_local
