"""The files of artifacts: named by content, whole or not there, written once."""

import gzip
import hashlib
import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from metaflow.datastore import FlowDataStore
from metaflow.datastore.content_addressed_store import ContentAddressedStore
from metaflow.plugins.datastores.local_storage import LocalStorage

from mlstages.launch.artifacts import mapping, store
from mlstages.launch.artifacts.layout import strip_layout
from mlstages.launch.artifacts.serializer import ArtifactPickles
from mlstages.launch.artifacts.store import ArtifactStore

X = np.random.default_rng(42).normal(size=50_000)


@pytest.fixture
def metaflows(tmp_path):
    """Metaflow's own store of a flow's blobs."""
    return FlowDataStore("F", storage_impl=LocalStorage, ds_root=str(tmp_path)).ca_store


@pytest.fixture
def pickles(metaflows):
    return ArtifactPickles(ArtifactStore(metaflows))


def save(pickles, value):
    (blob,), _described = pickles.serialize(value)
    (saved,) = pickles.store.save_blobs([blob.value])
    return saved.key


def load(pickles, key):
    ((_key, blob),) = pickles.store.load_blobs([key])
    return pickles.deserialize([blob])


def files(pickles):
    folder = pickles.store.path_of("").parent
    return sorted(path for path in folder.rglob("*") if path.is_file())


def name_of(path):
    return hashlib.sha1(strip_layout(path.read_bytes())).hexdigest()


def test_metaflow_reads_what_is_stored_raw(pickles, metaflows):
    key = save(pickles, X)
    ((_key, blob),) = metaflows.load_blobs([key])
    np.testing.assert_array_equal(pickle.loads(blob), X)
    assert key == hashlib.sha1(pickle.dumps(X, protocol=4)).hexdigest()
    assert pickles.store.path_of(key).stat().st_mode & 0o777 == 0o600  # as Metaflow's own


FORMS = {
    "measurements": (X, True),
    "prices": (np.round(np.abs(X) * 100, 2), True),
    "numbers below ten": (np.random.default_rng(0).integers(0, 10, 50_000), True),
    "zeros": (np.zeros(50_000), False),
    "one-hot": (np.eye(50)[np.random.default_rng(0).integers(0, 50, 1_000)], False),
    "a small array": (X[:100], False),
    "text": ("a text that repeats itself " * 10_000, False),
    "noise": (os.urandom(100_000), True),
}


@pytest.mark.parametrize("name", FORMS)
def test_what_gzip_leaves_a_tenth_of_is_stored_as_metaflow_does(name, pickles, metaflows):
    value, is_raw = FORMS[name]
    key = save(pickles, value)
    meta = json.loads(pickles.store.path_of(f"{key}").with_name(f"{key}_meta").read_text())
    assert meta == {"cas_raw": is_raw, "cas_version": 1}
    if not is_raw:
        (saved,) = metaflows.save_blobs([pickle.dumps(value, protocol=4)])
        assert saved.key == key
        assert pickles.store.path_of(key).read_bytes()[:2] == gzip.compress(b"")[:2]
    np.testing.assert_equal(load(pickles, key), value)


def test_an_artifact_never_changes_after_it_was_stored(pickles, metaflows):
    key = save(pickles, X)
    before = pickles.store.path_of(key).read_bytes()
    loaded = load(pickles, key)
    loaded[:] = 0
    loaded.sort()
    assert pickles.store.path_of(key).read_bytes() == before
    np.testing.assert_array_equal(load(pickles, key), X)


def test_each_loading_has_memory_of_its_own(pickles):
    key = save(pickles, X)
    first, second = load(pickles, key), load(pickles, key)
    first[0] = 42
    assert second[0] == X[0]


@pytest.fixture
def written(monkeypatch):
    """The names of what is written, not only found to be there."""
    keys = []
    original = store._write

    def write(*arguments):
        path, key = original(*arguments)
        keys.append(key)
        return path, key

    monkeypatch.setattr(store, "_write", write)
    return keys


