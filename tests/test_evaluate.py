import numpy as np
import pytest

from mlstages.errors import DataError
from mlstages.evaluate import evaluate, evaluate_baseline


def test_the_metrics_are_those_of_their_definition():
    y_test, y_predicted = np.array([1.0, 2.0, 6.0]), np.array([1.0, 3.0, 4.0])
    metrics = evaluate(y_test, y_predicted)
    assert metrics.mse == pytest.approx(5 / 3)
    assert metrics.r2 == pytest.approx(1 - 5 / 14)


def test_the_baseline_predicts_the_mean_of_the_training_target():
    baseline = evaluate_baseline(np.array([0.0, 4.0]), np.array([1.0, 5.0]))
    assert baseline.mse == pytest.approx((1 + 9) / 2)
    assert baseline.r2 == pytest.approx(1 - 10 / 8)


def test_metrics_that_are_not_finite_are_refused():
    y_test = np.array([1e155, -1e155])
    with pytest.raises(DataError, match="rescale"):
        evaluate(y_test, -y_test)


@pytest.mark.parametrize("scale", [1e-170, 1e-310, 1e200], ids=str)
def test_a_target_whose_squares_cannot_be_told_apart_has_no_metrics(scale):
    y = np.arange(1.0, 30.0) * scale
    with pytest.raises(DataError, match="rescale them"):
        evaluate(y, y)


def test_a_prediction_that_is_not_finite_is_refused():
    with pytest.raises(DataError, match="a prediction is not finite"):
        evaluate(np.array([1.0, 2.0]), np.array([1.0, np.inf]))
