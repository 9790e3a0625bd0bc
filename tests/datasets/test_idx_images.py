"""MNIST and Fashion-MNIST."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from vampcore.datasets import DataError, load, observe

from .small import everything_below, small_mnist


def test_images_and_labels_are_those_of_the_files(tmp_path: Path) -> None:
    published = small_mnist(train=20, test=8, validation=5)
    mnist = published.write(tmp_path).read(tmp_path)
    arrays = published.arrays
    assert mnist.shape == (1, 28, 28)
    assert np.array_equal(mnist.train.images[:, 0].numpy(), arrays["train"][:15])
    assert np.array_equal(mnist.validation.images[:, 0].numpy(), arrays["train"][15:])
    assert np.array_equal(mnist.test.images[:, 0].numpy(), arrays["test"])
    for part, labels in (
        (mnist.train, arrays["train_labels"][:15]),
        (mnist.validation, arrays["train_labels"][15:]),
        (mnist.test, arrays["test_labels"]),
    ):
        assert part.labels is not None
        assert part.labels.dtype == torch.int64
        assert part.labels.tolist() == labels.tolist()
    assert mnist.pseudo_input_noise == (0.05, 0.01)


def cut(content: bytes) -> bytes:
    return content[:-3]


def lengthened(content: bytes) -> bytes:
    return content + b"\0"


def altered(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def other_shape(content: bytes) -> bytes:
    return content[:7] + bytes([content[7] + 1]) + content[8:]


def emptied(content: bytes) -> bytes:
    return b""


def compressed(content: bytes) -> bytes:
    return b"\x1f\x8b" + content


@pytest.mark.parametrize("damage", [cut, lengthened, altered, other_shape, emptied, compressed])
@pytest.mark.parametrize("which", range(4))
def test_a_broken_file_is_refused_by_name(tmp_path: Path, damage: Callable[[bytes], bytes], which: int) -> None:
    kind = small_mnist().write(tmp_path)
    path = kind.files(tmp_path)[which]
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="run: python -m vampcore data mnist") as caught:
        kind.read(tmp_path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused_with_every_hint(tmp_path: Path) -> None:
    kind = small_mnist().write(tmp_path)
    kind.files(tmp_path)[3].unlink()
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte is missing") as caught:
        kind.read(tmp_path)
    for words in (str(tmp_path), "python -m vampcore data mnist", "--data-root", "VAMPCORE_DATA", "digits"):
        assert words in str(caught.value)


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    kind = small_mnist().write(tmp_path)
    path = kind.files(tmp_path)[0]
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match="train-images"):
        kind.read(tmp_path)


def test_a_download_leaves_torchvisions_layout(tmp_path: Path, server) -> None:
    published = small_mnist()
    for name, content in published.sources.items():
        server.publish(name, content)
    reported: list[tuple[int, int]] = []
    published.kind.download(tmp_path, lambda done, total: reported.append((done, total)), server.url)
    raw = [f"MNIST/raw/{part}-ubyte" for part in ("t10k-images-idx3", "t10k-labels-idx1", "train-images-idx3")]
    assert everything_below(tmp_path) == ["MNIST", "MNIST/raw", *raw, "MNIST/raw/train-labels-idx1-ubyte"]
    assert np.array_equal(published.kind.read(tmp_path).test.images[:, 0].numpy(), published.arrays["test"])
    size = sum(len(content) for content in published.sources.values())
    assert reported[-1] == (size, size)
    assert reported == sorted(reported)


@pytest.mark.data
def test_real_mnist_is_torchvisions(real_data: Path) -> None:
    from torchvision.datasets import MNIST

    ours = load("mnist", real_data, "logistic")
    for train, parts in ((True, (ours.train, ours.validation)), (False, (ours.test,))):
        theirs = MNIST(real_data, train=train, download=False)
        assert torch.equal(torch.cat([part.images for part in parts])[:, 0], theirs.data)
        assert torch.equal(torch.cat([part.labels for part in parts]), theirs.targets)
    assert [len(part.images) for part in (ours.train, ours.validation, ours.test)] == [50000, 10000, 10000]


@pytest.mark.data
def test_real_mnist_is_binarised_as_in_the_papers_code(real_data: Path) -> None:
    ours = load("mnist", real_data)
    raw = real_data / "MNIST" / "raw"
    train = np.fromfile(raw / "train-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 784).astype(np.float32) / 255
    test = np.fromfile(raw / "t10k-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 784).astype(np.float32) / 255
    random = np.random.RandomState(777)
    validation = random.binomial(1, train[50000:])
    assert np.array_equal(ours.validation.images.flatten(1).numpy(), validation)
    assert np.array_equal(ours.test.images.flatten(1).numpy(), random.binomial(1, test))
    assert ours.likelihood == "bernoulli"
    assert ours.levels == 1
    assert ours.train.levels == 255
    x = observe(ours.train.images[:500], 255, "bernoulli", torch.Generator().manual_seed(1))
    assert abs(float(x.mean()) - float(ours.train.images[:500].float().mean()) / 255) < 0.002


@pytest.mark.data
def test_real_fashion_mnist(real_data: Path) -> None:
    ours = load("fashion_mnist", real_data, "binomial")
    assert ours.levels == 255
    assert len(ours.classes) == 10
    assert ours.test.labels is not None
    assert torch.bincount(ours.test.labels).tolist() == [1000] * 10
    assert ours.classes[int(ours.test.labels[0])] == "Ankle boot"
