import logging
import re

from mlstages import PipelineConfig
from mlstages.stages import composable


def test_it_says_the_time_at_its_start_and_its_end_and_prints_nothing(capsys, caplog):
    with caplog.at_level(logging.INFO, logger="mlstages"):
        composable.run(PipelineConfig())
    assert [record.message.split(" at ")[0] for record in caplog.records] == [
        "composable started",
        "composable ended",
    ]
    assert all(re.search(r"at \d{4}-\d\d-\d\dT\d\d:\d\d", r.message) for r in caplog.records)
    assert capsys.readouterr().out == ""


def test_it_is_pure_apart_from_its_two_ends(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert composable.run(PipelineConfig()) == composable.run(PipelineConfig())
    assert list(tmp_path.iterdir()) == []
