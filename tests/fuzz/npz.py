"""`npz:PATH`: archives of any arrays, of members that are none, and damaged ones."""

import io
import struct
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from tests.fuzz.hostile import REPLACEMENTS, damaged, fuzzer, replace
from tests.fuzz.own import judge

KEYS = ["images", "labels", "classes", "train", "validation", "test", "train_labels", "test_labels", "arr_0", "x_train"]
KEYS += [
    "y_train",
    "x_test",
    "y_test",
    "train_images",
    "val_images",
    "test_images",
    "val_labels",
    "../x",
    "",
    "a\nb",
    "a" * 2000,
]
DTYPES = [
    "uint8",
    "bool",
    "int8",
    "int64",
    "uint16",
    "float16",
    "float32",
    "float64",
    "complex64",
    "U3",
    "S3",
    "O",
    "M8[s]",
]
SHAPES = [(), (0,), (12,), (12, 1), (12, 64), (12, 8, 8), (12, 1, 8, 8), (12, 3, 8, 8), (12, 8, 8, 3), (12, 2, 8, 8)]
SHAPES += [(12, 4, 8, 8), (1, 8, 8), (9, 8, 8), (10, 8, 8), (40, 8, 8), (40,), (40, 1), (12, 300, 4), (12, 1, 1, 8, 8)]
COUNT = 40


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    """An array of any type and shape, plain or with values that images do not have."""
    dtype, shape = draw(st.sampled_from(DTYPES)), draw(st.sampled_from(SHAPES))
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    if dtype in ("U3", "S3", "O"):
        return random.integers(0, 5, shape).astype(str).astype(dtype)
    top = draw(st.sampled_from([2, 10, 256, 2**15]))
    array = random.integers(0, top, shape).astype("int64").astype(dtype)
    if np.issubdtype(array.dtype, np.floating):
        array = array / array.dtype.type(top - 1)
        if array.size and draw(st.booleans()):
            array.flat[draw(st.integers(0, array.size - 1))] = draw(
                st.sampled_from([np.nan, np.inf, -1, 1.0000002, 300])
            )
    return array


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """An archive: images and labels that are in order, or any arrays under any names."""
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    found: dict[str, np.ndarray] = {}
    if draw(st.booleans()):
        found["images"] = random.integers(0, 256, (COUNT, 8, 8), dtype=np.uint8)
        found["labels"] = np.arange(COUNT) % 4
    for _ in range(draw(st.integers(0, 2))):
        found[draw(st.sampled_from(KEYS))] = draw(arrays())
    content = io.BytesIO()
    packed = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    with warnings.catch_warnings(), zipfile.ZipFile(content, "w", packed) as archive:
        warnings.simplefilter("ignore")  # of a name that is there twice
        for key, array in found.items():
            archive.writestr(f"{key}.npy", member(draw, array))
        if draw(st.integers(0, 9)) == 0:
            archive.writestr(draw(st.sampled_from(["images.npy", "images", "__MACOSX/._images.npy"])), b"raw bytes")
    return content.getvalue()


def member(draw: st.DrawFn, array: np.ndarray) -> bytes:
    """An array as npy: as it is, damaged, or with a header that promises more than follows."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=True)
    match draw(st.sampled_from(["whole"] * 6 + ["damaged", "promise"])):
        case "damaged":
            return draw(damaged(content.getvalue()))
        case "promise":
            shape = draw(
                st.sampled_from(["(1000000000000, 8, 8)", "(-1, 8, 8)", "(40, 8, 8, )" + " " * 60_000, "(True,)"])
            )
            header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
            return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header
        case _:
            return content.getvalue()


def bomb() -> bytes:
    """An archive of 5 MB that unpacks to 5 GB of zeros."""
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (78125000, 8, 8), }\n"
    content = io.BytesIO()
    with (
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("images.npy", "w", force_zip64=True) as file,
    ):
        file.write(b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header)
        for _ in range(500):
            file.write(bytes(10**7))
    return content.getvalue()


@fuzzer
def run(draw: st.DrawFn, folder: Path, counts: Counter[str]) -> None:
    """Make an archive and read it."""
    path, content = folder / "own.npz", draw(archives())
    path.write_bytes(content)
    how = draw(st.sampled_from(["whole"] * 5 + ["damaged", "damaged", "replaced"]))
    if how == "damaged":
        path.write_bytes(draw(damaged(content)))
    elif how == "replaced":
        replace(path, draw(st.sampled_from(REPLACEMENTS)), Path(__file__))
    counts["inputs"] += 1
    judge(f"npz:{path}", counts)
