"""MNIST, Fashion-MNIST and Kuzushiji-MNIST: grey 28 x 28 images in idx files, in the folders that torchvision uses.

The idx files are read here and not by torchvision, which takes a second to import and does not check their content.

References:
    LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition, Proc. IEEE 86(11), 1998.
    Clanuwat et al., Deep learning for classical Japanese literature, 2018. https://arxiv.org/abs/1812.01718
    Xiao, Rasul, Vollgraf, Fashion-MNIST, 2017. https://arxiv.org/abs/1708.07747
"""

import gzip
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from vampcore.datasets.base import Dataset, mean_noise
from vampcore.datasets.digits import DIGIT_CLASSES
from vampcore.datasets.errors import DataError
from vampcore.datasets.fetching import Progress, Remote, fetch, install, workspace
from vampcore.datasets.files import check_sha256, download_hint, read_bytes, require
from vampcore.datasets.splits import make_split

LEVELS = 255
SIDE = 28
MNIST_BASES = ("https://ossci-datasets.s3.amazonaws.com/mnist", "http://yann.lecun.com/exdb/mnist")
KMNIST_BASES = ("http://codh.rois.ac.jp/kmnist/dataset/kmnist",)  # as published by its authors
FASHION_BASES = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",)  # as published by its authors


@dataclass(frozen=True)
class IdxImages:
    """Training and test images with labels, each an idx file.

    The last `validation` training images are for validation, as in the VampPrior paper's code.

    Attributes:
        folder: Folder under the data root.
        classes: Names of the classes.
        remotes: Training images, training labels, test images, test labels.
        noise: Mean and standard deviation of random pseudo-inputs; None for those of the training mean.
        counts: Images in the training and in the test file.
        validation: Training images kept for validation.
    """

    name: str
    title: str = field(kw_only=True)
    subject: str = field(kw_only=True)
    folder: str
    classes: tuple[str, ...]
    remotes: tuple[Remote, Remote, Remote, Remote]
    noise: tuple[float, float] | None = None
    counts: tuple[int, int] = (60000, 10000)
    validation: int = 10000
    likelihood: str = "bernoulli"

    def files(self, root: Path) -> tuple[Path, ...]:
        """The four idx files."""
        return tuple(root / self.folder / "raw" / remote.content_name for remote in self.remotes)

    def read(self, root: Path) -> Dataset:
        """The three splits, grey."""
        files = self.files(root)
        require(self.name, root, files)
        train, test = self.counts
        images, labels, test_images, test_labels = (
            read_idx(path, shape, remote.sha256, download_hint(self.name))
            for path, remote, shape in zip(
                files, self.remotes, ((train, SIDE, SIDE), (train,), (test, SIDE, SIDE), (test,)), strict=True
            )
        )
        kept = train - self.validation
        parts = (
            make_split(images[:kept, None], labels[:kept], LEVELS),
            make_split(images[kept:, None], labels[kept:], LEVELS),
            make_split(test_images[:, None], test_labels, LEVELS),
        )
        return Dataset(self.name, *parts, self.classes, "logistic", self.noise or mean_noise(parts[0]))

    def download(self, root: Path, progress: Progress | None, base_url: str | None) -> None:
        """Fetches the four gzip files and leaves the unpacked ones."""
        with workspace(root, self.name) as folder:
            for path, target in zip(fetch(self.remotes, folder, progress, base_url), self.files(root), strict=True):
                install(path, target)


def read_idx(path: Path, shape: tuple[int, ...], sha256: str | None, hint: str) -> UInt8[np.ndarray, "..."]:
    """Reads an idx file of bytes.

    The header is two zero bytes, the type (8: unsigned bytes), the number of dimensions and, for each, its
    length as a big-endian 32-bit number.

    Arguments:
        path: The file.
        shape: What it has to hold.
        sha256: Its published checksum; None if there is none.
        hint: What to do if it is broken.

    Raises:
        DataError: If it is cut off, altered, or holds something else.
    """
    header = bytes((0, 0, 8, len(shape))) + np.array(shape, dtype=">u4").tobytes()
    size = len(header) + int(np.prod(shape))
    content = _unpacked(path, size + 1, hint) if path.suffix == ".gz" else read_bytes(path, hint)
    if content[: len(header)] != header:
        raise DataError(f"{path} is not an idx file of {' x '.join(map(str, shape))} bytes; {hint}")
    if len(content) != size:
        raise DataError(f"{path} is cut off or too long: {len(content)} bytes, not {size}; {hint}")
    if sha256 is not None:
        check_sha256(path, content, sha256, hint)
    return np.frombuffer(content, dtype=np.uint8, offset=len(header)).reshape(shape)


def _unpacked(path: Path, most: int, hint: str) -> bytes:
    """So many bytes of a gzip file at most."""
    try:
        with gzip.open(path) as file:
            return file.read(most)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is not a complete gzip file ({error}); {hint}") from error


KMNIST = IdxImages(
    name="kmnist",
    title="KMNIST",
    subject="handwritten kana",
    folder="KMNIST",
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    remotes=(
        Remote("train-images-idx3-ubyte.gz", KMNIST_BASES, 18165135, None, "bdb82020997e1d708af4cf47b453dcf7"),
        Remote("train-labels-idx1-ubyte.gz", KMNIST_BASES, 29497, None, "e144d726b3acfaa3e44228e80efcd344"),
        Remote("t10k-images-idx3-ubyte.gz", KMNIST_BASES, 3041136, None, "5c965bf0a639b31b8f53240b1b52f4d7"),
        Remote("t10k-labels-idx1-ubyte.gz", KMNIST_BASES, 5120, None, "7320c461ea6c1c855c0b718fb2a4b134"),
    ),
)

MNIST = IdxImages(
    name="mnist",
    title="MNIST",
    subject="handwritten digits",
    folder="MNIST",
    classes=DIGIT_CLASSES,
    noise=(0.05, 0.01),
    remotes=(
        Remote(
            "train-images-idx3-ubyte.gz",
            MNIST_BASES,
            9912422,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        Remote(
            "train-labels-idx1-ubyte.gz",
            MNIST_BASES,
            28881,
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        Remote(
            "t10k-images-idx3-ubyte.gz",
            MNIST_BASES,
            1648877,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        Remote(
            "t10k-labels-idx1-ubyte.gz",
            MNIST_BASES,
            4542,
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
)

FASHION_MNIST = IdxImages(
    name="fashion_mnist",
    title="Fashion-MNIST",
    subject="pictures of clothes",
    folder="FashionMNIST",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    remotes=(
        Remote(
            "train-images-idx3-ubyte.gz",
            FASHION_BASES,
            26421880,
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        Remote(
            "train-labels-idx1-ubyte.gz",
            FASHION_BASES,
            29515,
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        Remote(
            "t10k-images-idx3-ubyte.gz",
            FASHION_BASES,
            4422102,
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        Remote(
            "t10k-labels-idx1-ubyte.gz",
            FASHION_BASES,
            5148,
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
)
