"""Files that are something else than what was asked for."""

import gzip
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vampcore.datasets import DataError, available, load


def write(path: Path, what: str) -> None:
    if what == "npz":
        np.savez(path, images=np.zeros((30, 8, 8), np.uint8))
    elif what == "torch":
        torch.save(torch.zeros(3), path)
    elif what == "old torch":
        torch.save(torch.zeros(3), path, _use_new_zipfile_serialization=False)
    elif what == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("images/a.png", b"x")
    elif what == "png":
        Image.new("L", (8, 8)).save(path, "PNG")
    else:
        path.write_bytes(
            {
                "csv": b"a,b\n" + b"1,2\n" * 30,
                "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(2000),
                "idx": bytes((0, 0, 8, 3, 0, 0, 0, 9)) + bytes(99),
                "gzip": gzip.compress(b"x"),
                "pickle": pickle.dumps([1, 2]),
                "mat": b"MATLAB 5.0 MAT-file" + bytes(200),
                "empty": b"",
                "text": b"hello\n",
            }[what]
        )


@pytest.mark.parametrize(
    ("scheme", "what", "words"),
    [
        ("npz", "csv", "is a CSV file: use csv:FILE"),
        ("npz", "hdf5", "is an HDF5 file: read it with h5py, save the images with numpy.savez"),
        ("npz", "torch", "is a PyTorch file: read it with torch.load"),
        ("npz", "old torch", "is a PyTorch file: read it with torch.load"),
        ("npz", "idx", "is an idx file"),
        ("npz", "gzip", "is a gzip file: unpack it first"),
        ("npz", "pickle", "is a pickle: pickles are never loaded"),
        ("npz", "mat", "is a MATLAB file: read it with scipy.io.loadmat"),
        ("npz", "zip", "is a zip archive: unpack it and use folder:FOLDER"),
        ("npz", "png", "is an image file: put the images into a folder"),
        ("npz", "empty", "is an empty file"),
        ("npz", "text", "is a text file"),
        ("csv", "npz", "is an npz file: use npz:FILE"),
        ("csv", "hdf5", "is an HDF5 file"),
        ("csv", "png", "is an image file"),
        ("folder", "npz", "is a file, not a folder; it is an npz file: use npz:FILE"),
        ("folder", "csv", "is a file, not a folder; it is a CSV file: use csv:FILE"),
    ],
)
def test_a_file_is_named_as_what_it_is(tmp_path: Path, scheme: str, what: str, words: str) -> None:
    with (tmp_path / "own.bin").open("wb"):
        pass
    write(tmp_path / "own.bin" if what != "npz" else tmp_path / "own.npz", what)
    path = tmp_path / ("own.npz" if what == "npz" else "own.bin")
    with pytest.raises(DataError, match=words) as caught:
        load(f"{scheme}:{path}")
    assert "pickled Python objects" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["folder", "npz", "csv"])
@pytest.mark.parametrize("path", ["/nowhere/x", "/nowhere/" + "x" * 3000, "/a\0b", "/a\udc80b", "/a\nb"])
def test_a_path_that_is_gone_or_cannot_be_is_one_line(scheme: str, path: str) -> None:
    assert not available(f"{scheme}:{path}")
    with pytest.raises(DataError, match=f"there is no .*--data {scheme}:") as caught:
        load(f"{scheme}:{path}")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("scheme", ["folder", "npz", "csv"])
def test_an_unknown_home_is_one_line(scheme: str) -> None:
    for ask in (load, available):
        with pytest.raises(DataError, match="unknown user"):
            ask(f"{scheme}:~nobody-of-that-name/x")


@pytest.mark.parametrize("scheme", ["npz", "csv"])
def test_a_device_and_a_pipe_are_refused(scheme: str, tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", str(tmp_path / "pipe")):
        with pytest.raises(DataError, match="is not a regular file"):
            load(f"{scheme}:{path}")
