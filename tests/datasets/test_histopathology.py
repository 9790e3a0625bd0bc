"""Histopathology, in small pickles of the same format."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from vampcore import datasets
from vampcore.datasets import DataError
from vampcore.datasets.histopathology import Histopathology

KIND = Histopathology()


def patches(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (rows, 28, 28)).astype(np.uint8)


def parts(**changes: object) -> dict[str, object]:
    return {"training": list(patches(5, 1)), "validation": list(patches(3, 2)), "test": list(patches(4, 3))} | changes


def write(root: Path, content: object, protocol: int = 2) -> Path:
    (path,) = KIND.files(root)
    path.parent.mkdir()
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("convert", [list, np.asarray], ids=["list", "array"])
@pytest.mark.parametrize("scale", [None, np.float32, np.float64], ids=["bytes", "float32", "float64"])
def test_the_three_lists_are_the_splits(tmp_path: Path, protocol: int, convert, scale) -> None:
    wanted = {"training": patches(5, 1), "validation": patches(3, 2), "test": patches(4, 3)}
    stored = {name: convert(images if scale is None else (images / scale(255))) for name, images in wanted.items()}
    write(tmp_path, stored, protocol)
    found = KIND.read(tmp_path)
    for part, images in zip((found.train, found.validation, found.test), wanted.values(), strict=True):
        assert np.array_equal(part.images[:, 0].numpy(), images)
        assert (part.levels, part.labels) == (255, None)
    assert (found.shape, found.likelihood, found.pseudo_input_noise) == ((1, 28, 28), "logistic", (0.4, 0.05))


def test_it_is_grey_unless_asked_otherwise(tmp_path: Path) -> None:
    write(tmp_path, parts())
    assert datasets.load("histopathology", tmp_path).levels == 255
    assert datasets.load("histopathology", tmp_path, "bernoulli").levels == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([1, 2], "does not hold training, validation, test"),
        ({"training": []}, "does not hold training, validation, test"),
        (parts(test=[]), r"test is \(0,\), not images of 28 x 28"),
        (parts(test=list(patches(2)[:, :20])), r"test is \(2, 20, 28\), not images"),
        (parts(test=[patches(1)[0], patches(1)[0][:3]]), "test does not hold images of one size"),
        (parts(test=patches(2).astype(np.int64)), "test is int64 and neither bytes nor from 0 to 1"),
        (parts(test=patches(2) / 2), "test is float64 and neither bytes nor from 0 to 1"),
        (parts(test=np.full((2, 28, 28), np.nan)), "test is float64 and neither bytes nor from 0 to 1"),
        (pickle.dumps(parts())[:-500], "is not a complete pickle"),
        (b"", "is not a complete pickle"),
        (b"\x80\x02}q\x00.", "does not hold training"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, content: object, said: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=rf"{said}.*; put histopathology.pkl of .* by hand") as caught:
        KIND.read(tmp_path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
