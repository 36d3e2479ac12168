import numpy as np
import pytest

from mlstages.train import describe_model, predict, train_model


def test_the_plane_that_made_the_data_is_found():
    X = np.random.default_rng(0).normal(size=(50, 3))
    model = train_model(X, X @ np.array([1.0, -2.0, 0.5]) + 4.0)
    coefficients, intercept = describe_model(model)
    assert coefficients == pytest.approx((1.0, -2.0, 0.5))
    assert intercept == pytest.approx(4.0)
    assert predict(model, np.array([[1.0, 1.0, 2.0]])).tolist() == pytest.approx([4.0])


def test_the_description_is_made_of_plain_floats():
    coefficients, intercept = describe_model(
        train_model(np.array([[0.0], [1.0]]), np.array([1.0, 3.0]))
    )
    assert [type(number) for number in (*coefficients, intercept)] == [float, float]
