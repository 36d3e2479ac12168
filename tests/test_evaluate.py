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
