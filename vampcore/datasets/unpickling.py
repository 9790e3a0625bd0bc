"""A pickle is a program. Those that build arrays of numbers, lists and dicts are read here, and no other is run."""

import math
import pickle
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from vampcore.datasets.errors import DataError
from vampcore.datasets.files import PARSE_ERRORS

# By the names of the versions of numpy that wrote them.
_MODULES = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray")
_NUMBER = re.compile(r"b1|[iu][1248]|f[248]")


def unpickled_arrays(path: Path, content: bytes, hint: str) -> Any:
    """What a pickle of arrays, lists, dicts, tuples, numbers and texts holds.

    Arguments:
        path: Where the content came from, for messages.
        content: The whole file; one of Python 2 too.
        hint: What to do if it is broken.

    Raises:
        DataError: If it names anything else, which is not looked up, let alone called; or if it is damaged.
    """
    try:
        return _Reader(BytesIO(content), encoding="latin1").load()
    except DataError:
        raise
    except _Foreign as error:
        raise DataError(f"{path} is refused: {error}, and it may hold arrays of numbers only; {hint}") from error
    except (*PARSE_ERRORS, pickle.UnpicklingError, AttributeError, ImportError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} is not a complete pickle ({reason:.200}); {hint}") from error


class _Foreign(Exception):
    """Something that is no array."""


class _Number:
    """Stands for the type of an array's values, so that no pickle gets hold of a `np.dtype`.

    A pickle sets a type's state, and that of numpy's own may make each value a record or an array: an array of few
    bytes becomes one of many, which nobody has written.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        self.order = "="

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) < 5 or state[1] not in ("<", ">", "|", "="):
            raise _Foreign("it holds values of a type with an unknown state")
        if any(each is not None for each in state[2:5]):
            raise _Foreign("it holds values that are arrays or records themselves")
        self.order = state[1]

    def dtype(self) -> "np.dtype[Any]":
        """A type that the pickle cannot reach, and so cannot change later."""
        return np.dtype(self.order + self.code)


class _Array(np.ndarray):
    """An array that takes the state of a pickled one only if that has numbers, and the bytes of exactly all of them."""

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], _Number):
            raise _Foreign("it holds an array with an unknown state")
        version, shape, number, columns_first, content = state
        if not isinstance(shape, tuple) or not all(type(size) is int and size >= 0 for size in shape):
            raise _Foreign(f"it holds an array of shape {shape!r:.40}")
        dtype, content = number.dtype(), _as_bytes(content)
        if len(content) != math.prod(shape) * dtype.itemsize:
            raise _Foreign(f"it holds an array of shape {shape!r:.40} and {dtype}, but {len(content)} bytes for it")
        super().__setstate__((version, shape, dtype, columns_first, content))


def _as_bytes(content: object) -> bytes:
    """Bytes; a pickle of Python 2 has them as text."""
    if isinstance(content, str):
        return content.encode("latin1")
    if not isinstance(content, bytes):
        raise _Foreign("it holds values that are not bytes")
    return content


def _dtype(code: object, *rest: object) -> _Number:
    """The type of a code such as `u1`; objects, texts and records are refused before they exist."""
    if not isinstance(code, str) or not _NUMBER.fullmatch(code):
        raise _Foreign(f"it holds values of type {code!r:.40}")
    return _Number(code)


def _reconstruct(kind: object, shape: object, code: object) -> _Array:
    """The empty array that a pickled one begins as."""
    return _Array((0,), np.uint8)


def _placeholder(*arguments: object) -> None:
    """Stands for the class that `_reconstruct` is told, and that nobody calls."""
    raise _Foreign("it makes an array in a way of its own")


def _scalar(kind: object, content: object) -> Any:
    if not isinstance(kind, _Number):
        raise _Foreign("it holds a value that is not a number")
    dtype, content = kind.dtype(), _as_bytes(content)
    if len(content) != dtype.itemsize:
        raise _Foreign(f"it holds a number of {dtype}, but {len(content)} bytes for it")
    return np.frombuffer(content, dtype)[0]


def _encoded(text: object, encoding: object) -> bytes:
    """Bytes, as protocol 2 writes them."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _Foreign("it calls an encoder")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """An empty array's content, as protocol 2 writes it."""
    return b""


_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _placeholder,
    ("numpy", "dtype"): _dtype,
    ("_codecs", "encode"): _encoded,
    ("__builtin__", "bytes"): _no_bytes,
    **{(module, "_reconstruct"): _reconstruct for module in _MODULES[1:]},
    **{(module, "scalar"): _scalar for module in _MODULES[1:]},
}


class _Reader(pickle.Unpickler):
    """Looks names up in a list of its own."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise _Foreign(f"it asks for {module}.{name}"[:100]) from None

    def persistent_load(self, pid: object) -> Any:
        raise _Foreign("it refers to something outside of itself")
