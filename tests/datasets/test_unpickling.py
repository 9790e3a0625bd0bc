"""Pickles: arrays come out whole, and nothing else is looked up or called."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from vampcore.datasets import DataError
from vampcore.datasets.unpickling import unpickled_arrays

HERE = Path("file.pkl")


class Calls:
    """Pickles as a call of a function with arguments."""

    def __init__(self, function, *arguments, state=None) -> None:
        self.called = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.called


def refused(content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        unpickled_arrays(HERE, content, "mend it")
    message = str(caught.value)
    assert message.startswith("file.pkl ")
    assert message.endswith("; mend it")
    assert "\n" not in message


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("dtype", ["u1", ">i4", "f4", "f8", "?"])
def test_arrays_lists_dicts_and_numbers_come_out_whole(protocol, dtype):
    array = np.arange(12).reshape(3, 4).astype(dtype)
    stored = {"a": [array, np.asfortranarray(array)], "b": (1, 2.5, "x", None, b"y"), "c": array[1, 2], "d": array[:0]}
    found = unpickled_arrays(HERE, pickle.dumps(stored, protocol), "mend it")
    for one, other in ((found["a"][0], array), (found["a"][1], array), (found["d"], array[:0])):
        assert (one.dtype.kind, one.itemsize, one.shape) == (other.dtype.kind, other.itemsize, other.shape)
        assert np.array_equal(one, other)
    assert found["b"] == stored["b"]
    assert found["c"] == stored["c"]


def test_a_pickle_of_python_2_is_read():
    state = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x03\x85"
    state += b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    state += b"\x89U\x03\x01\x80\xfftb."
    assert unpickled_arrays(HERE, state, "mend it").tolist() == [1, 128, 255]


@pytest.mark.parametrize("protocol", range(5))
def test_a_program_is_not_run(tmp_path, protocol):
    mark = tmp_path / "mark"
    refused(
        pickle.dumps({"training": Calls(os.system, f"touch {mark}")}, protocol), "asks for posix.system, and it may"
    )
    refused(pickle.dumps(Calls(eval, "1 + 1"), protocol), "asks for (builtins|__builtin__).eval")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pickle.dumps(np.array([{}, []], object)), "values of type 'O8'"),
        (pickle.dumps(np.array(["text"])), "values of type 'U4'"),
        (pickle.dumps(np.zeros(2, [("a", "f4")])), "values of type 'V4'"),
        (pickle.dumps(Path("x")), "asks for pathlib"),
        (b"\x80\x02cnumpy\nndarray\nK\x03\x85R.", "an array in a way of its own"),
        (b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R.", "not a whole pickle"),
        (b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R.", "calls an encoder"),
        (b"\x80\x02U\x04nameQ.", "refers to something outside"),
        (b"garbage", "not a whole pickle"),
    ],
)
def test_all_else_is_refused(content, said):
    refused(content, said)


def test_numpys_own_types_stay_as_they_are():
    """A pickle tells a type its byte order; told to the one that numpy shares, all arrays would have it."""
    state = pickle.dumps(Calls(np.dtype, "i4", False, True, state=(3, ">", None, None, None, -1, -1, 0)), 2)
    unpickled_arrays(HERE, state, "mend it")
    assert np.dtype("i4").isnative
    assert np.arange(3, dtype="i4").tobytes()[:5] == b"\0\0\0\0\1"
