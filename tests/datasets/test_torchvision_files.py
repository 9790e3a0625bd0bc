"""Data sets whose files torchvision leaves in the data folder: EMNIST, KMNIST, USPS, SVHN, CIFAR-10."""

import gzip
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vampcore.datasets import DataError, load, names
from vampcore.datasets.base import Dataset
from vampcore.datasets.cifar10 import CIFAR10
from vampcore.datasets.emnist import EMNIST_BALANCED, EMNIST_LETTERS

from .conftest import Server
from .small import (
    Published,
    everything_below,
    md5,
    small_cifar10,
    small_emnist,
    small_kmnist,
    small_svhn,
    small_usps,
)

SMALL = {
    "kmnist": small_kmnist,
    "emnist_letters": small_emnist,
    "usps": small_usps,
    "svhn": small_svhn,
    "cifar10": small_cifar10,
}
# Of SMALL's folders, as torchvision names them.
PLACES = {
    "kmnist": "KMNIST/raw/t10k-images-idx3-ubyte",
    "emnist_letters": "EMNIST/raw/emnist-letters-test-images-idx3-ubyte",
    "usps": "usps.t.bz2",
    "svhn": "test_32x32.mat",
    "cifar10": "cifar-10-batches-py/test_batch",
}


def expected(published: Published, part: str) -> np.ndarray:
    images = published.arrays[part]
    images = images if images.ndim == 4 else images[:, None]
    # EMNIST's files hold columns where others hold rows.
    return images.transpose(0, 1, 3, 2) if published.kind.name == "emnist_letters" else images


def check(own: Dataset, published: Published) -> None:
    first = 1 if published.kind.name == "emnist_letters" else 0
    assert np.array_equal(own.test.images.numpy(), expected(published, "test"))
    assert own.test.labels is not None
    assert own.test.labels.tolist() == (published.arrays["test_labels"].astype(int) - first).tolist()
    assert own.train.labels is not None
    assert own.validation.labels is not None
    found = torch.cat([own.train.images, own.validation.images]).numpy()
    labels = torch.cat([own.train.labels, own.validation.labels]).tolist()
    whole = dict(zip(map(bytes, expected(published, "train")), published.arrays["train_labels"] - first, strict=True))
    assert {bytes(image): label for image, label in zip(found, labels, strict=True)} == whole


@pytest.mark.parametrize("name", SMALL)
def test_files_are_read_where_torchvision_left_them(name: str, tmp_path: Path) -> None:
    published = SMALL[name]()
    kind = published.write(tmp_path)
    assert (tmp_path / PLACES[name]).is_file()
    own = kind.read(tmp_path)
    check(own, published)
    assert own.name == name
    assert own.likelihood == "logistic"
    assert own.shape[0] == (3 if name in ("svhn", "cifar10") else 1)


@pytest.mark.parametrize("name", SMALL)
def test_a_download_leaves_the_files_that_torchvision_leaves(name: str, tmp_path: Path, server: Server) -> None:
    published = SMALL[name]()
    for file, content in published.sources.items():
        server.publish(file, content)
    reported: list[tuple[int, int]] = []
    published.kind.download(tmp_path / "got", lambda done, total: reported.append((done, total)), server.url)
    assert reported[-1][0] == reported[-1][1] == sum(map(len, published.sources.values()))
    published.write(tmp_path / "there")
    assert everything_below(tmp_path / "got") == everything_below(tmp_path / "there")
    for path in published.kind.files(tmp_path / "got"):
        assert path.read_bytes() == (tmp_path / "there" / path.relative_to(tmp_path / "got")).read_bytes()


@pytest.mark.parametrize("name", SMALL)
def test_a_download_that_is_not_the_published_file_leaves_nothing(name: str, tmp_path: Path, server: Server) -> None:
    published = SMALL[name]()
    for file, content in published.sources.items():
        server.publish(file, content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DataError, match="by its checksum"):
        published.kind.download(tmp_path, None, server.url)
    assert everything_below(tmp_path) == []


@pytest.mark.parametrize("name", SMALL)
def test_damaged_files_are_one_line(name: str, tmp_path: Path) -> None:
    published = SMALL[name]()
    kind = published.write(tmp_path)
    for path in kind.files(tmp_path):
        whole = path.read_bytes()
        path.write_bytes(whole[:-9])
        with pytest.raises(DataError, match=f"python -m vampcore data {name}") as caught:
            kind.read(tmp_path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        path.write_bytes(whole)
    check(kind.read(tmp_path), published)


def test_packed_files_of_emnist_are_read_too(tmp_path: Path) -> None:
    published = small_emnist()
    kind = published.write(tmp_path)
    for path in kind.files(tmp_path):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    check(kind.read(tmp_path), published)
    (kind.files(tmp_path)[0]).write_bytes(b"nothing")
    with pytest.raises(DataError, match="not a complete gzip file"):
        kind.read(tmp_path)


def test_no_program_in_a_batch_is_run(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (str(tmp_path / "ran"),))

    content = pickle.dumps({"labels": [0] * 20, "data": Hostile()}, protocol=2)
    published = small_cifar10()
    published.write(tmp_path)
    batches = ((published.kind.batches[0][0], md5(content)), *published.kind.batches[1:])
    kind: CIFAR10 = replace(published.kind, batches=batches)
    kind.files(tmp_path)[0].write_bytes(content)
    with pytest.raises(DataError, match="is refused: it asks for"):
        kind.read(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_emnist_has_the_classes_of_its_authors() -> None:
    assert len(EMNIST_LETTERS.classes) == 26
    assert len(EMNIST_BALANCED.classes) == 47
    assert EMNIST_BALANCED.classes[36:] == tuple("abdefghnqrt")  # the others look like their capitals


@pytest.mark.parametrize("name", [*SMALL, "emnist_balanced"])
def test_they_are_known_by_name(name: str, tmp_path: Path) -> None:
    assert name in names()
    with pytest.raises(DataError, match=f"run: python -m vampcore data {name}"):
        load(name, tmp_path)
