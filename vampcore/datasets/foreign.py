"""Files that are something else than what was asked for, named as what they are."""

import zipfile
from pathlib import Path

from vampcore.datasets.errors import DataError

CSV = "a CSV file"
_HEAD = 4096
_SAVE_NPZ = "save the images with numpy.savez(path, images=...) and use npz:FILE"
# What a file begins with, what it is then, and what to do.
_KNOWN = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", f"read it with h5py, {_SAVE_NPZ}"),
    (b"\x93NUMPY", "a numpy array", "use npz:FILE"),
    (b"MATLAB 5.0", "a MATLAB file", f"read it with scipy.io.loadmat, {_SAVE_NPZ}"),
    (b"\x80\x02\x8a\x0al\xfc", "a PyTorch file", f"read it with torch.load, {_SAVE_NPZ}"),
    (b"\x1f\x8b", "a gzip file", "unpack it first"),
    (b"BZh", "a bzip2 file", "unpack it first"),
    (b"\xfd7zXZ", "an xz file", "unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it first"),
    (b"PAR1", "a Parquet file", "read it with pandas.read_parquet, save it with to_csv and use csv:FILE"),
    (b"\x89PNG", "an image file", "put the images into a folder and use folder:FOLDER"),
    (b"\xff\xd8\xff", "an image file", "put the images into a folder and use folder:FOLDER"),
    (b"GIF8", "an image file", "put the images into a folder and use folder:FOLDER"),
    (b"SQLite format 3", "an SQLite file", "save the table as CSV and use csv:FILE"),
)


def check_folder(path: Path) -> None:
    """Refuse what is no folder.

    Raises:
        DataError: Saying what it is instead, or that it is gone.
    """
    if on_disk(path) and path.is_dir():
        return
    if on_disk(path):
        raise DataError(f"{path} is a file, not a folder; it {_described(path)}")
    raise DataError(f"there is no folder {_shown(path)}; {_moved('folder:PATH')}")


def check_file(path: Path, scheme: str) -> None:
    """Refuse what is no file, not even a damaged one.

    Raises:
        DataError: Saying that it is gone, or a folder.
    """
    if not on_disk(path):
        raise DataError(f"there is no file {_shown(path)}; {_moved(f'{scheme}:FILE')}")
    if path.is_dir():
        raise DataError(f"{path} is a folder; use folder:{path}")
    if not path.is_file():
        raise DataError(f"{path} is not a regular file; give the path of a file")


def on_disk(path: Path) -> bool:
    """Whether there is a file or folder of that name, which may be one that cannot be."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True


def foreign(path: Path, scheme: str) -> DataError | None:
    """The refusal of a file that is not what its scheme, `npz` or `csv`, reads; None where it looks right.

    Raises:
        DataError: If it cannot be read.
    """
    what = recognised(path)
    fits = {"npz": ("an npz file", "a numpy array"), "csv": (CSV, "a text file")}[scheme]
    if what in fits:
        return None
    if scheme == "npz" and what is None:
        return None  # perhaps a damaged npz, which has words of its own
    if what is None:
        return DataError(f"{path} is not text in UTF-8; save the table as CSV in UTF-8")
    return DataError(f"{path} {_described(path)}")


def recognised(path: Path) -> str | None:
    """What a file is, by its content; None if that is not known.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}); check its permissions") from error
    for start, what, _ in _KNOWN:
        if head.startswith(start):
            return what
    if head.startswith(b"PK"):
        return _zipped(path)
    if not head:
        return "an empty file"
    if head[:3] in (b"\0\0\x08", b"\0\0\x0d", b"\0\0\x0e") and head[3:4] in (b"\x01", b"\x02", b"\x03", b"\x04"):
        return "an idx file"
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "a pickle"
    if not _is_text(head):
        return None
    return CSV if any(mark in head.splitlines()[0] for mark in (b",", b";", b"\t")) else "a text file"


def _zipped(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile):
        return None
    if any(name.endswith("data.pkl") for name in names):
        return "a PyTorch file"
    if any(name.endswith(".npy") for name in names) or not names:
        return "an npz file"
    return "an Excel file" if any(name.startswith("xl/") for name in names) else "a zip archive"


def _described(path: Path) -> str:
    """What a file is and what to do about it, to follow its name."""
    what = recognised(path)
    todo = {name: words for _, name, words in _KNOWN} | {
        "an npz file": "use npz:FILE",
        CSV: "use csv:FILE",
        "a text file": "save the images with numpy.savez(path, images=...) and use npz:FILE",
        "a zip archive": "unpack it and use folder:FOLDER",
        "an Excel file": "save the table as CSV and use csv:FILE",
        "an idx file": f"read it with numpy.frombuffer, {_SAVE_NPZ}",
        "a pickle": f"pickles are never loaded; {_SAVE_NPZ}",
        "an empty file": "save it again",
    }
    return f"is {what}: {todo[what]}" if what is not None else "is of an unknown kind: use npz:FILE or csv:FILE"


def _is_text(head: bytes) -> bool:
    return not any(byte < 32 and byte not in b"\t\r\n" for byte in head)


def _moved(name: str) -> str:
    return f"check the path, or give its new path with --data {name}"


def _shown(path: Path) -> str:
    text = str(path.absolute())
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:300])
