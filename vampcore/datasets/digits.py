"""scikit-learn's digits: 1797 images of 8 x 8, embedded, so that everything works without a download.

A pixel counts the dots, 0 to 16, in a 4 x 4 block of a scanned 32 x 32 bitmap: a binomial of 16 trials.

Reference:
    Alpaydin, Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
"""

from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import numpy as np

from vampcore.datasets.base import Dataset, mean_noise
from vampcore.datasets.fetching import Progress
from vampcore.datasets.splits import split

DIGIT_CLASSES = tuple(str(digit) for digit in range(10))
LEVELS = 16
FILE = "sklearn/datasets/data/digits.csv.gz"


@dataclass(frozen=True)
class Digits:
    """The data set `digits`: 1197 / 300 / 300, balanced by class."""

    name: str = "digits"
    title: str = "Digits"
    subject: str = "handwritten digits"
    likelihood: str = "binomial"

    def files(self, root: Path) -> tuple[Path, ...]:
        """None: they come with scikit-learn."""
        return ()

    def read(self, root: Path) -> Dataset:
        """The three splits of counts from 0 to 16."""
        # A row an image, its label last. Only read: to import scikit-learn takes a second.
        table = np.loadtxt(str(distribution("scikit-learn").locate_file(FILE)), np.uint8, delimiter=",")
        images, labels = table[:, :-1].reshape(-1, 1, 8, 8), table[:, -1].astype(np.int64)
        train, validation, test = split(images, labels, LEVELS, validation=300, test=300)
        return Dataset(self.name, train, validation, test, DIGIT_CLASSES, "binomial", mean_noise(train))

    def download(self, root: Path, progress: Progress | None, base_url: str | None) -> None:
        """Nothing to fetch."""
