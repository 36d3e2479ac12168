import io

import numpy as np
import pytest
from matplotlib.image import imread

from mlstages.errors import FileError
from mlstages.plot import (
    MOST_POINTS,
    draw_predictions,
    draw_side_by_side,
    require_writable,
    write_figure,
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


def test_a_figure_is_written_whole_and_over_an_older_one(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"older")
    write_figure(b"newer", path)
    assert path.read_bytes() == b"newer"
    assert list(tmp_path.iterdir()) == [path]


def test_the_folder_of_a_figure_is_never_made(tmp_path):
    with pytest.raises(FileError, match="does not exist: make it first"):
        require_writable(tmp_path / "missing" / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_figure(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(FileError, match="is a folder"):
        require_writable(tmp_path / "a.png")


def test_a_figure_that_cannot_be_written_is_refused_before_the_work():
    from pathlib import Path

    with pytest.raises(FileError, match="cannot be written"):
        require_writable(Path("/proc/a.png"))
    with pytest.raises(FileError, match="cannot be written"):
        write_figure(b"", Path("/proc/a.png"))


def test_trying_leaves_no_file_behind(tmp_path):
    require_writable(tmp_path / "a.png")
    require_writable(None)
    assert list(tmp_path.iterdir()) == []


def test_a_figure_that_is_a_link_stays_one(tmp_path):
    link = tmp_path / "link.png"
    link.symlink_to(tmp_path / "real.png")
    require_writable(link)
    write_figure(b"picture", link)
    assert link.is_symlink()
    assert (tmp_path / "real.png").read_bytes() == b"picture"
    (tmp_path / "circle.png").symlink_to(tmp_path / "circle.png")
    with pytest.raises(FileError, match=r"circle\.png cannot be written"):
        require_writable(tmp_path / "circle.png")


def test_a_long_name_that_the_file_system_takes_is_written(tmp_path):
    path = tmp_path / f"{'x' * 250}.png"
    write_figure(b"picture", path)
    assert path.read_bytes() == b"picture"
