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
        (b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R.", "not a complete pickle"),
        (b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R.", "calls an encoder"),
        (b"\x80\x02U\x04nameQ.", "refers to something outside"),
        (b"garbage", "not a complete pickle"),
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


PLAIN = (3, "|", None, None, None, -1, -1, 0)


def pickled(shape, content, *states, code="u1") -> bytes:
    """A pickle of an array whose type is told each of the states, the last one after the array was made of it."""
    *before, after = (*states, None) if len(states) < 2 else states
    kind = pickle.dumps(Calls(np.dtype, code, False, True), 2)[2:-1]
    begun = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
    parts = [b"\x80\x04", kind, b"q\x630"]
    parts += [b"h\x63" + pickle.dumps(each, 2)[2:-1] + b"b0" for each in before]
    parts += [begun, b"(K\x01", pickle.dumps(shape, 2)[2:-1], b"h\x63\x89", pickle.dumps(content, 3)[2:-1], b"tb"]
    parts += [b"h\x63" + pickle.dumps(after, 2)[2:-1] + b"b0"] if after else []
    return b"".join([*parts, b"."])


def test_an_array_written_by_hand_is_read():
    assert unpickled_arrays(HERE, pickled((2, 2), b"\1\2\3\4", PLAIN), "mend it").tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "state",
    [
        (3, "|", (np.dtype("u1"), (28, 28)), None, None, 784, 1, 0),
        (3, "|", ("u1", (2**20,)), None, None, 2**20, 1, 0),
        (3, "|", None, ("a",), {"a": ("u1", 2**30)}, 1, 1, 0),
        (3, "|", None, None, {"a": ("u1", 2**30)}, 1, 1, 0),
        (3, "|", None, ("a",), None, 1, 1, 0),
    ],
)
def test_numbers_that_become_arrays_or_records_are_refused(state):
    """Each value would then stand for memory that nobody has written, or that is not there."""
    refused(pickled((100,), bytes(100), state), "values that are arrays or records")
    refused(pickle.dumps(Calls(np.dtype, "u1", False, True, state=state), 2), "values that are arrays or records")


@pytest.mark.parametrize(
    "state", [(3, "?", None, None, None), (3, "|"), {"order": "u1,"}, (3, ["|"], None, None, None)]
)
def test_a_type_with_an_unknown_state_is_refused(state):
    refused(pickled((1,), b"\0", state), "a type with an unknown state")


def test_a_type_that_is_changed_later_leaves_its_array_alone():
    little, big = ((3, order, *PLAIN[2:]) for order in "<>")
    content = pickled((2,), b"\1\0\0\2", little, big, code="u2")
    assert unpickled_arrays(HERE, content, "mend it").tolist() == [1, 512]
    refused(pickled((2,), b"\1\2", PLAIN, (3, "|", ("u1", (9,)), None, None, 9, 1, 0)), "arrays or records")


@pytest.mark.parametrize("code", ["f,f", "2u1", "u1,", "O", "V1", "M8", "u3", "f16", "c8", ("u1", (3,)), [("a", "u1")]])
def test_types_other_than_numbers_are_refused(code):
    content = b"\x80\x02cnumpy\ndtype\n" + pickle.dumps((code, False, True), 2)[2:-1] + b"R."
    refused(content, "values of type")


@pytest.mark.parametrize(
    ("shape", "content"), [((3,), b"\0\0"), ((3,), bytes(4)), ((2**40, 2**40), b"\0"), ((), b""), ((2, 0), b"\0")]
)
def test_an_array_has_the_bytes_of_exactly_its_values(shape, content):
    refused(pickled(shape, content, PLAIN), f"but {len(content)} bytes for it")


@pytest.mark.parametrize("shape", [(-1,), (-1, -1), (1.0,), (None,), 1, [1]])
def test_an_arrays_shape_is_of_whole_numbers(shape):
    refused(pickled(shape, b"\0", PLAIN), "an array of shape")


@pytest.mark.parametrize("shape", [(0, 2**70), (1,) * 80, (0, 10**5000)])
def test_a_shape_that_numpy_cannot_count_is_refused(shape):
    refused(pickled(shape, b"\0" * (0 not in shape), PLAIN), "not a complete pickle")


@pytest.mark.parametrize("content", [b"", bytes(3), bytes(5)])
def test_a_number_has_exactly_its_bytes(content):
    made = pickle.dumps(np.float32(1), 2)
    assert unpickled_arrays(HERE, made, "") == 1
    begin = b"\x80\x03cnumpy.core.multiarray\nscalar\n"
    kind = pickle.dumps(Calls(np.dtype, "f4", False, True, state=(3, "<", *PLAIN[2:])), 2)[2:-1]
    refused(begin + kind + pickle.dumps(content, 3)[2:-1] + b"\x86R.", f"a number of float32, but {len(content)} bytes")
    refused(begin + b"K\x01" + pickle.dumps(content, 3)[2:-1] + b"\x86R.", "a value that is not a number")
