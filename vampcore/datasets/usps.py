"""USPS: grey 16 x 16 digits of envelopes, in the text files that torchvision leaves.

Reference:
    Hull, A database for handwritten text recognition research, IEEE PAMI 16(5), 1994.
"""

import bz2
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from vampcore.datasets.base import Dataset, mean_noise
from vampcore.datasets.digits import DIGIT_CLASSES
from vampcore.datasets.errors import DataError
from vampcore.datasets.fetching import Progress, Remote, fetch, install, workspace
from vampcore.datasets.files import check_md5, download_cure, read_bytes, require
from vampcore.datasets.splits import hold_out, make_split

LEVELS = 255
SIDE = 16
BASES = ("https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass",)
REMOTES = (
    Remote("usps.bz2", BASES, 6579383, None, "ec16c51db3855ca6c91edd34d0e9b197"),
    Remote("usps.t.bz2", BASES, 1831726, None, "8ea070ee2aca1ac39742fdd1ef5ed118"),
)


@dataclass(frozen=True)
class USPS:
    """The data set `usps`: 6,562 / 729 / 2,007; the validation part is drawn from the training images, by class.

    Attributes:
        name: As the command line knows it.
        likelihood: Default likelihood.
        rows: Images in the training and in the test file.
        validation: Training images kept for validation.
        remotes: The training and the test file.
    """

    name: str = "usps"
    likelihood: str = "logistic"
    rows: tuple[int, int] = (7291, 2007)
    validation: int = 729
    remotes: tuple[Remote, Remote] = REMOTES

    def files(self, root: Path) -> tuple[Path, ...]:
        """The two files, where torchvision leaves them."""
        return tuple(root / remote.name for remote in self.remotes)

    def read(self, root: Path) -> Dataset:
        """The three splits, grey."""
        files = self.files(root)
        require(self.name, root, files)
        cure = download_cure(self.name)
        (images, labels), (test_images, test_labels) = (
            read_rows(path, remote, rows, cure)
            for path, remote, rows in zip(files, self.remotes, self.rows, strict=True)
        )
        train, validation = hold_out(images, labels, LEVELS, self.validation)
        test = make_split(test_images, test_labels, LEVELS)
        return Dataset(self.name, train, validation, test, DIGIT_CLASSES, "logistic", mean_noise(train))

    def download(self, root: Path, progress: Progress | None, base_url: str | None) -> None:
        """Fetch the two files."""
        with workspace(root, self.name) as folder:
            for path, target in zip(fetch(self.remotes, folder, progress, base_url), self.files(root), strict=True):
                install(path, target)


def read_rows(
    path: Path, remote: Remote, rows: int, cure: str
) -> tuple[UInt8[np.ndarray, "N 1 16 16"], Int64[np.ndarray, " N"]]:
    """Images and classes of a text file, a line `class 1:value 2:value ...` for each image, with values from -1 to 1.

    Raises:
        DataError: If it is another file, or holds anything else.
    """
    content = read_bytes(path, cure)
    if remote.md5 is not None:
        check_md5(path, content, remote.md5, cure)
    try:
        lines = [line.split() for line in bz2.decompress(content).decode("ascii").splitlines()]
        labels = np.array([int(line[0]) - 1 for line in lines], dtype=np.int64)
        values = np.array([[float(cell.partition(":")[2]) for cell in line[1:]] for line in lines])
    except (OSError, EOFError, ValueError, LookupError) as error:
        raise DataError(f"{path} is not a table of images ({error!s:.80}); {cure}") from error
    if (
        values.shape != (rows, SIDE * SIDE)
        or not (np.abs(values) <= 1).all()
        or not ((labels >= 0) & (labels < 10)).all()
    ):
        raise DataError(f"{path} does not hold {rows} images of {SIDE} x {SIDE} from -1 to 1; {cure}")
    grey = np.rint((values + 1) / 2 * LEVELS).astype(np.uint8)
    return grey.reshape(rows, 1, SIDE, SIDE), labels
