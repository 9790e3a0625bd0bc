"""Static binarised MNIST: one fixed Bernoulli draw of MNIST that the literature compares models on.

References:
    Salakhutdinov, Murray, On the quantitative analysis of deep belief networks, ICML 2008.
    Larochelle, Murray, The neural autoregressive distribution estimator, AISTATS 2011 (who distribute it).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from vampcore.datasets.base import Dataset
from vampcore.datasets.digits import DIGIT_CLASSES
from vampcore.datasets.errors import DataError
from vampcore.datasets.fetching import Progress, Remote, fetch, install, workspace
from vampcore.datasets.files import check_array, check_sha256, download_hint, open_npz, require
from vampcore.datasets.splits import make_split

SIDE = 28
PIXELS = SIDE * SIDE
PARTS = ("train", "valid", "test")
BASES = ("http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist",)  # as published

# Digits of each class in MNIST's test file. The rows of the static test set are those digits, sorted by class.
TEST_CLASS_COUNTS = (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)

REMOTES = (
    Remote(
        "binarized_mnist_train.amat",
        BASES,
        78400000,
        "ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d",
    ),
    Remote(
        "binarized_mnist_valid.amat",
        BASES,
        15680000,
        "1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2",
    ),
    Remote(
        "binarized_mnist_test.amat",
        BASES,
        15680000,
        "e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c",
    ),
)


@dataclass(frozen=True)
class StaticMNIST:
    """The data set `static_mnist`, kept as an npz of packed bits (`train`, `valid`, `test`).

    The training and validation rows are a shuffle of MNIST's training images, so their classes are not known.

    Attributes:
        rows: Images in each part.
        digests: SHA-256 of each part's packed bytes.
        class_counts: Test images of each class, in the order of the rows.
        remotes: The text files of the three parts.
    """

    name: str = "static_mnist"
    title: str = "Static MNIST"
    subject: str = "handwritten digits"
    likelihood: str = "bernoulli"
    rows: tuple[int, int, int] = (50000, 10000, 10000)
    digests: tuple[str, str, str] = (
        "727146c35424b019f3e350e1e69faa05644a0abaf787e3f4e1a9632220a13906",
        "a256ac44ae26be720fad8616a05ed6ecfd1619930d9a208379bb2a4405df5b6d",
        "9fcd8da6f0fdf09b2ba30fe63a0bb784042a0de82563172530229b983e294ff2",
    )
    class_counts: tuple[int, ...] = TEST_CLASS_COUNTS
    remotes: tuple[Remote, Remote, Remote] = REMOTES

    def files(self, root: Path) -> tuple[Path, ...]:
        """The one npz."""
        return (root / "static_mnist" / "static_mnist.npz",)

    def read(self, root: Path) -> Dataset:
        """The three splits; only the test split has labels."""
        (path,) = self.files(root)
        require(self.name, root, (path,))
        hint = download_hint(self.name)
        images = []
        with open_npz(path, hint) as archive:
            for part, rows, digest in zip(PARTS, self.rows, self.digests, strict=True):
                packed = archive[part]
                check_array(path, part, packed, (rows, PIXELS // 8), hint)
                check_sha256(path, packed.tobytes(), digest, hint)
                bits = np.unpackbits(packed, axis=1, bitorder="big")
                images.append(bits.reshape(rows, 1, SIDE, SIDE))
        labels = np.repeat(np.arange(len(self.class_counts)), self.class_counts)
        train, validation = (make_split(part, None, 1) for part in images[:2])
        test = make_split(images[2], labels, 1)
        return Dataset(self.name, train, validation, test, DIGIT_CLASSES, "bernoulli", (0.05, 0.01))

    def download(self, root: Path, progress: Progress | None, base_url: str | None) -> None:
        """Fetches the three text files and leaves one npz."""
        with workspace(root, self.name) as folder:
            texts = fetch(self.remotes, folder, progress, base_url)
            train, valid, test = (
                np.packbits(read_amat(path, rows), axis=1, bitorder="big")
                for path, rows in zip(texts, self.rows, strict=True)
            )
            packed = folder / "packed.npz"
            np.savez_compressed(packed, train=train, valid=valid, test=test)
            install(packed, self.files(root)[0])


def read_amat(path: Path, rows: int) -> UInt8[np.ndarray, "rows 784"]:
    r"""Reads a text file of `rows` lines "0 1 0 ..\n" with 784 binary values each.

    Raises:
        DataError: If it is anything else.
    """
    text = np.fromfile(path, dtype=np.uint8)
    line = np.full(PIXELS, ord(" "), dtype=np.uint8)
    line[-1] = ord("\n")
    if text.size == rows * PIXELS * 2:
        pairs = text.reshape(rows, PIXELS, 2)
        bits = pairs[..., 0] - np.uint8(ord("0"))
        if bits.max(initial=0) <= 1 and (pairs[..., 1] == line).all():
            return bits
    raise DataError(
        f"{path.name} does not hold {rows} lines of {PIXELS} zeros and ones; {download_hint('static_mnist')}"
    )
