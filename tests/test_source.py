import hashlib

import pytest

from mlstages.errors import FileError
from mlstages.source import scan
from mlstages.table import read_table


@pytest.mark.parametrize("content", [b"", b"1,2", b"1,2\n", b"a:b\n" * 600_000])
def test_one_pass_tells_the_hash_and_the_counts(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    for source in (scan("data.csv", path), scan("data.csv", content)):
        assert source.sha256 == hashlib.sha256(content).hexdigest()
        assert source.n_lines == len(content.splitlines())
        assert source.n_colons == content.count(b":")
        assert source.first_nul is None


def test_the_first_nul_is_found_beyond_the_first_chunk():
    assert scan("data.csv", b"1" * (3 << 20) + b"\0" + b"1").first_nul == 3 << 20


def test_a_missing_file_is_refused_with_its_folder(tmp_path):
    with pytest.raises(FileError, match=f"does not exist: there is no such file in {tmp_path}"):
        read_table("data.csv", tmp_path / "data.csv")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(FileError, match="is a folder: give a file"):
        scan("data.csv", tmp_path)


def test_a_name_that_looks_like_a_pattern_or_an_address_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a*.csv", "[ab].csv", "~.csv"):
        (tmp_path / name).write_text("1,2\n3,4\n")
        assert read_table(name, tmp_path / name).values.rows() == [(1.0, 2.0), (3.0, 4.0)]
