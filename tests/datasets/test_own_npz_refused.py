"""`npz:PATH` that does not serve: one line with what to do."""

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from vampcore.datasets import DataError, load

from .small import npz
from .test_own_npz import grey, save, with_value

ok = grey(22)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"images": ok.astype(np.int64) + 1}, r"from 1 to 256; save \(images \* \(255 / 256\)\)"),
        ({"images": ok.astype(np.uint16) * 257}, r"from \d+ to 65535; save \(images // 257\).astype\('uint8'\)"),
        ({"images": with_value(-3, "int32")}, r"from -3 to 0; save \(\(images - -3\)"),
        ({"images": ok.astype(complex)}, "is complex128; save uint8"),
        ({"images": np.array([["a"] * 9] * 9)}, "has shape"),
        ({"images": np.zeros((22, 6, 6), "U1")}, "save uint8"),
        ({"images": np.zeros((22, 6, 6), [("r", "u1")])}, "save uint8"),
        ({"images": np.zeros((22, 6, 6), [("r" * 5000, "u1")])}, r"is \[\('r{57}; save uint8"),
        ({"images": ok, "a\nb": ok}, "has an array name with a line break .*; save arrays with"),
        ({"images": ok, "a" * 201: ok}, "or of more than 200 characters; save arrays with"),
        ({"images": np.array([{}, None], dtype=object)}, "images contains pickled Python objects"),
        ({"images": ok, "labels": np.array([object()] * 22)}, r"labels holds pickled .* save labels.astype\(str\)"),
        ({"images": with_value(np.nan)}, "NaN or infinite"),
        ({"images": with_value(-np.inf)}, "NaN or infinite"),
        ({"images": with_value(255.0)}, "from 0.5 to 255; floats must be from 0 to 1: save images / 255"),
        ({"images": with_value(16.0)}, "save images / 16"),
        ({"images": with_value(-0.01)}, r"save \(images \+ 1\) / 2"),
        ({"images": with_value(-7)}, r"save \(images - -7\) / 7.5"),
        ({"images": ok[0]}, "has shape .* one row per image; add --shape H,W, or --shape 1,5"),
        ({"images": ok.reshape(10, -1)[:, :64]}, "if they are 8 x 8 pixels, add --shape 8,8, or --shape 1,64"),
        ({"images": np.zeros((22, 3072), np.uint8)}, r"colour images, save images.reshape\(-1, 3, H, W\)"),
        ({"images": ok[None, None]}, "images must have shape N H W, N C H W or N H W C"),
        ({"images": np.uint8(3)}, "images must have shape N H W"),
        ({"images": ok[:0]}, "contains no images"),
        ({"images": ok[:19]}, "holds 19 images; at least 20"),
        ({"images": ok[:, :3]}, "3 x 5 pixels; resize"),
        ({"images": np.zeros((22, 129, 8), np.uint8)}, "129 x 8 pixels; resize"),
        ({"images": np.zeros((22, 32, 32, 4), np.uint8)}, r"4 channels.* \(alpha\), save images\[..., :3\]"),
        ({"images": np.zeros((22, 4, 32, 32), np.uint8)}, r"4 channels.* \(alpha\), save images\[:, :3\]"),
        ({"images": np.zeros((22, 2, 32, 32), np.uint8)}, r"2 channels.* \(alpha\), save images\[:, :1\]"),
        ({"images": np.zeros((22, 0, 8, 8), np.uint8)}, "0 channels"),
        ({"images": np.zeros((22, 7, 8, 8), np.uint8)}, "7 channels"),
        ({}, "contains no arrays; rename"),
        (
            {"a": ok, "b": ok},
            "contains the arrays a, b; rename the image arrays, or save",
        ),
        ({"a" * 200: ok, "b" * 200: ok, "c" * 200: ok}, r"a{200}, b{198}; rename the image arrays"),
        ({"images": ok, "x": ok, "X": ok}, "contains X and images, which both look like images"),
        ({"images": ok, "x": ok}, "contains images and x, which both look like images; remove or rename one"),
        ({"test": ok}, "contains the arrays test; rename"),
        ({"validation": ok, "test": ok}, "contains the arrays test, validation; rename"),
        (
            {"train": ok, "validation": ok, "test": ok, "images": ok},
            "contains the arrays images, test, train, validation",
        ),
        (
            {"train": ok, "validation": ok, "test": ok, "labels": np.zeros(22, int)},
            "labels does not belong to any of the image arrays",
        ),
        (
            {"images": ok, "train_labels": np.zeros(22, int)},
            "train_labels does not belong to any of the image arrays images",
        ),
        ({"train": ok, "validation": ok, "test": ok[:, :4]}, "contain images of different shapes"),
        ({"train": ok, "validation": ok / 255, "test": ok}, "have different dtypes"),
        ({"train": ok, "validation": ok[:0], "test": ok}, "validation contains no images"),
        ({"train": ok, "test": ok[:1]}, "test has 1 images; at least 2"),
        ({"train": ok[:19], "test": ok}, "train has 19 images; at least 20 are needed, because a tenth"),
        ({"images": ok, "labels": np.full(22, 0.5)}, "one integer or text for each of the 22 images"),
        ({"images": ok, "labels": np.full(22, np.nan)}, "one integer or text for each of the 22 images"),
        ({"images": ok, "labels": np.zeros(21, int)}, "one integer or text for each of the 22 images"),
        ({"images": ok, "labels": np.zeros((22, 2), int)}, "one integer or text for each of the 22 images"),
        ({"images": ok, "labels": np.arange(22) - 1}, "go from -1 to 20; number the classes from 0"),
        ({"images": ok, "labels": np.arange(22), "classes": np.array(["a", "b"])}, "one text a class"),
        ({"images": ok, "labels": np.arange(22), "classes": np.arange(22)}, "one text a class"),
        ({"images": ok, "classes": np.array(["a"])}, "given without labels"),
        ({"images": ok, "ids": np.array(["a"] * 21)}, "ids has 21 names for 22 images"),
        (
            {"train": ok, "test": ok, "train_labels": np.arange(22), "test_labels": np.array(["a"] * 22)},
            "are texts and numbers",
        ),
    ],
)
def test_what_does_not_serve_is_one_line_with_the_hint(
    tmp_path: Path, arrays: dict[str, np.ndarray], words: str
) -> None:
    name = save(tmp_path, **arrays)
    with pytest.raises(DataError, match=words) as caught:
        load(name)
    assert str(tmp_path / "own.npz") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_classes_than_can_be_told_apart_are_refused(tmp_path: Path) -> None:
    images = np.zeros((1001, 8, 8), np.uint8)
    with pytest.raises(DataError, match="name 1,001 classes, more than 1,000"):
        load(save(tmp_path, images=images, labels=np.arange(1001)))


