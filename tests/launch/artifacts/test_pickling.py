"""What is stored raw is a pickle as any other, and comes back as from one."""

import copyreg
import io
import pickle
import pickletools
from collections import OrderedDict
from datetime import datetime
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.ensemble import RandomForestRegressor
from sklearn.neighbors import KNeighborsRegressor

from mlstages.launch.artifacts.arrays import LARGE
from mlstages.launch.artifacts.layout import ALIGNMENT, lay_out, strip_layout
from mlstages.launch.artifacts.stream import ArrayBytes, pickle_in_parts
from mlstages.launch.artifacts.trailer import has_trailer, read_trailer
from mlstages.launch.artifacts.unpickling import unpickle_in_place
from mlstages.runs.pickles import describe_pickle, describe_value


def stored(value):
    """Return the file of a value that is stored raw."""
    stream = pickle_in_parts(value)
    # To the byte what Metaflow stores under the same name: the strongest that can be asked.
    assert b"".join(stream.views()) == pickle.dumps(value, protocol=4)
    blob = b"".join(part.view for part in lay_out(stream).parts)
    assert has_trailer(blob)
    assert strip_layout(blob) == pickle.dumps(value, protocol=4)
    return blob


def as_metaflow_has_it(value):
    return pickle.loads(pickle.dumps(value, protocol=4))


def describe_array(array):
    flags = array.flags
    return (
        (type(array), array.dtype, array.shape, array.strides, array.tobytes("A")),
        (flags.writeable, flags.c_contiguous, flags.f_contiguous, flags.aligned),
        array.dtype.metadata,
    )


def make_large(array):
    """Return an array like a small one, of more than 64 KiB."""
    times = LARGE // max(array.nbytes, 1) + 2
    return np.concatenate([np.atleast_1d(array)] * times) if array.size else array


DTYPES = st.one_of(
    npst.scalar_dtypes(),
    npst.unicode_string_dtypes(),
    npst.byte_string_dtypes(),
    npst.array_dtypes(max_size=3),
)
VIEWS = {
    "as it is": lambda array: array,
    "transposed": lambda array: array.T,
    "Fortran": np.asfortranarray,
    "every other": lambda array: array[::2],
    "backwards": lambda array: array[::-1],
    "unaligned": lambda array: np.frombuffer(b"x" + array.tobytes(), "u1")[1:].view(array.dtype),
    "axes moved": lambda array: np.moveaxis(array.reshape(-1, 1, array.shape[-1]), 0, 1),
}


@settings(max_examples=150)
@given(
    array=DTYPES.flatmap(
        lambda dtype: npst.arrays(dtype, npst.array_shapes(max_dims=3, max_side=6))
    ),
    view=st.sampled_from(list(VIEWS)),
    writeable=st.booleans(),
)
def test_any_array_comes_back_as_from_metaflows_pickle(array, view, writeable):
    array = VIEWS[view](make_large(array))
    array.flags.writeable = writeable and array.flags.writeable
    expected = describe_array(as_metaflow_has_it(array))
    blob = stored(array)
    for loaded in (pickle.loads(blob), unpickle_in_place(bytearray(blob))):
        assert describe_array(loaded) == expected
        # So the name stays the same however often it is stored, if it does for Metaflow.
        assert pickle.dumps(loaded, 4) == pickle.dumps(as_metaflow_has_it(array), 4)


PLAIN = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
        *(st.fractions(), st.datetimes(), st.sampled_from([len, Fraction, bytearray(b"ab")])),
        npst.arrays(np.float64, npst.array_shapes()),
        st.integers(LARGE - 3, LARGE + 3).map(bytes),
        st.integers(LARGE - 3, LARGE + 3).map(lambda length: "é" * length),
    ),
    lambda values: st.one_of(
        st.lists(values), st.dictionaries(st.text(), values), st.tuples(values, values)
    ),
)


@given(value=PLAIN)
def test_any_value_has_the_bytes_and_the_value_of_metaflows_pickle(value):
    in_place = unpickle_in_place(bytearray(stored(value)))
    assert pickle.dumps(in_place, 4) == pickle.dumps(as_metaflow_has_it(value), 4)


class Model:
    """A class of the user's, with slots of its own kind."""

    def __init__(self, weights):
        self.weights, self.again = weights, weights


