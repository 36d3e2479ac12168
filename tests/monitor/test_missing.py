"""Missing values: a source that has ceased to send a field is found, also where none is left."""

from dataclasses import replace

import numpy as np
import pytest

from mlstages.monitor.gauges import to_gauges
from mlstages.monitor.missing import measure_missing
from mlstages.monitor.monitoring import monitor_release
from mlstages.release.description import describe_schema
from mlstages.release.schema import Field
from simulated import ask, release, train

THURSDAY = "2026-11-05"
SHARE = 0.1


@pytest.fixture
def released(tmp_path):
    """Return a release of a model whose training rows miss a tenth of the rooms."""
    described = release(train(), tmp_path)
    size, rooms, colour = described.schema.fields
    rooms = replace(rooms, optional=True, n_missing=int(described.n_train * SHARE))
    return replace(described, schema=replace(described.schema, fields=(size, rooms, colour)))


def ask_a_week(released, shares, seed=0):
    """Return predictions of whose rows a share misses the rooms, day by day."""
    random = np.random.default_rng(seed)
    predictions = ask(train(), released, len(shares), seed, a_day=200)
    return [
        replace(one, row=one.row | {"rooms": None})
        if random.random() < shares[place // 200]
        else one
        for place, one in enumerate(predictions)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_as_many_as_in_training_are_no_finding(released, seed):
    report = monitor_release(released, ask_a_week(released, [SHARE] * 28, seed), [])
    assert report.findings == ()
    assert len(report.spans) == 28


@pytest.mark.parametrize("share", [0.35, 1.0])
def test_more_are_found_on_their_day(released, share):
    shares = [SHARE] * 3 + [share] + [SHARE] * 3
    report = monitor_release(released, ask_a_week(released, shares), [])
    by_day = [one for one in report.findings if one.span != "all"]
    assert [(one.span, one.what, one.field) for one in by_day] == [(THURSDAY, "missing", "rooms")]
    assert "of 200 rows (10% of the training rows)" in by_day[0].message
    gauge = to_gauges(report, 0.0)['mlstages_monitor_missing_share{field="rooms"}']
    assert gauge == pytest.approx((6 * SHARE + share) / 7, abs=0.03)


def test_what_may_not_be_missing_or_was_not_counted_is_not_tested():
    field = Field(name="size", kind="numeric", n_missing=0)
    assert measure_missing(field, [1.0] * 100, 100) is None
    assert measure_missing(Field(name="size", kind="numeric", optional=True), [None], 100) is None


def test_of_few_rows_nothing_is_claimed():
    field = Field(name="size", kind="numeric", optional=True, n_missing=1)
    measured = measure_missing(field, [None] * 49, 1000)
    assert (measured.share, measured.p_value) == (1.0, None)
    assert measure_missing(field, [None] * 50, 1000).p_value < 1e-20


def test_a_release_counts_what_its_training_rows_miss():
    trained = train()
    X_train = trained.X_train.copy()
    X_train[:7, 1] = None
    size, rooms, _ = describe_schema(replace(trained, X_train=X_train)).fields
    assert (size.optional, size.n_missing) == (False, 0)
    assert (rooms.optional, rooms.n_missing) == (True, 7)
