"""What is copied for a run, and that a copy becomes as it was."""

import os

import pytest

from mlstages.errors import FileError
from mlstages.refactor.folder_copy import find_beside, require_space, restore

BESIDE = {
    "a folder in a path": ("open('../data/y.csv')", ["data"]),
    "a file": ("open('../x.csv')", ["x.csv"]),
    "a name with a space": ("open('../my data/y.csv')", ["data", "my data"]),
    "parts of a path": ("Path(__file__).parent.parent / 'data' / 'x.csv'", ["data", "x.csv"]),
    "a longer name": ("open('../database/y.csv')", []),
    "a module": ("sys.path.append('..')\nfrom x import add", ["x.csv"]),
    "itself": ("open('../script/y')", []),
}


@pytest.fixture
def script_folder(tmp_path):
    for folder in ("script", "data", "my data", ".venv"):
        (tmp_path / folder).mkdir()
    (tmp_path / "x.csv").write_text("1\n")
    return tmp_path / "script"


@pytest.mark.parametrize("text", ["open('data/x.csv')", "print(1)"])
def test_a_script_that_stays_in_its_folder_needs_nothing_beside_it(script_folder, text):
    assert find_beside(script_folder, text, script_folder.parent.parent) == frozenset()


def test_a_little_is_copied_whole(script_folder):
    found = find_beside(script_folder, "open('../' + name)", script_folder.parent.parent)
    assert found == {"data", "my data", "x.csv"}


@pytest.mark.parametrize(("text", "names"), BESIDE.values(), ids=BESIDE)
def test_of_much_only_what_the_script_names_is_copied(script_folder, text, names):
    with (script_folder.parent / "large").open("wb") as file:
        file.truncate(2**32)
    assert sorted(find_beside(script_folder, text, script_folder.parent.parent)) == names


def test_the_folder_of_the_copies_is_never_copied(tmp_path):
    (tmp_path / "data" / "scratch").mkdir(parents=True)
    text = "open('../data/x')"
    assert find_beside(tmp_path / "script", text, tmp_path / "data" / "scratch") == frozenset()


def test_a_copy_becomes_as_it_was(tmp_path):
    source, copy = tmp_path / "source", tmp_path / "copy"
    (source / "inner").mkdir(parents=True)
    (source / "inner" / "a.txt").write_text("a")
    (source / "b.txt").write_text("b")
    (source / "c.txt").symlink_to(source / "b.txt")
    restore(source, copy)
    (copy / "b.txt").write_text("changed")
    (copy / "c.txt").write_text("changed")
    (copy / "inner" / "a.txt").unlink()
    (copy / "inner" / "new").mkdir()
    restore(source, copy)
    texts = {
        str(p.relative_to(copy)): p.read_text() for p in sorted(copy.rglob("*")) if p.is_file()
    }
    assert texts == {"b.txt": "b", "c.txt": "b", "inner/a.txt": "a"}
    assert (source / "b.txt").read_text() == "b"
    assert not (copy / "inner" / "new").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_cannot_be_read_is_left_out(tmp_path):
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.mkdir()
    (source / "secret").write_text("s")
    (source / "secret").chmod(0)
    restore(source, copy)
    assert list(copy.iterdir()) == []


def test_a_folder_without_room_for_its_copy_is_refused(tmp_path):
    with (tmp_path / "holes").open("wb") as file:
        file.truncate(2**43)
    with pytest.raises(FileError, match=r"its largest file is .*holes \(8,796,093,022,208\)"):
        require_space(tmp_path, tmp_path)
    (tmp_path / "holes").unlink()
    require_space(tmp_path, tmp_path)
