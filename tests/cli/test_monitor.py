import json
import time

import pytest

from mlstages.records import Records, find_records
from simulated import DAY, FLOW, MONDAY, World, ask, keep, release, train


@pytest.fixture
def history(tmp_path):
    return tmp_path / ".metaflow"


@pytest.fixture
def monitor(mlstages_here):
    return lambda *options: mlstages_here("monitor", "--flow", FLOW, *options)


def use(history, days=7, drifted=(3,), a_day=200):
    trained = train()
    released = release(trained, history)
    world = World(size=65.0)
    keep(ask(trained, released, days, 0, a_day=a_day, drifted=drifted, world=world), history)


def test_drift_is_exit_code_1_and_told_with_its_day(monitor, history):
    use(history)
    finished = monitor()
    assert (finished.exit_code, finished.stderr) == (1, "")
    printed = " ".join(finished.stdout.split())
    assert f"release 1 of {FLOW}: {FLOW}/0" in printed
    assert "2026-11-05: size drifted: median" in printed
    assert "2026-11-04: " not in printed


def test_a_week_without_drift_is_exit_code_0(monitor, history):
    use(history, drifted=())
    finished = monitor()
    assert finished.exit_code == 0
    assert finished.stdout.endswith("nothing found in 40 comparisons\n")


def test_only_the_time_that_is_asked_for_is_looked_at(monitor, history):
    use(history)
    before = monitor("--until", "2026-11-05", "--json")
    assert before.exit_code == 0
    assert [span["span"] for span in before.json["spans"]] == [
        "2026-11-02",
        "2026-11-03",
        "2026-11-04",
    ]
    after = monitor("--since", "2026-11-05T00:00+00:00", "--json")
    assert (after.exit_code, after.json["whole"]["n_rows"]) == (1, 800)
    days_ago = int((time.time() - MONDAY) // DAY) - 5
    ago = monitor("--since", f"{days_ago}d", "--json").json["whole"]["n_rows"]
    assert 200 <= ago <= 400 or days_ago <= 0  # one to two days, by the time of day it is now


def test_by_the_hour(monitor, history):
    use(history, days=1, drifted=(0,), a_day=2000)
    finished = monitor("--by", "hour", "--json")
    spans = [span["span"] for span in finished.json["spans"]]
    assert (spans[0], len(spans)) == ("2026-11-02T00", 24)


def test_another_limit_of_the_index(monitor, history):
    use(history)
    assert monitor("--psi", "50").exit_code == 0


def test_json_has_every_measure_and_the_page_is_written(monitor, history, tmp_path):
    use(history)
    finished = monitor("--json", "--html", "week.html")
    assert finished.exit_code == 1
    report = finished.json
    assert (report["passed"], report["release"], report["by"]) == (False, 1, "day")
    (size,) = (one for one in report["spans"][3]["features"] if one["field"] == "size")
    assert size["psi"] > 0.2
    assert (size["test"], size["n_rows"]) == ("Kolmogorov-Smirnov", 200)
    assert {finding["span"] for finding in report["findings"]} >= {"2026-11-05"}
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert (tmp_path / "week.html").read_text().startswith("<!doctype html>")


def test_the_newest_report_is_kept_for_who_serves_the_model(monitor, history):
    use(history)
    monitor()
    records = Records(find_records(history, FLOW))
    first = records.read_gauges()
    assert first["mlstages_monitor_findings"] > 0
    monitor("--until", "2026-11-05")
    second = records.read_gauges()
    assert second["mlstages_monitor_findings"] == 0
    assert second["mlstages_monitor_predictions"] == 600
    assert set(second) == set(first)


def test_too_few_rows_are_a_sentence_and_exit_code_0(monitor, history):
    use(history, days=1, a_day=20, drifted=(0,))
    finished = monitor()
    assert finished.exit_code == 0
    assert "nothing can be said yet: 20 predictions of release 1" in finished.stdout


@pytest.mark.parametrize(
    ("options", "exit_code", "said"),
    [
        (("--since", "yesterday"), 2, "'yesterday' is no time: write 7d"),
        (("--since", "1d", "--until", "2d"), 2, "--since 1d is not before --until 2d"),
        (("--by", "week"), 2, "it is hour or day"),
        (("--psi", "0"), 2, "it is a number above 0"),
        (("--html", "week.pdf"), 2, "week.pdf does not end in .html"),
        (("--html", "no/week.html"), 3, "make it first"),
    ],
)
def test_what_is_wrong_is_said(monitor, history, options, exit_code, said):
    use(history, days=1)
    finished = monitor(*options)
    assert finished.exit_code == exit_code
    assert said in finished.error


def test_no_release_and_no_records_are_said(monitor, history):
    finished = monitor()
    assert finished.exit_code == 3
    assert f"no release of {FLOW} in {history}: mlstages release RUN makes one" in finished.error
    release(train(), history)
    finished = monitor()
    assert finished.exit_code == 3
    assert f"no predictions or feedback of {FLOW} were kept" in finished.error
    assert not find_records(history, FLOW).exists()  # looking makes no file
