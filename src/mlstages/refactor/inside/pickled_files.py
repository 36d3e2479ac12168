"""What a process has pickled into files, by what is in them.

Two pickles of equal values differ in their bytes where strings are one object in one of them
and two in the other, as after a way through another process; and a vectorizer of scikit-learn
keeps an address.
"""

import os
import pickle
import sys
import time

from .digests import Digest

_PICKLE = b"\x80"
_SUFFIXES = (".joblib", ".pkl", ".pickle", ".jl")
_MOST_BYTES = 50_000_000
"""Of one file; a larger one is known by its bytes alone."""

_folder = os.getcwd()
_began = time.time_ns()


def describe_pickles():
    """Return the digests of what was pickled since this process began, by path in the folder.

    After a digest come the script's own modules whose classes are in the file. Left out is what
    cannot be loaded, or looked into.
    """
    found = {}
    for here, folders, files in os.walk(_folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = os.path.join(here, name)
            try:
                digest = _describe(path)
            except Exception:  # a file that is gone, or an object whose own code raises
                digest = None
            if digest is not None:
                found[os.path.relpath(path, _folder)] = digest
    return found


def _describe(path):
    about = os.stat(path)
    if about.st_mtime_ns < _began or about.st_size > _MOST_BYTES or os.path.islink(path):
        return None
    with open(path, "rb") as file:
        content = file.read()
    if not (content.startswith(_PICKLE) or path.endswith(_SUFFIXES)):
        return None
    digest = Digest()
    digest.feed(_load(path, content))
    if digest.is_partial:
        return None
    # Whoever loads it needs the module of each class.
    return " ".join([digest.hash.hexdigest(), *sorted(digest.own_modules)])


def _load(path, content):
    joblib = sys.modules.get("joblib")
    return pickle.loads(content) if joblib is None else joblib.load(path)
