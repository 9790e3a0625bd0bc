"""Static binarised MNIST."""

from pathlib import Path

import numpy as np
import pytest
import torch

from vampcore.datasets import DataError, load
from vampcore.datasets.static_mnist import TEST_CLASS_COUNTS, read_amat

from .small import everything_below, npz, small_static_mnist


def test_bits_are_those_of_the_file_and_only_test_rows_have_labels(tmp_path: Path) -> None:
    published = small_static_mnist()
    static = published.write(tmp_path).read(tmp_path)
    parts = (static.train, static.validation, static.test)
    for part, bits in zip(parts, published.arrays.values(), strict=True):
        assert np.array_equal(part.images.flatten(1).numpy(), bits)
        assert part.levels == 1
    assert static.shape == (1, 28, 28)
    assert static.train.labels is None
    assert static.validation.labels is None
    assert static.test.labels is not None
    assert static.test.labels.tolist() == [0, 1, 1, 1, 2, 2]
    assert static.pseudo_input_noise == (0.05, 0.01)


def test_every_cut_and_flip_is_noticed_or_harmless(tmp_path: Path) -> None:
    published = small_static_mnist()
    kind = published.write(tmp_path)
    (path,) = kind.files(tmp_path)
    whole = published.contents[0]
    expected = kind.read(tmp_path)
    messages = []
    for place in range(0, len(whole), 7):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]):
            path.write_bytes(damaged)
            try:
                read = kind.read(tmp_path)
            except DataError as error:
                messages.append(str(error))
            else:
                assert torch.equal(read.train.images, expected.train.images)
                assert torch.equal(read.test.images, expected.test.images)
    assert len(messages) > len(whole) / 7  # all that were cut, at the least
    for message in messages:
        assert str(path) in message
        assert message.endswith("run: python -m vampcore data static_mnist")
        assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a complete npz"),
        (b"PK\x03\x04 nothing more", "not a complete npz"),
        (npz(valid=np.zeros((4, 98), np.uint8)), "train is not a file"),
        (npz(train=np.zeros((12, 98), np.float32)), "float32"),
        (npz(train=np.zeros((3, 98), np.uint8)), "not uint8"),
        (npz(train=np.zeros((12, 98), np.uint8)), "not the published file"),
        (npz(train=np.array([{}], dtype=object)), "pickled"),
    ],
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    kind = small_static_mnist().kind
    (path,) = kind.files(tmp_path)
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(DataError, match=words):
        kind.read(tmp_path)


def test_a_download_becomes_packed_bits(tmp_path: Path, server) -> None:
    published = small_static_mnist()
    for name, content in published.sources.items():
        server.publish(name, content)
    published.kind.download(tmp_path, None, server.url)
    assert everything_below(tmp_path) == ["static_mnist", "static_mnist/static_mnist.npz"]
    read = published.kind.read(tmp_path)
    assert np.array_equal(read.test.images.flatten(1).numpy(), published.arrays["test"])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-2],
        lambda text: text.replace(b"1", b"2", 1),
        lambda text: text.replace(b" ", b",", 1),
        lambda text: text.replace(b"\n", b" ", 1),
        lambda text: b"",
    ],
)
def test_a_text_file_of_anything_else_is_refused(tmp_path: Path, change) -> None:
    text = small_static_mnist().sources["binarized_mnist_test.amat"]
    path = tmp_path / "binarized_mnist_test.amat"
    path.write_bytes(text)
    assert read_amat(path, 6).shape == (6, 784)
    path.write_bytes(change(text))
    with pytest.raises(DataError, match="does not hold 6 lines"):
        read_amat(path, 6)


@pytest.mark.data
def test_real_rows(real_data: Path) -> None:
    static = load("static_mnist", real_data)
    assert [len(part.images) for part in (static.train, static.validation, static.test)] == [50000, 10000, 10000]
    with np.load(real_data / "static_mnist" / "static_mnist.npz") as archive:
        packed = {part: archive[part] for part in ("train", "valid", "test")}
    for part, images in (
        ("train", static.train.images),
        ("valid", static.validation.images),
        ("test", static.test.images),
    ):
        for row in (0, 1, 9999):
            bits = f"{int.from_bytes(packed[part][row].tobytes(), 'big'):0784b}"
            assert images[row].flatten().tolist() == [int(bit) for bit in bits]


@pytest.mark.data
def test_real_test_labels_are_those_of_mnist_sorted_by_class(real_data: Path) -> None:
    static = load("static_mnist", real_data)
    grey = load("mnist", real_data, "logistic").test
    assert grey.labels is not None
    assert static.test.labels is not None
    assert torch.bincount(grey.labels).tolist() == list(TEST_CLASS_COUNTS)
    order = torch.argsort(grey.labels, stable=True)
    assert torch.equal(static.test.labels, grey.labels[order])
    # Wherever the grey pixel leaves no choice, the binary one agrees: rows, orientation and labels are right.
    sorted_grey = grey.images[order]
    assert (static.test.images[sorted_grey == 0] == 0).all()
    assert (static.test.images[sorted_grey == 255] == 1).all()
