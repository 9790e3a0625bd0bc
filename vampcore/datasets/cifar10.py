"""CIFAR-10: colour 32 x 32 photographs, in the batches that torchvision unpacks.

Reference:
    Krizhevsky, Learning multiple layers of features from tiny images, 2009.
"""

import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from vampcore.datasets.base import Dataset, mean_noise
from vampcore.datasets.errors import DataError
from vampcore.datasets.fetching import Progress, Remote, fetch, install, workspace
from vampcore.datasets.files import check_array, check_md5, download_hint, read_bytes, require
from vampcore.datasets.splits import hold_out, make_split
from vampcore.datasets.unpickling import unpickled_arrays

LEVELS = 255
SIDE = 32
FOLDER = "cifar-10-batches-py"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
REMOTE = Remote(
    "cifar-10-python.tar.gz",
    ("https://www.cs.toronto.edu/~kriz",),
    170498071,
    None,
    "c58f30108f718f92721af3b95e74349a",
)
# The last one is the test batch.
BATCHES = (
    ("data_batch_1", "c99cafc152244af753f735de768cd75f"),
    ("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
    ("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
    ("data_batch_4", "634d18415352ddfa80567beed471001a"),
    ("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
    ("test_batch", "40351d587109b95175f43aff81a1287e"),
)


@dataclass(frozen=True)
class CIFAR10:
    """The data set `cifar10`: 45,000 / 5,000 / 10,000; the validation part is drawn from the training images, by class.

    The batches are pickles. They are verified by checksum, then read by a reader that builds arrays of numbers, lists
    and dicts, and nothing else.

    Attributes:
        rows: Images in a batch.
        validation: Training images kept for validation.
        batches: Files and their MD5 checksums.
        remote: The archive of all batches.
    """

    name: str = "cifar10"
    title: str = "CIFAR-10"
    subject: str = "small photographs"
    likelihood: str = "logistic"
    rows: int = 10000
    validation: int = 5000
    batches: tuple[tuple[str, str], ...] = BATCHES
    remote: Remote = REMOTE

    def files(self, root: Path) -> tuple[Path, ...]:
        """The six batches, where torchvision leaves them."""
        return tuple(root / FOLDER / name for name, _ in self.batches)

    def read(self, root: Path) -> Dataset:
        """The three splits, in colour."""
        files = self.files(root)
        require(self.name, root, files)
        hint = download_hint(self.name)
        parts = [_batch(path, md5, self.rows, hint) for path, (_, md5) in zip(files, self.batches, strict=True)]
        images = np.concatenate([pixels for pixels, _ in parts[:-1]])
        labels = np.concatenate([known for _, known in parts[:-1]])
        train, validation = hold_out(images, labels, LEVELS, self.validation)
        test = make_split(*parts[-1], LEVELS)
        return Dataset(self.name, train, validation, test, CLASSES, "logistic", mean_noise(train))

    def download(self, root: Path, progress: Progress | None, base_url: str | None) -> None:
        """Fetch the archive and leave the six batches."""
        with workspace(root, self.name) as folder:
            (archive,) = fetch((self.remote,), folder, progress, base_url)
            try:
                with tarfile.open(archive) as opened:
                    for name, _ in self.batches:
                        member = opened.extractfile(f"{FOLDER}/{name}")
                        if member is None:
                            raise KeyError(name)
                        (folder / name).write_bytes(member.read())
            except (tarfile.TarError, KeyError, EOFError) as error:
                raise DataError(f"{archive.name} does not hold {self.name}; {download_hint(self.name)}") from error
            for target in self.files(root):
                install(folder / target.name, target)


def _batch(
    path: Path, md5: str, rows: int, hint: str
) -> tuple[UInt8[np.ndarray, "N 3 32 32"], Int64[np.ndarray, " N"]]:
    content = read_bytes(path, hint)
    check_md5(path, content, md5, hint)
    batch = unpickled_arrays(path, content, hint)
    if not isinstance(batch, dict) or not isinstance(batch.get("labels"), list):
        raise DataError(f"{path} is not a batch of images; {hint}")
    images, labels = batch.get("data"), batch["labels"]
    check_array(path, "data", images, (rows, 3 * SIDE * SIDE), hint)
    if len(labels) != rows or not all(type(label) is int and 0 <= label < len(CLASSES) for label in labels):
        raise DataError(f"{path} does not hold a class from 0 to {len(CLASSES) - 1} for each image; {hint}")
    return np.asarray(images).reshape(rows, 3, SIDE, SIDE), np.array(labels, dtype=np.int64)
