"""Digits in a training and a test file, which torchvision leaves directly in the data folder."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from vampcore.datasets.base import Dataset, mean_noise
from vampcore.datasets.digits import DIGIT_CLASSES
from vampcore.datasets.fetching import Progress, Remote, fetch, install, workspace
from vampcore.datasets.files import check_md5, download_hint, read_bytes, require
from vampcore.datasets.splits import hold_out, make_split

LEVELS = 255
Parse = Callable[[Path, bytes, int, str], tuple[UInt8[np.ndarray, "N C H W"], Int64[np.ndarray, " N"]]]


@dataclass(frozen=True)
class DigitFiles:
    """A data set of digits in two files; the validation part is drawn from the training images, by class.

    Attributes:
        parse: Images and classes from path, content, number of images and hint; raises DataError.
        rows: Images in the training and in the test file.
        validation: Training images kept for validation.
        remotes: The training and the test file.
    """

    name: str
    title: str = field(kw_only=True)
    subject: str = field(kw_only=True)
    parse: Parse
    rows: tuple[int, int]
    validation: int
    remotes: tuple[Remote, Remote]
    likelihood: str = "logistic"

    def files(self, root: Path) -> tuple[Path, ...]:
        """The two files, where torchvision leaves them."""
        return tuple(root / remote.name for remote in self.remotes)

    def read(self, root: Path) -> Dataset:
        """The three splits."""
        files = self.files(root)
        require(self.name, root, files)
        (images, labels), tested = (self._part(*each) for each in zip(files, self.remotes, self.rows, strict=True))
        train, validation = hold_out(images, labels, LEVELS, self.validation)
        test = make_split(*tested, LEVELS)
        return Dataset(self.name, train, validation, test, DIGIT_CLASSES, self.likelihood, mean_noise(train))

    def _part(
        self, path: Path, remote: Remote, rows: int
    ) -> tuple[UInt8[np.ndarray, "N C H W"], Int64[np.ndarray, " N"]]:
        hint = download_hint(self.name)
        content = read_bytes(path, hint)
        if remote.md5 is not None:
            check_md5(path, content, remote.md5, hint)
        return self.parse(path, content, rows, hint)

    def download(self, root: Path, progress: Progress | None, base_url: str | None) -> None:
        """Fetch the two files."""
        with workspace(root, self.name) as folder:
            for path, target in zip(fetch(self.remotes, folder, progress, base_url), self.files(root), strict=True):
                install(path, target)
