"""SVHN: colour 32 x 32 house numbers, in the MATLAB files that torchvision leaves.

Reference:
    Netzer et al., Reading digits in natural images with unsupervised feature learning, NIPS workshop, 2011.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from vampcore.datasets.base import Dataset, mean_noise
from vampcore.datasets.digits import DIGIT_CLASSES
from vampcore.datasets.errors import DataError
from vampcore.datasets.fetching import Progress, Remote, fetch, install, workspace
from vampcore.datasets.files import check_array, check_md5, download_cure, parse_mat, read_bytes, require
from vampcore.datasets.splits import hold_out, make_split

LEVELS = 255
SIDE = 32
BASES = ("http://ufldl.stanford.edu/housenumbers",)
REMOTES = (
    Remote("train_32x32.mat", BASES, 182040794, None, "e26dedcc434d2e4c54c9b2d4a06d8373"),
    Remote("test_32x32.mat", BASES, 64275384, None, "eb5a983be6a315427106f1b164d9cef3"),
)


@dataclass(frozen=True)
class SVHN:
    """The data set `svhn`: 65,931 / 7,326 / 26,032; the validation part is drawn from the training images, by class.

    Attributes:
        name: As the command line knows it.
        likelihood: Default likelihood.
        rows: Images in the training and in the test file.
        validation: Training images kept for validation.
        remotes: The training and the test file.
    """

    name: str = "svhn"
    likelihood: str = "logistic"
    rows: tuple[int, int] = (73257, 26032)
    validation: int = 7326
    remotes: tuple[Remote, Remote] = REMOTES

    def files(self, root: Path) -> tuple[Path, ...]:
        """The two files, where torchvision leaves them."""
        return tuple(root / remote.name for remote in self.remotes)

    def read(self, root: Path) -> Dataset:
        """The three splits, in colour."""
        files = self.files(root)
        require(self.name, root, files)
        cure = download_cure(self.name)
        train, validation = hold_out(*_part(files[0], self.remotes[0], self.rows[0], cure), LEVELS, self.validation)
        test = make_split(*_part(files[1], self.remotes[1], self.rows[1], cure), LEVELS)
        return Dataset(self.name, train, validation, test, DIGIT_CLASSES, "logistic", mean_noise(train))

    def download(self, root: Path, progress: Progress | None, base_url: str | None) -> None:
        """Fetch the two files."""
        with workspace(root, self.name) as folder:
            for path, target in zip(fetch(self.remotes, folder, progress, base_url), self.files(root), strict=True):
                install(path, target)


def _part(
    path: Path, remote: Remote, rows: int, cure: str
) -> tuple[UInt8[np.ndarray, "N 3 32 32"], Int64[np.ndarray, " N"]]:
    content = read_bytes(path, cure)
    if remote.md5 is not None:
        check_md5(path, content, remote.md5, cure)
    images, labels = parse_mat(path, content, ("X", "y"), cure)
    check_array(path, "X", images, (SIDE, SIDE, 3, rows), cure)
    check_array(path, "y", labels, (rows, 1), cure)
    if labels.min() < 1 or labels.max() > 10:
        raise DataError(f"{path} has classes from {labels.min()} to {labels.max()}; {cure}")
    # The digit 0 is class 10 in the file.
    return np.ascontiguousarray(images.transpose(3, 2, 0, 1)), labels[:, 0].astype(np.int64) % 10
