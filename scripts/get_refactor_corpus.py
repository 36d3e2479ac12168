"""Unpack the example scripts of scikit-learn's source distribution: the corpus of refactoring.

python scripts/get_refactor_corpus.py FOLDER [--version 1.9.1]

The archive comes from the index that pip is configured with, by pip's own session, and its
hash is compared with the index's. `pip download --no-binary` would do the same after it has
prepared a build for many minutes, which nothing here needs.
"""

import argparse
import hashlib
import io
import sys
import tarfile
from pathlib import Path, PurePosixPath

from pip._internal.commands import create_command

PROJECT = "scikit-learn"


def download(version: str) -> bytes:
    """Return the source distribution's bytes."""
    # pip has no public way to a link alone; this one reads its configuration as `pip download`.
    command = create_command("download")
    options, _rest = command.parse_args([PROJECT, "--no-binary", ":all:"])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)
        links = [
            candidate.link
            for candidate in finder.find_all_candidates(PROJECT)
            if str(candidate.version) == version
        ]
        if not links:
            raise SystemExit(f"error: the index has no source distribution of {PROJECT} {version}")
        response = session.get(links[0].url)
        response.raise_for_status()
    content = bytes(response.content)
    if links[0].hash_name and hashlib.new(links[0].hash_name, content).hexdigest() != links[0].hash:
        raise SystemExit(f"error: {links[0].filename} has another hash than the index says")
    return content


def unpack(archive: bytes, folder: Path) -> int:
    """Write what is below the archive's ``examples/`` into the folder; return how many scripts."""
    n_scripts = 0
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files:
            match PurePosixPath(member.name).parts:
                case (_root, "examples", *inside) if member.isfile() and ".." not in inside:
                    path = folder.joinpath("examples", *inside)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(files.extractfile(member).read())
                    n_scripts += path.suffix == ".py"
    return n_scripts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--version", default="1.9.1")
    options = parser.parse_args()
    n_scripts = unpack(download(options.version), options.folder)
    print(f"{n_scripts} scripts in {options.folder / 'examples'}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
