"""OMNIGLOT, in small files of the same format."""

from pathlib import Path

import numpy as np
import pytest

from vampcore import datasets
from vampcore.datasets import DataError
from vampcore.datasets.omniglot import Omniglot
from vampcore.datasets.splits import seeded_order

from .small import mat

KIND = Omniglot(rows=(9, 4), validation=3)


def characters(rows: int, seed: int) -> np.ndarray:
    """Grey images, upright."""
    return np.random.default_rng(seed).integers(0, 256, (rows, 28, 28)).astype(np.uint8)


def columns(images: np.ndarray) -> np.ndarray:
    """As the file holds them: a column an image, in Fortran's order, shares from 0 to 1."""
    return np.stack([image.flatten(order="F") for image in images], 1) / 255


def write(root: Path, content: bytes) -> Path:
    (path,) = KIND.files(root)
    path.parent.mkdir()
    path.write_bytes(content)
    return path


def test_images_are_upright_and_the_last_shuffled_training_ones_validate(tmp_path: Path) -> None:
    data, test = characters(9, 1), characters(4, 2)
    write(tmp_path, mat(data=columns(data), testdata=columns(test), target=np.zeros((50, 9))))
    found = KIND.read(tmp_path)
    assert found.shape == (1, 28, 28)
    order = seeded_order(9)
    assert np.array_equal(found.train.images[:, 0].numpy(), data[order[:6]])
    assert np.array_equal(found.validation.images[:, 0].numpy(), data[order[6:]])
    assert np.array_equal(found.test.images[:, 0].numpy(), test)
    assert (found.train.levels, found.train.labels, found.classes) == (255, None, ())


def test_a_sorted_file_validates_on_all_of_its_alphabets(tmp_path: Path) -> None:
    """The grey level is the alphabet: 30 of 20 characters each, of which 100 in 600 validate."""
    kind = Omniglot(rows=(600, 4), validation=100)
    data = np.repeat(np.arange(30, dtype=np.uint8), 20)[:, None, None] * np.ones((1, 28, 28), np.uint8)
    write(tmp_path, mat(data=columns(data), testdata=columns(characters(4, 2))))
    found, again = kind.read(tmp_path), kind.read(tmp_path)
    validated, trained = (part.images[:, 0, 0, 0].bincount(minlength=30) for part in (found.validation, found.train))
    assert (validated + trained).tolist() == [20] * 30
    assert (validated > 0).sum() > 25
    assert validated.max() < 10
    assert np.array_equal(found.train.images, again.train.images)


def test_held_out_images_are_binarised_once_and_training_images_never(tmp_path, monkeypatch) -> None:
    write(tmp_path, mat(data=columns(characters(9, 1)), testdata=columns(characters(4, 2))))
    monkeypatch.setattr(datasets, "SOURCES", (KIND,))
    found, again = datasets.load("omniglot", tmp_path), datasets.load("omniglot", tmp_path)
    assert (found.likelihood, found.train.levels, found.validation.levels, found.test.levels) == (
        "bernoulli",
        255,
        1,
        1,
    )
    assert found.test.images.max() == 1
    assert np.array_equal(found.test.images, again.test.images)
    draws = [datasets.observe(found.train.images, 255, "bernoulli") for _ in range(2)]
    assert set(draws[0].unique().tolist()) == {0.0, 1.0}
    assert not np.array_equal(*draws)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a complete MATLAB file"),
        (b"MATLAB 5.0 MAT-file" + 200 * b"x", "is not a complete MATLAB file"),
        (mat(data=columns(characters(9, 1))), "does not hold the array testdata"),
        (mat(data=columns(characters(8, 1)), testdata=columns(characters(4, 2))), r"data is float64 \(784, 8\), not"),
        (mat(data=columns(characters(9, 1)).T, testdata=columns(characters(4, 2))), r"data is float64 \(9, 784\), not"),
        (mat(data=255 * columns(characters(9, 1)), testdata=columns(characters(4, 2))), "values outside of 0 to 1"),
        (mat(data=np.full((784, 9), np.nan), testdata=columns(characters(4, 2))), "values outside of 0 to 1"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=rf"{said}.*; put chardata.mat of .* by hand") as caught:
        KIND.read(tmp_path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("share", [0.2, 0.7, 0.99])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    whole = mat(data=columns(characters(9, 1)), testdata=columns(characters(4, 2)))
    write(tmp_path, whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=r"put chardata\.mat"):
        KIND.read(tmp_path)
