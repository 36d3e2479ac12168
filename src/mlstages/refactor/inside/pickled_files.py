"""What a process has pickled into files, by what is in them.

Two pickles of equal values differ in their bytes where strings are one object in one of them
and two in the other, as after a way through another process; and a vectorizer of scikit-learn
keeps an address.
"""

import contextlib
import hashlib
import importlib
import io
import os
import pickle
import sys
import time

from .digests import Digest

_PICKLE = b"\x80"
_COMPRESSED = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ", "lzma"),
    (b"]\x00", "lzma"),
    (b"x", "zlib"),
)
"""How files begin that ``joblib.dump(..., compress=3)``, or ``gzip.open``, has compressed."""
_MOST_BYTES = 50_000_000
"""Of one file; a larger one is known by its bytes alone."""

_folder = os.getcwd()
_TICK = 20_000_000
"""Nanoseconds by which the clock of files may be behind: it goes on with the kernel's ticks."""
_began = time.time_ns() - _TICK


def describe_pickles():
    """Return what was pickled since this process began, by path in the folder.

    Of each file the SHA-256 of its bytes, the digest of what they hold, and the script's own
    modules whose classes and functions are in it. Left out is what cannot be loaded whole, or
    looked into.
    """
    found = {}
    for here, folders, files in os.walk(_folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = os.path.join(here, name)
            try:
                described = _describe(path)
            except Exception:  # a file that is gone, or an object whose own code raises
                described = None
            if described is not None:
                found[os.path.relpath(path, _folder)] = described
    return found


@contextlib.contextmanager
def _silence():
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [(stream, os.dup(stream)) for stream in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for stream, _ in kept:
            os.dup2(nowhere, stream)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for stream, copy in kept:
            os.dup2(copy, stream)
            os.close(copy)
        os.close(nowhere)


def _describe(path):
    about = os.stat(path)
    if about.st_mtime_ns < _began or about.st_size > _MOST_BYTES or os.path.islink(path):
        return None
    with open(path, "rb") as file:
        begin = file.read(5)
        module = _find_compression(begin)
        if module is None and not begin.startswith(_PICKLE):
            return None
        content = begin + file.read()
    plain = content if module is None else importlib.import_module(module).decompress(content)
    if not plain.startswith(_PICKLE) or len(plain) > _MOST_BYTES:
        return None
    digest = Digest()
    with _silence():  # an object's own code may print when it is loaded
        digest.feed(_load_all(plain))
    if digest.is_partial:
        return None
    # Whoever loads it needs the module of each class.
    modules = sorted(digest.own_modules)
    return [hashlib.sha256(content).hexdigest(), digest.hash.hexdigest(), modules]


def _find_compression(begin):
    """Return the module that reads what begins so; None if no compression does."""
    found = [module for magic, module in _COMPRESSED if begin.startswith(magic)]
    return found[0] if found else None


def _load_all(content):
    """Return all objects of a file: what stands behind the first one counts as well."""
    joblib = sys.modules.get("joblib")
    load = pickle.load if joblib is None else joblib.load
    file = io.BufferedReader(io.BytesIO(content))
    objects = []
    while file.tell() < len(content):
        objects.append(load(file))
    return objects
