from pathlib import Path

import pytest

from mlstages.errors import FileError
from mlstages.figure_file import require_writable, write_figure


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
