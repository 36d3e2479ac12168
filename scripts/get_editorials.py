"""Write editorials.tsv: 5,190 sentences of newspaper editorials, and how people rated each.

python scripts/get_editorials.py [FILE]

The sentences are those of 500 editorials and opinion articles of the New York Times; a rating is
the mean of at least 20 people's, from -4 (very negative) to 4 (very positive). C.J. Hutto and
E. Gilbert collected them for VADER (ICWSM 2014), and they are part of the source distribution of
vaderSentiment 3.3.2 (licence: MIT), which pip gets from the index that it is configured with.

The file has a header and a row a sentence, as Python's csv writes them with tabs: a sentence with
a quote in it is quoted, because one begins with a quote that never ends. A file that is there
already is not touched. Exit code 3: pip fails, or the text has another SHA-256 than is known here.
"""

import argparse
import csv
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PROJECT, VERSION = "vaderSentiment", "3.3.2"
ARCHIVE_INSIDE = f"{PROJECT}-{VERSION}/additional_resources/hutto_ICWSM_2014.tar.gz"
TEXT = "hutto_ICWSM_2014/nytEditorialSnippets_GroundTruth.txt"
SHA256 = "7d8fbcce7dde5d716da53e78f4ef4be6b706e9ef1e1d51887e6d0ad4b69cc27e"


class EditorialsError(Exception):
    """The sentences cannot be had; the message is one line."""


def download(folder: Path) -> Path:
    """Have pip put the source distribution into an empty folder; return its path."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    # Only this one from source: pip asks it for its metadata, and would build setuptools for that.
    what = ["--no-deps", "--no-binary", PROJECT, f"{PROJECT}=={VERSION}", "--dest", str(folder)]
    ran = subprocess.run([*pip, *what], capture_output=True, text=True)
    if ran.returncode != 0:
        lines = [line.strip() for line in ran.stderr.splitlines() if line.strip()]
        said = [line for line in lines if line.startswith("ERROR:")] or lines or ["no reason"]
        raise EditorialsError(f"pip cannot get {PROJECT} {VERSION}, and says: {said[-1]}")
    (archive,) = folder.iterdir()
    return archive


def extract(archive: Path) -> str:
    """Return lines of id, mean rating and sentence, separated by tabs."""
    with tarfile.open(archive) as outside:
        inside = io.BytesIO(outside.extractfile(ARCHIVE_INSIDE).read())
    with tarfile.open(fileobj=inside) as files:
        content = files.extractfile(TEXT).read()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise EditorialsError(f"{TEXT} in {archive.name} has another SHA-256 than is known")
    return content.decode("ascii")


def make_table(text: str) -> str:
    """Return the sentences and their ratings, below a header."""
    table = io.StringIO()
    writer = csv.writer(table, delimiter="\t", lineterminator="\n")
    writer.writerow(["sentence", "rating"])
    for line in text.splitlines():
        _id, rating, sentence = line.split("\t")
        writer.writerow([sentence, rating])
    return table.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", default=Path("editorials.tsv"))
    path = parser.parse_args().file
    if path.exists():
        print(f"{path} is there already, and is not touched", file=sys.stderr)
        return 0
    try:
        with tempfile.TemporaryDirectory() as folder:
            table = make_table(extract(download(Path(folder))))
        path.write_text(table, encoding="ascii", newline="\n")
    except (EditorialsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    print(
        f"{path}: {table.count(chr(10)) - 1:,} sentences of newspaper editorials with the mean"
        f" rating of 20 people or more, from -4 to 4; out of {TEXT} in the source distribution of"
        f" {PROJECT} {VERSION} (MIT licence, Copyright (c) 2016 C.J. Hutto), by pip",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
