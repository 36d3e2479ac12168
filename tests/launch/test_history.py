import pytest

from mlstages.errors import FileError
from mlstages.launch.history import describe_history, find_history, require_writable_history


def test_the_history_is_in_the_nearest_metaflow_folder_upwards(tmp_path, monkeypatch):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find_history() == below / ".metaflow"
    (tmp_path / ".metaflow").mkdir()
    assert find_history() == tmp_path / ".metaflow"
    (below / ".metaflow").write_text("a file is no history")
    assert find_history() == tmp_path / ".metaflow"


def test_it_is_described_by_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert describe_history() == str(tmp_path / ".metaflow")


def test_trying_whether_it_can_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    require_writable_history()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused(monkeypatch):
    monkeypatch.chdir("/proc")
    with pytest.raises(FileError, match=r"history in /proc/\.metaflow, which cannot be written"):
        require_writable_history()
