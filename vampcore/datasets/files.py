"""Reading files that may be absent, cut off, altered or foreign."""

import hashlib
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np

from vampcore.datasets.errors import DataError

# What numpy, zipfile and scipy raise for a damaged or hostile file (found by flipping and cutting bytes).
PARSE_ERRORS = (
    OSError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def download_hint(name: str) -> str:
    """The words that end a message about a file that we can download."""
    return f"run: python -m vampcore data {name}"


def by_hand_hint(name: str, file: str, source: str) -> str:
    """The words that end a message about a file that people have to fetch themselves."""
    return f"put {file} of {source} into the folder {name} of the data folder by hand"


def require(name: str, root: Path, files: tuple[Path, ...], hint: str | None = None) -> None:
    """Refuses to go on without the files of a data set, which can be downloaded unless there is another way.

    Raises:
        DataError: Naming the folder that was looked at and what to do.
    """
    for path in files:
        if not path.is_file():
            raise DataError(
                f"no {name} in the data folder {root.absolute()} ({path.relative_to(root)} is missing); "
                f"{hint or download_hint(name)}, or name another folder with --data-root or VAMPCORE_DATA; "
                "the data set digits needs no download"
            )


def read_bytes(path: Path, hint: str) -> bytes:
    """The whole file.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}); {hint}") from error


def check_sha256(path: Path, content: bytes | memoryview, sha256: str, hint: str) -> None:
    """Compares content that came from `path` with its published checksum.

    Raises:
        DataError: If they differ.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(f"{path} is not the published file (sha256 {found[:12]}.., not {sha256[:12]}..); {hint}")


def check_md5(path: Path, content: bytes, md5: str, hint: str) -> None:
    """Compares content that came from `path` with the checksum that torchvision states for it.

    Raises:
        DataError: If they differ.
    """
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise DataError(f"{path} is not the published file (md5 {found[:12]}.., not {md5[:12]}..); {hint}")


def check_array(path: Path, key: str, array: object, shape: tuple[int, ...], hint: str) -> None:
    """Refuses an array that is not uint8 of the given shape.

    Raises:
        DataError: Naming the file, the array and both shapes.
    """
    if not isinstance(array, np.ndarray):  # of a member of an archive that is no array, numpy gives the bytes
        raise DataError(f"{path}: {key} is no array; {hint}")
    if array.dtype != np.uint8 or array.shape != shape:
        raise DataError(f"{path}: {key} is {array.dtype} {array.shape}, not uint8 {shape}; {hint}")


@contextmanager
def open_npz(path: Path, hint: str) -> Iterator[np.lib.npyio.NpzFile]:
    """An npz archive, never unpickled; what is wrong with it becomes one line.

    Raises:
        DataError: If it is no npz, is damaged, or holds Python objects.
    """
    try:
        with path.open("rb") as file:  # ours to close: numpy leaves it open when the archive is broken
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DataError(f"{path} is a single array, not an npz; {hint}")
            with archive:
                yield archive
    except DataError:
        raise
    except PARSE_ERRORS as error:
        if "allow_pickle" in str(error):
            raise DataError(f"{path} holds pickled Python objects, which are never loaded; {hint}") from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} is not a complete npz file ({reason}); {hint}") from error


def parse_mat(path: Path, content: bytes, names: tuple[str, ...], hint: str) -> tuple[np.ndarray, ...]:
    """Arrays of a MATLAB 5 file, by name.

    Arguments:
        path: Where the content came from, for messages.
        content: The whole file.
        names: The arrays wanted.
        hint: What to do if it is broken.

    Raises:
        DataError: If it cannot be parsed, or lacks one of the arrays.
    """
    from scipy.io import loadmat  # slow to import, and only three data sets need it
    from scipy.io.matlab import MatReadError

    try:
        found = loadmat(BytesIO(content), variable_names=list(names))
    except (*PARSE_ERRORS, MatReadError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} is not a complete MATLAB file ({reason}); {hint}") from error
    for name in names:
        if not isinstance(found.get(name), np.ndarray):
            raise DataError(f"{path} does not hold the array {name}; {hint}")
    return tuple(found[name] for name in names)
