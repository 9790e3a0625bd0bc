"""OMNIGLOT: 32,415 hand-written characters of 50 alphabets, 28 x 28, as prepared for importance weighted autoencoders.

References:
    Lake, Salakhutdinov, Tenenbaum, Human-level concept learning through probabilistic program induction, Science 2015.
    Burda, Grosse, Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016. https://arxiv.org/abs/1509.00519 (whose
    file this is)
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from vampcore.datasets.base import Dataset
from vampcore.datasets.errors import DataError
from vampcore.datasets.files import by_hand_hint, parse_mat, read_bytes, require
from vampcore.datasets.splits import make_split, seeded_order

LEVELS = 255
SIDE = 28
FILE = "chardata.mat"


@dataclass(frozen=True)
class Omniglot:
    """The data set `omniglot`, in the MATLAB file `chardata.mat` of the IWAE authors' code.

    It has to be put into its folder by hand: we have verified no checksum that a download could be held against. The
    training images are shuffled with a fixed seed before the last `validation` of them are kept for validation, since
    the file may be sorted by alphabet. The VampPrior paper's split has these sizes but an unknown shuffle. Classes are
    not read.

    Attributes:
        rows: Images of `data` and of `testdata` in the file.
        validation: Training images kept for validation.
    """

    name: str = "omniglot"
    title: str = "Omniglot"
    subject: str = "handwritten characters"
    likelihood: str = "bernoulli"
    rows: tuple[int, int] = (24345, 8070)
    validation: int = 1345

    @property
    def hint(self) -> str:
        """Which file to put where."""
        return by_hand_hint(self.name, FILE, "the IWAE authors' code (datasets/OMNIGLOT)")

    def files(self, root: Path) -> tuple[Path, ...]:
        """The one MATLAB file."""
        return (root / "omniglot" / FILE,)

    def read(self, root: Path) -> Dataset:
        """The three splits, grey, upright."""
        (path,) = self.files(root)
        hint = self.hint
        require(self.name, root, (path,), hint)
        data, test = parse_mat(path, read_bytes(path, hint), ("data", "testdata"), hint)
        images = _images(path, "data", data, self.rows[0], hint)
        images = images[seeded_order(len(images))]
        kept = self.rows[0] - self.validation
        parts = (images[:kept], images[kept:], _images(path, "testdata", test, self.rows[1], hint))
        train, validation, tested = (make_split(part, None, LEVELS) for part in parts)
        return Dataset(self.name, train, validation, tested, (), "logistic", (0.05, 0.01))


def _images(path: Path, key: str, array: np.ndarray, rows: int, hint: str) -> UInt8[np.ndarray, "N 1 28 28"]:
    """A column is an image, column by column (Fortran's order), as shares from 0 to 1."""
    if array.shape != (SIDE * SIDE, rows) or array.dtype.kind not in "fu":
        raise DataError(f"{path}: {key} is {array.dtype} {array.shape}, not numbers of {(SIDE * SIDE, rows)}; {hint}")
    if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
        raise DataError(f"{path}: {key} has values outside of 0 to 1; {hint}")
    levels = np.rint(array.T.astype(np.float64) * LEVELS).astype(np.uint8)
    return np.ascontiguousarray(levels.reshape(rows, 1, SIDE, SIDE).transpose(0, 1, 3, 2))
