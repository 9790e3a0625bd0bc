"""Arrays in an npz or npy file, whose headers are read first, so that no more is unpacked than is needed."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any, cast

import numpy as np

from vampcore.datasets.errors import DataError
from vampcore.datasets.files import PARSE_ERRORS

_PIECE = 1 << 24  # bytes
_MOST_WHOLE = 1 << 28  # bytes of an array that is read at once: labels, names
_MOST_ARRAYS = 1000
_MOST_LETTERS = 200  # of an array's name
Members = dict[str, tuple[zipfile.ZipFile | None, str]]


@dataclass(frozen=True)
class Header:
    """What the beginning of an array says.

    Attributes:
        shape: Of the array.
        dtype: Of its values; of kind "O" where they are pickled Python objects.
        fortran: Whether the first axis runs fastest.
    """

    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"
    fortran: bool

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=object))


class Arrays:
    """The arrays of a file: their headers, and their values in pieces.

    Arguments:
        path: The file.
        members: By the key of an array, the archive that holds it and its name there; no archive where the file is the
            array.

    Attributes:
        headers: By key.
    """

    def __init__(self, path: Path, members: Members) -> None:
        self.path, self._members = path, members
        self.headers: dict[str, Header] = {}
        for key in members:
            with self._open(key) as stream:
                self.headers[key] = _header(stream)

    def pieces(self, key: str) -> Iterator[np.ndarray]:
        """The array's rows, some at a time, so that its values are never all in memory."""
        header = self.headers[key]
        if header.fortran and len(header.shape) > 1:
            yield self.whole(key, most=4 * _MOST_WHOLE)
            return
        row = int(np.prod(header.shape[1:], dtype=object))
        with self._open(key) as stream:
            _header(stream)
            at_once, left = max(1, _PIECE // max(1, row * header.dtype.itemsize)), header.shape[0]
            while left:
                count = min(at_once, left)
                yield _read(stream, header.dtype, count * row).reshape(count, *header.shape[1:])
                left -= count

    def whole(self, key: str, most: int = _MOST_WHOLE) -> np.ndarray:
        """All values of a small array.

        Raises:
            DataError: If it is not small, or holds Python objects.
        """
        header = self.headers[key]
        if header.dtype.kind == "O":
            raise DataError(
                f"{self.path}: {key} holds pickled Python objects, which are never loaded; save {key}.astype(str), or "
                "numbers"
            )
        if header.size * header.dtype.itemsize > most:
            raise DataError(f"{self.path}: {key} has {header.size:,} values, too many; leave it out")
        with self._open(key) as stream:
            _header(stream)
            values = _read(stream, header.dtype, header.size)
        return values.reshape(header.shape, order="F" if header.fortran else "C")

    @contextmanager
    def _open(self, key: str) -> Iterator[BufferedIOBase]:
        archive, name = self._members[key]
        with self.path.open("rb") if archive is None else archive.open(name) as stream:
            yield cast(BufferedIOBase, stream)


@contextmanager
def open_arrays(path: Path, hint: str) -> Iterator[Arrays]:
    """The arrays of an npz, or the one of an npy under the key `arr_0`; members that are no arrays are left out.

    Raises:
        DataError: If the file is damaged, there or when its values are read.
    """
    try:
        with path.open("rb") as file:
            single = file.read(6) == b"\x93NUMPY"
        if single:
            yield Arrays(path, {"arr_0": (None, "")})
            return
        with zipfile.ZipFile(path) as archive:
            members: Members = {
                name.removesuffix(".npy"): (archive, name) for name in archive.namelist() if name.endswith(".npy")
            }
            if len(members) > _MOST_ARRAYS:
                raise DataError(f"{path} holds {len(members):,} arrays, more than {_MOST_ARRAYS:,}; {hint}")
            if not all(key.isprintable() and len(key) <= _MOST_LETTERS for key in members):
                raise DataError(
                    f"{path} has an array name with a line break or another unprintable character, or of more than "
                    f"{_MOST_LETTERS} characters; {hint}"
                )
            yield Arrays(path, members)
    except DataError:
        raise
    except PARSE_ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} is not a complete npz file ({reason:.200}); {hint}") from error


def _header(stream: BufferedIOBase) -> Header:
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"an npy file of version {version[0]}.{version[1]}")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    if any(type(side) is not int or side < 0 for side in shape) or dtype.itemsize == 0:
        raise ValueError("an array of an impossible shape or type")
    return Header(shape, dtype, fortran)


def _read(stream: BufferedIOBase, dtype: "np.dtype[Any]", count: int) -> np.ndarray:
    wanted = count * dtype.itemsize
    content = bytearray()
    while len(content) < wanted and (piece := stream.read(min(_PIECE, wanted - len(content)))):
        content += piece
    if len(content) < wanted:
        raise EOFError(f"an array ends after {len(content)} of {wanted} bytes")
    return np.frombuffer(content, dtype=dtype, count=count)
