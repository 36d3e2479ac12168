import io

import numpy as np
from matplotlib.image import imread

from mlstages.plot import (
    MOST_POINTS,
    draw_predictions,
    draw_side_by_side,
)
from mlstages.result import Metrics

METRICS = Metrics(mse=1.0, r2=0.5)


def draw(n_rows):
    rng = np.random.default_rng(0)
    y_test = rng.normal(size=n_rows)
    picture = draw_predictions(y_test, y_test + rng.normal(size=n_rows), METRICS, stage="flow")
    return imread(io.BytesIO(picture))


def colours(pixels):
    return {tuple(pixel) for pixel in (pixels[..., :3].reshape(-1, 3) * 255).astype(int)}


def has_yellow(pixels):  # the top of the density's scale, which no other part has
    return any(red > 230 and green > 210 and blue < 80 for red, green, blue in colours(pixels))


def test_few_points_are_drawn_as_points_and_many_as_density():
    assert not has_yellow(draw(MOST_POINTS))
    assert has_yellow(draw(MOST_POINTS + 1))


def test_the_diagonal_is_drawn():
    red = [c for c in colours(draw(50)) if c[0] > 200 and c[1] < 60 and c[2] < 60]
    assert red


def test_pictures_stand_side_by_side_without_loss():
    rng = np.random.default_rng(0)
    y = rng.normal(size=20)
    pictures = [draw_predictions(y, y[::-1], METRICS, stage=stage) for stage in ("one", "other")]
    whole = imread(io.BytesIO(draw_side_by_side(pictures)))
    left, right = (imread(io.BytesIO(picture)) for picture in pictures)
    assert np.array_equal(whole, np.concatenate([left, right], axis=1))
