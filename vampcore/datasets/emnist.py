"""EMNIST: handwritten letters and digits, 28 x 28, in the idx files that torchvision unpacks.

Reference:
    Cohen, Afshar, Tapson, van Schaik, EMNIST: extending MNIST to handwritten letters, IJCNN 2017.
"""

import gzip
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vampcore.datasets.base import Dataset, mean_noise
from vampcore.datasets.errors import DataError
from vampcore.datasets.fetching import Progress, Remote, fetch, install, workspace
from vampcore.datasets.files import PARSE_ERRORS, download_hint, require
from vampcore.datasets.idx_images import LEVELS, SIDE, read_idx
from vampcore.datasets.splits import make_split

REMOTE = Remote(
    "gzip.zip",
    ("https://biometrics.nist.gov/cs_links/EMNIST",),
    561753746,
    None,
    "58c8d27c78d21e728a6bc7b3cc06412e",
)
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
BALANCED = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt")


@dataclass(frozen=True)
class EMNIST:
    """Training and test images of one of EMNIST's selections; the last training images are for validation.

    The validation part is as large as the test part, as its authors propose. The files hold each image with rows and
    columns exchanged; here it stands upright. Only the archive has a published checksum, so that files on disk are
    verified by their headers and sizes.

    Attributes:
        selection: As the files are named.
        classes: Names of the classes.
        counts: Images in the training and in the test file.
        validation: Training images kept for validation.
        first_class: Number of the first class in the files.
        remote: The archive of all selections.
    """

    name: str
    title: str = field(kw_only=True)
    subject: str = field(kw_only=True)
    selection: str
    classes: tuple[str, ...]
    counts: tuple[int, int]
    validation: int
    first_class: int = 0
    likelihood: str = "bernoulli"
    remote: Remote = REMOTE

    def files(self, root: Path) -> tuple[Path, ...]:
        """Training images, training labels, test images, test labels; packed where only that is there."""
        names = (
            f"emnist-{self.selection}-{part}-{what}-ubyte"
            for part in ("train", "test")
            for what in ("images-idx3", "labels-idx1")
        )
        found = (root / "EMNIST" / "raw" / name for name in names)
        return tuple(
            packed if not path.exists() and (packed := path.with_name(f"{path.name}.gz")).exists() else path
            for path in found
        )

    def read(self, root: Path) -> Dataset:
        """The three splits, grey, upright."""
        files = self.files(root)
        require(self.name, root, files)
        (train, test), hint = self.counts, download_hint(self.name)
        shapes = ((train, SIDE, SIDE), (train,), (test, SIDE, SIDE), (test,))
        images, labels, test_images, test_labels = (
            read_idx(path, shape, None, hint) for path, shape in zip(files, shapes, strict=True)
        )
        for path, found in ((files[1], labels), (files[3], test_labels)):
            if found.min() < self.first_class or found.max() >= self.first_class + len(self.classes):
                raise DataError(f"{path} has classes from {found.min()} to {found.max()}; {hint}")
        kept = train - self.validation
        parts = (
            make_split(pixels[:, None].transpose(0, 1, 3, 2), known.astype(np.int64) - self.first_class, LEVELS)
            for pixels, known in (
                (images[:kept], labels[:kept]),
                (images[kept:], labels[kept:]),
                (test_images, test_labels),
            )
        )
        first, validation, tested = parts
        return Dataset(self.name, first, validation, tested, self.classes, "logistic", mean_noise(first))

    def download(self, root: Path, progress: Progress | None, base_url: str | None) -> None:
        """Fetch the archive and leave the four files."""
        with workspace(root, self.name) as folder:
            (archive,) = fetch((self.remote,), folder, progress, base_url)
            targets = [path.with_name(path.name.removesuffix(".gz")) for path in self.files(root)]
            try:
                with zipfile.ZipFile(archive) as opened:
                    for target in targets:
                        with (
                            opened.open(f"gzip/{target.name}.gz") as packed,
                            gzip.open(packed) as source,
                            (folder / target.name).open("wb") as file,
                        ):
                            shutil.copyfileobj(source, file)
            except PARSE_ERRORS as error:
                if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
                    raise
                raise DataError(f"{archive.name} does not hold {self.name}; {download_hint(self.name)}") from error
            for target in targets:
                install(folder / target.name, target)


EMNIST_LETTERS = EMNIST(
    "emnist_letters",
    "letters",
    LETTERS,
    (124800, 20800),
    20800,
    first_class=1,
    title="EMNIST Letters",
    subject="handwritten letters",
)
EMNIST_BALANCED = EMNIST(
    "emnist_balanced",
    "balanced",
    BALANCED,
    (112800, 18800),
    18800,
    title="EMNIST Balanced",
    subject="handwritten letters and digits",
)
