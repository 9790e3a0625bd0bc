"""Caltech 101 Silhouettes: binary outlines of objects, 28 x 28, 101 classes.

Reference:
    Marlin, Swersky, Chen, de Freitas, Inductive principles for restricted Boltzmann machine learning, AISTATS 2010.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vampcore.datasets.base import Dataset, Split
from vampcore.datasets.errors import DataError
from vampcore.datasets.fetching import Progress, Remote, fetch, install, workspace
from vampcore.datasets.files import check_array, check_sha256, download_hint, parse_mat, read_bytes, require
from vampcore.datasets.splits import make_split

SIDE = 28
PARTS = ("train", "val", "test")

REMOTE = Remote(
    "caltech101_silhouettes_28_split1.mat",
    ("https://people.cs.umass.edu/~marlin/data",),  # as published
    872124,
    "eb6735e8d84b1850fabc5590124aab1755e90c9fd28123585324398405e1e42a",
)


@dataclass(frozen=True)
class Caltech101Silhouettes:
    """The data set `caltech101_silhouettes`, in its authors' MATLAB file and split.

    Attributes:
        rows: Images in each part.
        remote: The MATLAB file.
    """

    name: str = "caltech101_silhouettes"
    title: str = "Caltech 101 Silhouettes"
    subject: str = "silhouettes"
    likelihood: str = "bernoulli"
    rows: tuple[int, int, int] = (4100, 2264, 2307)
    remote: Remote = REMOTE

    def files(self, root: Path) -> tuple[Path, ...]:
        """The one MATLAB file."""
        return (root / "caltech101_silhouettes" / self.remote.name,)

    def read(self, root: Path) -> Dataset:
        """The three splits, upright, the object 1 and the background 0 (in the file it is the other way round)."""
        (path,) = self.files(root)
        require(self.name, root, (path,))
        hint = download_hint(self.name)
        content = read_bytes(path, hint)
        # Before it is parsed: a MATLAB file has many ways to be broken, a checksum has one.
        if self.remote.sha256 is not None:
            check_sha256(path, content, self.remote.sha256, hint)
        wanted = ("classnames", *(f"{part}_{what}" for part in PARTS for what in ("data", "labels")))
        names, *arrays = parse_mat(path, content, wanted, hint)
        classes = tuple(str(name.item()) for name in names.ravel())
        train, validation, test = (
            _part(path, part, rows, images, labels, len(classes))
            for part, rows, images, labels in zip(PARTS, self.rows, arrays[::2], arrays[1::2], strict=True)
        )
        return Dataset(self.name, train, validation, test, classes, "bernoulli", (0.5, 0.02))

    def download(self, root: Path, progress: Progress | None, base_url: str | None) -> None:
        """Fetches the MATLAB file."""
        with workspace(root, self.name) as folder:
            (path,) = fetch((self.remote,), folder, progress, base_url)
            install(path, self.files(root)[0])


def _part(path: Path, part: str, rows: int, images: np.ndarray, labels: np.ndarray, classes: int) -> Split:
    hint = download_hint("caltech101_silhouettes")
    check_array(path, f"{part}_data", images, (rows, SIDE * SIDE), hint)
    check_array(path, f"{part}_labels", labels, (rows, 1), hint)
    if images.max() > 1 or labels.min() < 1 or labels.max() > classes:
        raise DataError(f"{path}: {part} is not binary or has a class beyond {classes}; {hint}")
    # A row holds its image column by column.
    upright = 1 - images.reshape(rows, 1, SIDE, SIDE).transpose(0, 1, 3, 2)
    return make_split(upright, labels.ravel().astype(np.int64) - 1, 1)
