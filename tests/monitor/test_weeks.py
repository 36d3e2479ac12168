"""Weeks of predictions of a real model, kept in real records: drift is found on its day."""

from dataclasses import replace

import numpy as np
import pytest

from mlstages.monitor.monitoring import monitor_release
from mlstages.monitor.spans import By
from mlstages.monitor.watch import monitor_flow
from simulated import DAY, FLOW, MONDAY, World, answer, ask, keep, release, train

SEEDS = range(4)
THURSDAY = "2026-11-05"
WORLDS = {
    "the mean of a number moves": (World(size=57.0), "size"),
    "a number spreads out": (World(spread=25.0), "size"),
    "a category becomes frequent": (World(red=0.75), "colour"),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_in_ten_weeks_without_drift_none_is_found(seed, tmp_path):
    trained = train(seed, is_classifier=seed % 2 == 1)
    released = release(trained, tmp_path)
    keep(ask(trained, released, 70, seed, a_day=200), tmp_path).close()
    report = monitor_flow(FLOW, history=tmp_path, now=MONDAY + 70 * DAY)
    assert report.findings == ()
    assert (report.whole.n_rows, len(report.spans)) == (14_000, 70)
    assert report.n_comparisons == 71 * 5  # three features, the prediction, the range


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("what", WORLDS)
def test_a_drift_is_found_on_its_day_and_in_its_feature(what, seed, tmp_path):
    world, feature = WORLDS[what]
    trained = train(seed, is_classifier=seed % 2 == 1)
    released = release(trained, tmp_path)
    keep(ask(trained, released, 7, seed, drifted=(3,), world=world), tmp_path).close()
    report = monitor_flow(FLOW, history=tmp_path, now=MONDAY + 7 * DAY)
    by_day = [finding for finding in report.findings if finding.span != "all"]
    assert {finding.span for finding in by_day} == {THURSDAY}
    assert {one.field for one in by_day if one.what == "feature"} == {feature}


def test_a_drift_that_stays_is_found_on_each_day_from_then_on(tmp_path):
    trained = train()
    released = release(trained, tmp_path)
    predictions = ask(trained, released, 7, 0, drifted=range(3, 7), world=World(size=60.0))
    report = monitor_release(released, predictions, [])
    drifted = {finding.span for finding in report.findings if finding.field == "size"}
    assert drifted == {"all", THURSDAY, "2026-11-06", "2026-11-07", "2026-11-08"}


def test_the_prediction_drifts_with_a_feature_that_matters(tmp_path):
    trained = train()
    released = release(trained, tmp_path)
    predictions = ask(trained, released, 1, 0, drifted=(0,), world=World(size=60.0))
    report = monitor_release(released, predictions, [])
    (one,) = (f for f in report.findings if f.what == "prediction" and f.span != "all")
    assert "the prediction of price drifted: median " in one.message


def test_an_hour_of_drift_is_found_in_its_hour(tmp_path):
    trained = train()
    released = release(trained, tmp_path)
    predictions = ask(trained, released, 1, 0, a_day=2400)
    moved = [one for one in predictions if MONDAY + 5 * 3600 <= one.at < MONDAY + 6 * 3600]
    X = [[one.row["size"] + 15.0, one.row["rooms"], one.row["colour"]] for one in moved]
    others = [one for one in predictions if one not in moved]
    again = answer(trained, released, np.array(X, dtype=object), [one.at for one in moved])
    report = monitor_release(released, [*others, *again], [], by=By.HOUR)
    assert {f.span for f in report.findings if f.span != "all"} == {"2026-11-02T05"}
    assert len(report.spans) == 24


def test_rows_outside_the_training_range_are_found_where_their_distribution_hardly_moves(tmp_path):
    trained = train()
    released = release(trained, tmp_path)
    predictions = ask(trained, released, 1, 0, a_day=500)
    far = [replace(one, row=one.row | {"size": 500.0}, outside=("size",)) for one in predictions]
    predictions[::8] = far[::8]
    report = monitor_release(released, predictions, [])
    outside = [finding for finding in report.findings if finding.what == "outside"]
    assert [finding.span for finding in outside] == ["all", "2026-11-02"]
    assert "13% of the rows lie outside the training range (limit 5%)" in outside[0].message
    assert not [finding for finding in report.findings if finding.field == "size"]


def test_rows_of_another_run_are_left_aside(tmp_path):
    trained = train()
    released = release(trained, tmp_path)
    predictions = ask(trained, released, 1, 0, drifted=(0,), world=World(size=90.0))
    others = [replace(one, run=f"{FLOW}/99") for one in predictions]
    report = monitor_release(released, others, [])
    assert (report.whole.n_rows, report.n_comparisons, report.passed) == (0, 0, True)


def test_of_too_few_rows_nothing_can_be_said_yet(tmp_path):
    trained = train()
    released = release(trained, tmp_path)
    predictions = ask(trained, released, 1, 0, a_day=49, drifted=(0,), world=World(size=500.0))
    report = monitor_release(released, predictions, [])
    assert report.verdict == (
        f"nothing can be said yet: 49 predictions of release 1 ({FLOW}/0) were kept, "
        "and 50 are needed"
    )


def test_latency_is_told_by_its_quantiles(tmp_path):
    trained = train()
    released = release(trained, tmp_path)
    predictions = [
        replace(one, seconds=i / 1000)
        for i, one in enumerate(ask(trained, released, 1, 0, a_day=101))
    ]
    latency = monitor_release(released, predictions, []).whole.latency
    told = (latency.median, latency.p95, latency.p99)
    assert told == pytest.approx((0.050, 0.095, 0.099))
