"""The editorials, by pip from the index that it is configured with: no index, no pass."""

import csv
import hashlib
import io
import os
import runpy
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "get_editorials.py"


def get_editorials(folder, **environment):
    return subprocess.run(
        [sys.executable, SCRIPT],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=200,
    )


def archive_of(name, content, path):
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return path


def test_the_table_has_each_sentence_and_its_rating(editorials):
    with editorials.path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t")
    assert header == ["sentence", "rating"]
    assert len(rows) == 5190
    assert all(sentence == sentence.strip() != "" for sentence, _ in rows)
    ratings = [float(rating) for _, rating in rows]
    assert (min(ratings), max(ratings)) == (-2.8, 2.8)
    # The quote that never ends, for which sentences are quoted.
    assert sum(sentence.startswith('"All those sleek') for sentence, _ in rows) == 1
    known = "d77d62c428522e238cb147026727dfff38f40857c75411ef20d4d5d5da563849"
    assert hashlib.sha256(editorials.path.read_bytes()).hexdigest() == known


def test_it_says_what_the_table_is_and_where_from(editorials):
    for fact in ("5,190 sentences", "vaderSentiment 3.3.2", "MIT licence"):
        assert fact in editorials.stderr


def test_a_file_that_is_there_is_not_touched(tmp_path):
    path = tmp_path / "editorials.tsv"
    path.write_text("mine")
    ran = get_editorials(tmp_path)
    assert (ran.returncode, path.read_text()) == (0, "mine")
    assert ran.stderr == "editorials.tsv is there already, and is not touched\n"


def test_where_pip_fails_one_line_says_so(tmp_path):
    ran = get_editorials(tmp_path, PIP_CONFIG_FILE=os.devnull, PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert (ran.returncode, list(tmp_path.iterdir())) == (3, [])
    assert ran.stderr.startswith("error: pip cannot get vaderSentiment 3.3.2, and says: ERROR: ")
    assert ran.stderr.count("\n") == 1


def test_another_text_is_refused(tmp_path):
    script = runpy.run_path(str(SCRIPT))
    inside = archive_of(script["TEXT"], b"1_1\t0.4\tAnother sentence.\n", tmp_path / "inside.gz")
    outside = archive_of(script["ARCHIVE_INSIDE"], inside.read_bytes(), tmp_path / "outside.gz")
    with pytest.raises(script["EditorialsError"], match=r"GroundTruth\.txt .* another SHA-256"):
        script["extract"](outside)