RNG = np.random.default_rng(42)
X = RNG.normal(size=(5_000, 4))
VALUES = {
    "a list of arrays": [X, X.astype("f4"), X[:10]],
    "one array twice": (X, X),
    "a dict": {"a": X, "b": {"c": X.T, "d": "text"}},
    "an object": Model(X),
    "an OrderedDict": OrderedDict(a=X, b=None),
    "a DataFrame": pd.DataFrame(X, columns=list("abcd")).assign(
        text="x", when=datetime(2026, 1, 1), kind=pd.Categorical(["u", "v"] * 2_500)
    ),
    "a Series": pd.Series(X[:, 0], name="x"),
    "a sparse matrix": scipy.sparse.random(3_000, 3_000, 0.01, format="csr", random_state=42),
    "a masked array": np.ma.masked_greater(X, 1),
    "a matrix": np.asmatrix(X),
    "a record array": np.rec.fromarrays([X[:, 0], X[:, 1]], names="a,b"),
    "objects": np.array([{"a": 1}, "b", None] * 10_000, dtype=object),
    "strings of NumPy 2": np.array(["some", "text"] * 20_000, np.dtypes.StringDType()),
    "dates": np.arange("2000-01-01", "2100-01-01", dtype="datetime64[D]"),
    "nothing": np.zeros((0, 5)),
    "a scalar": np.array(3.0),
    "large bytes": RNG.bytes(200_000),
    "large text": "é" * 200_000,
    "a bytearray": bytearray(RNG.bytes(200_000)),
    "a forest": RandomForestRegressor(n_estimators=3, random_state=0).fit(X[:, :3], X[:, 3]),
    "neighbours": KNeighborsRegressor().fit(X[:, :3], X[:, 3]),
}


@pytest.mark.parametrize("name", VALUES)
def test_what_holds_arrays_comes_back_as_from_metaflows_pickle(name):
    value = VALUES[name]
    blob = stored(value)
    expected = pickle.dumps(as_metaflow_has_it(value), protocol=4)
    assert pickle.dumps(pickle.loads(blob), protocol=4) == expected
    in_place = unpickle_in_place(bytearray(blob))
    assert pickle.dumps(in_place, protocol=4) == expected
    assert stored(in_place) == stored(as_metaflow_has_it(value))


def test_what_was_one_array_is_one_array_again():
    first, second = unpickle_in_place(bytearray(stored((X, X))))
    assert first is second
    model = unpickle_in_place(bytearray(stored(Model(X))))
    assert model.weights is model.again


def test_arrays_of_one_value_do_not_share_memory():
    first, second = unpickle_in_place(bytearray(stored([X, X.copy()])))
    first[:] = 0
    np.testing.assert_array_equal(second, X)


@pytest.mark.parametrize("length", range(70))
def test_each_array_begins_at_a_multiple_of_64(length):
    y = X[:, :3].copy()
    blob = memoryview(stored(["x" * length, X, {"y": y}]))
    places, _end = read_trailer(blob)
    assert [place.length for place in places] == [X.nbytes, y.nbytes]
    assert all(place.offset % ALIGNMENT == 0 for place in places)
    for (offset, size, _padding, _memo), array in zip(places, (X, y), strict=True):
        assert blob[offset : offset + size] == array.tobytes()


def test_nothing_is_copied_of_large_arrays():
    stream = pickle_in_parts({"a": X})
    (array,) = (part for part in stream.parts if isinstance(part, ArrayBytes))
    assert array.address == X.__array_interface__["data"][0]
    assert sum(len(part) for part in stream.parts if isinstance(part, bytes)) < 1_000
    memory = bytearray(stored({"a": X}))
    ((place,), _end) = read_trailer(memoryview(memory))
    loaded = unpickle_in_place(memory)
    memory[place.offset : place.offset + 8] = bytes(8)
    assert loaded["a"][0, 0] == 0


def test_the_tools_that_read_pickles_without_unpickling_still_do():
    blob = stored({"a": X})
    pickletools.dis(blob, out=io.StringIO())
    assert describe_pickle(stored(X)) == describe_value(X)._replace(preview=None)
    assert describe_pickle(blob).type == "dict"


def test_the_pure_python_unpickler_reads_it_too():
    np.testing.assert_array_equal(pickle._loads(stored([1, X]))[1], X)


def test_the_arrays_of_a_value_that_is_mostly_something_else_are_not_kept_in_place():
    value = [[f"text {i}" for i in range(200_000)], X]
    blob = stored(value)
    assert read_trailer(memoryview(blob))[0] == []
    np.testing.assert_array_equal(unpickle_in_place(blob)[1], X)


def test_what_is_no_layout_is_left_alone():
    assert strip_layout(pickle.dumps(X)) == pickle.dumps(X)


def test_what_the_user_registered_for_arrays_is_respected(monkeypatch):
    monkeypatch.setitem(copyreg.dispatch_table, np.ndarray, lambda array: (list, (array.shape,)))
    assert pickle.loads(stored(X)) == [*X.shape]


UNPICKLABLE = {"a function": lambda: 1, "a generator": (i for i in ()), "within": [X, lambda: 1]}


@pytest.mark.parametrize("name", UNPICKLABLE)
def test_what_cannot_be_pickled_raises_what_pickle_raises(name):
    value = UNPICKLABLE[name]
    with pytest.raises(Exception) as expected:  # noqa: PT011
        pickle.dumps(value, protocol=4)
    with pytest.raises(expected.type) as raised:
        pickle_in_parts(value)
    assert str(raised.value) == str(expected.value)