UNCHANGED = {
    "an array": X,
    "a dict of arrays": {"a": X, "b": np.float32(X), "c": "text"},
    "in Fortran's order": np.asfortranarray(X.reshape(-1, 2)),
}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says which pages were written")
@pytest.mark.parametrize("name", UNCHANGED)
def test_what_was_only_read_is_not_even_hashed(name, pickles, written):
    key = save(pickles, UNCHANGED[name])
    loaded = load(pickles, key)
    np.sum(loaded["a"] if isinstance(loaded, dict) else loaded)
    assert written == [key]
    assert save(pickles, loaded) == key
    assert written == [key]


CHANGES = {
    "the first element": lambda value: value["a"].__setitem__(0, 42),
    "the last element": lambda value: value["a"].__setitem__(-1, 42),
    "a text beside it": lambda value: value.update(c="other"),
    "the shape": lambda value: value.update(a=value["a"].reshape(2, -1)),
    "the type": lambda value: value.update(a=value["a"].view("i8")),
    "a part": lambda value: value.update(a=value["a"][1:]),
    "one array for another": lambda value: value.update(a=value["b"], b=value["a"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_any_change_of_what_was_loaded_is_stored(name, pickles):
    value = {"a": X.copy(), "b": X[::-1].copy(), "c": "text"}
    key = save(pickles, value)
    loaded = load(pickles, key)
    CHANGES[name](loaded)
    changed = save(pickles, loaded)
    assert changed != key
    CHANGES[name](value)
    assert pickle.dumps(load(pickles, changed), 4) == pickle.dumps(value, 4)


def test_a_change_that_was_taken_back_leads_to_the_same_name(pickles):
    key = save(pickles, X)
    loaded = load(pickles, key)
    loaded[0] += 1
    loaded[0] = X[0]
    assert save(pickles, loaded) == key


def test_where_the_system_does_not_tell_what_was_written_all_is_hashed(
    pickles, written, monkeypatch, tmp_path
):
    key = save(pickles, X)
    for pagemap in (tmp_path / "no such file", Path("/dev/zero"), Path("/dev/null")):
        monkeypatch.setattr(mapping, "_PAGEMAP", pagemap)
        assert save(pickles, load(pickles, key)) == key
    assert written == [key] * 4


def test_what_metaflow_has_stored_is_not_stored_again(pickles, metaflows):
    (saved,) = metaflows.save_blobs([pickle.dumps(X, protocol=4)])
    before = {path: path.stat().st_mtime_ns for path in files(pickles)}
    assert save(pickles, X) == saved.key
    assert save(pickles, load(pickles, saved.key)) == saved.key
    assert {path: path.stat().st_mtime_ns for path in files(pickles)} == before


def test_metaflow_does_not_store_again_what_lies_raw(pickles, metaflows):
    key = save(pickles, X)
    before = {path: path.stat().st_mtime_ns for path in files(pickles)}
    ((_key, blob),) = metaflows.load_blobs([key])
    (saved,) = metaflows.save_blobs([pickle.dumps(pickle.loads(blob), protocol=4)])
    assert saved.key == key
    assert {path: path.stat().st_mtime_ns for path in files(pickles)} == before


def test_a_blob_that_metaflow_stores_in_the_same_moment_stays_readable(
    pickles, metaflows, monkeypatch
):
    original = LocalStorage._atomic_write

    def be_overtaken(path, data, mode="wb"):
        monkeypatch.setattr(LocalStorage, "_atomic_write", staticmethod(original))
        metaflows.save_blobs([pickle.dumps(X, protocol=4)])
        original(path, data, mode)

    monkeypatch.setattr(LocalStorage, "_atomic_write", staticmethod(be_overtaken))
    key = save(pickles, X)
    ((_key, blob),) = metaflows.load_blobs([key])
    np.testing.assert_array_equal(pickle.loads(blob), X)
    np.testing.assert_array_equal(load(pickles, key), X)


def test_a_file_system_without_links_will_do(pickles, metaflows, monkeypatch):
    def refuse(*_paths):
        raise OSError("not supported")

    monkeypatch.setattr(os, "link", refuse)
    key = save(pickles, X)
    np.testing.assert_array_equal(load(pickles, key), X)
    assert len(files(pickles)) == 2


def test_a_blob_that_was_deleted_meanwhile_is_stored_again(pickles):
    key = save(pickles, X)
    loaded = load(pickles, key)
    pickles.store.path_of(key).unlink()
    assert save(pickles, loaded) == key
    np.testing.assert_array_equal(load(pickles, key), X)


def test_a_blob_that_is_missing_is_missed_as_metaflow_misses_it(pickles, metaflows):
    with pytest.raises(TypeError) as expected:
        list(metaflows.load_blobs(["0" * 40]))
    with pytest.raises(TypeError) as raised:
        load(pickles, "0" * 40)
    assert str(raised.value) == str(expected.value)


def test_more_blobs_than_files_may_be_open_are_loaded(pickles):
    keys = [save(pickles, X[i : i + 10_000]) for i in range(300)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        loaded = [load(pickles, key) for key in keys]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for i, array in enumerate(loaded):
        np.testing.assert_array_equal(array, X[i : i + 10_000])
        array[0] = 42  # those that were read are writable, too


def test_a_full_disk_leaves_nothing_behind(pickles):
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            save(pickles, X)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert files(pickles) == []
    np.testing.assert_array_equal(load(pickles, save(pickles, X)), X)


def test_a_thread_that_writes_meanwhile_never_makes_a_name_lie(pickles, metaflows):
    array, stop = np.tile(X, 20), threading.Event()

    def scribble():
        while not stop.is_set():
            array[:] += 1

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        keys = [save(pickles, array) for _ in range(5)]
    finally:
        stop.set()
        thread.join()
    for key in keys:
        assert name_of(pickles.store.path_of(key)) == key


WRITER = """
import sys
import numpy as np
from metaflow.datastore import FlowDataStore
from metaflow.plugins.datastores.local_storage import LocalStorage
from mlstages.launch.artifacts.serializer import ArtifactPickles
from mlstages.launch.artifacts.store import ArtifactStore
flow = FlowDataStore("F", storage_impl=LocalStorage, ds_root=sys.argv[1])
pickles = ArtifactPickles(ArtifactStore(flow.ca_store))
print("ready", flush=True)
sys.stdin.readline()
for seed in range(int(sys.argv[2])):
    (blob,), _ = pickles.serialize(np.random.default_rng(seed).normal(size=200_000))
    pickles.store.save_blobs([blob.value])
"""


def start_writer(folder, count):
    command = [sys.executable, "-c", WRITER, str(folder), str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def let_go(process):
    process.stdin.write("\n")
    process.stdin.flush()


def assert_whole(pickles, metaflows):
    """Every blob is whole, and Metaflow reads it."""
    blobs = [path for path in files(pickles) if len(path.name) == 40]
    for path in blobs:
        assert name_of(path) == path.name
        ((_key, blob),) = metaflows.load_blobs([path.name])
        assert pickle.loads(blob).shape == (200_000,)
    return blobs


def test_tasks_that_store_the_same_at_once_do_not_disturb_each_other(pickles, metaflows, tmp_path):
    writers = [start_writer(tmp_path, 20) for _ in range(3)]
    for writer in writers:
        let_go(writer)
    for writer in writers:
        with writer:
            assert writer.wait() == 0
    assert len(assert_whole(pickles, metaflows)) == 20
    assert len(files(pickles)) == 40


def test_a_killed_task_leaves_no_half_blob(pickles, metaflows, tmp_path):
    found = 0
    for i in range(6):
        with start_writer(tmp_path, 1_000) as writer:
            let_go(writer)
            time.sleep(0.02 + 0.013 * i)
            writer.kill()
        found = len(assert_whole(pickles, metaflows))
    assert found


def test_other_blobs_pass_as_they_are(pickles, metaflows):
    assert isinstance(metaflows, ContentAddressedStore)
    saved = pickles.store.save_blobs([b"code", b"x" * 100_000], raw=True)
    assert [blob for _key, blob in metaflows.load_blobs([one.key for one in saved])] == [
        b"code",
        b"x" * 100_000,
    ]
    key = save(pickles, X)
    ((_key, blob, meta),) = pickles.store.load_blobs([key], is_transfer=True)
    assert hashlib.sha1(strip_layout(blob)).hexdigest() == key
    assert meta["cas_raw"]
