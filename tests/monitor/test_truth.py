from dataclasses import replace

import numpy as np
import pytest

from mlstages.monitor.monitoring import monitor_release
from mlstages.records import Feedback, Status
from simulated import DAY, MONDAY, World, ask, release, train


def tell(trained, n, world=None, *, seed=0, status=Status.NEW, day=0):
    """Return n truths about rows of a world."""
    X, y = (world or World()).draw(np.random.default_rng(seed + 77), n)
    if trained.is_classifier:
        y = np.where(y > 150, "dear", np.where(y > 140, "fair", "cheap"))
    return [
        Feedback(
            number=i + 1,
            at=MONDAY + day * DAY + i,
            run=trained.run,
            prediction_id=None,
            row=dict(zip(trained.columns, values, strict=True)),
            prediction=prediction,
            truth=truth,
            status=status,
        )
        for i, (values, prediction, truth) in enumerate(
            zip(X.tolist(), trained.predict(X).tolist(), y.tolist(), strict=True)
        )
    ]


@pytest.mark.parametrize("is_classifier", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_truths_as_at_the_training_are_no_finding(seed, is_classifier, tmp_path):
    trained = train(seed, is_classifier=is_classifier)
    released = release(trained, tmp_path)
    report = monitor_release(released, [], tell(trained, 200, seed=seed))
    assert report.whole.error.n_rows == 200
    assert report.findings == ()


@pytest.mark.parametrize("is_classifier", [False, True])
def test_a_world_that_has_changed_is_found_by_its_truths(is_classifier, tmp_path):
    trained = train(is_classifier=is_classifier)
    released = release(trained, tmp_path)
    truths = [*tell(trained, 60), *tell(trained, 60, World(slope=2.4), day=3)]
    truths = [_numbered(told, number) for number, told in enumerate(truths, start=1)]
    report = monitor_release(released, ask(trained, released, 7, 0), truths)
    assert "2026-11-05" in {finding.span for finding in report.findings}
    assert {finding.what for finding in report.findings} == {"error"}
    (thursday,) = (f for f in report.findings if f.span == "2026-11-05")
    metric = "accuracy" if is_classifier else "mse"
    assert f"{metric} {report.spans[3].error.value:.4g}" in thursday.message
    assert f"{released.metrics[metric]:.4g} at the release" in thursday.message


def test_the_error_is_that_of_the_metric(tmp_path):
    trained = train()
    truths = tell(trained, 30)
    error = monitor_release(release(trained, tmp_path), [], truths).whole.error
    squares = [(told.truth - told.prediction) ** 2 for told in truths]
    assert error.value == pytest.approx(sum(squares) / 30)


def test_of_too_few_truths_nothing_is_claimed(tmp_path):
    trained = train()
    released = release(trained, tmp_path)
    wrong = World(slope=30.0)
    few = monitor_release(released, [], tell(trained, 19, wrong))
    assert (few.whole.error.wrong, few.n_comparisons, few.passed) == (1.0, 0, True)
    assert not monitor_release(released, [], tell(trained, 20, wrong)).passed


def test_what_was_rejected_counts_in_no_error(tmp_path):
    trained = train()
    released = release(trained, tmp_path)
    rejected = tell(trained, 50, World(slope=30.0), status=Status.REJECTED)
    assert monitor_release(released, [], rejected).whole.error is None


def test_of_several_words_on_one_prediction_the_last_counts(tmp_path):
    trained = train()
    released = release(trained, tmp_path)
    first, last = tell(trained, 2)
    same = [_numbered(first, 1, prediction_id="a"), _numbered(last, 2, prediction_id="a")]
    error = monitor_release(released, [], same).whole.error
    assert error.n_rows == 1
    assert error.value == pytest.approx((last.truth - last.prediction) ** 2)


def _numbered(told, number, **changes):
    return replace(told, number=number, **changes)