def test_a_member_that_is_no_array_is_one_line(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "own.npz", "w") as archive:
        archive.writestr("images.npy", b"raw bytes")
    with pytest.raises(DataError, match="is not a complete npz file"):
        load(f"npz:{tmp_path / 'own.npz'}")


def test_a_header_that_promises_too_much_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    header = BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**9, 64, 64)})
    with zipfile.ZipFile(tmp_path / "own.npz", "w") as archive:
        archive.writestr("images.npy", header.getvalue() + bytes(1000))
    with pytest.raises(DataError, match="4,096,000,000,000 values of pixels, more than 536,870,912"):
        load(f"npz:{tmp_path / 'own.npz'}")


def test_no_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"there is no file .*nowhere.npz; check the path, or give its new path .* --data npz:"
    ):
        load(f"npz:{tmp_path / 'nowhere.npz'}")
    with pytest.raises(DataError, match=f"is a folder; use folder:{tmp_path}"):
        load(f"npz:{tmp_path}")


@pytest.mark.parametrize("compressed", [True, False])
def test_every_cut_and_flip_is_refused_or_read(tmp_path: Path, compressed: bool) -> None:
    name = save(tmp_path, images=grey(22), labels=np.arange(22) % 2)
    path = tmp_path / "own.npz"
    if compressed:
        path.write_bytes(npz(images=grey(22), labels=np.arange(22) % 2))
    whole = path.read_bytes()
    messages = []
    for place in range(0, len(whole), 3):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 0x13]) + whole[place + 1 :]):
            path.write_bytes(damaged)
            try:
                own = load(name)
            except DataError as error:
                messages.append(str(error))
            else:
                assert len(own.train.images) == 18
    assert len(messages) > len(whole) / 3
    for message in messages:
        assert str(path) in message
        assert "\n" not in message
