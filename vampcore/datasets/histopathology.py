"""Histopathology: grey 28 x 28 patches of stained tissue, as prepared by the VampPrior paper's authors.

Reference:
    Tomczak, Welling, Improving variational auto-encoders using Householder flow, 2016. https://arxiv.org/abs/1611.09630
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from vampcore.datasets.base import Dataset
from vampcore.datasets.errors import DataError
from vampcore.datasets.files import by_hand_hint, read_bytes, require
from vampcore.datasets.splits import make_split
from vampcore.datasets.unpickling import unpickled_arrays

LEVELS = 255
SIDE = 28
FILE = "histopathology.pkl"
PARTS = ("training", "validation", "test")


@dataclass(frozen=True)
class Histopathology:
    """The data set `histopathology`, in the pickle of the VampPrior authors' code: a list of images for each split.

    It has to be put into its folder by hand: no checksum is known to us that a download could be verified by. The
    pickle is read by a reader that builds arrays of numbers, lists and dicts, and nothing else.
    """

    name: str = "histopathology"
    title: str = "Histopathology"
    subject: str = "tissue images"
    likelihood: str = "logistic"

    @property
    def hint(self) -> str:
        """Which file to put where."""
        return by_hand_hint(self.name, FILE, "the VampPrior authors' code (datasets/HistopathologyGray)")

    def files(self, root: Path) -> tuple[Path, ...]:
        """The one pickle."""
        return (root / "histopathology" / FILE,)

    def read(self, root: Path) -> Dataset:
        """The three splits, grey."""
        (path,) = self.files(root)
        hint = self.hint
        require(self.name, root, (path,), hint)
        content = unpickled_arrays(path, read_bytes(path, hint), hint)
        if not isinstance(content, dict) or not set(PARTS) <= set(content):
            raise DataError(f"{path} does not hold {', '.join(PARTS)}; {hint}")
        train, validation, test = (make_split(_images(path, part, content[part], hint), None, LEVELS) for part in PARTS)
        return Dataset(self.name, train, validation, test, (), "logistic", (0.4, 0.05))


def _images(path: Path, part: str, found: object, hint: str) -> UInt8[np.ndarray, "N 1 28 28"]:
    """Bytes as they are, or shares from 0 to 1 as the nearest of 256 levels."""
    try:
        array = np.array(found)
    except ValueError as error:  # images of different sizes
        raise DataError(f"{path}: {part} does not hold images of one size; {hint}") from error
    if array.ndim == 0 or array.size == 0 or array.shape[1:] not in ((SIDE, SIDE), (SIDE * SIDE,)):
        raise DataError(f"{path}: {part} is {array.shape}, not images of {SIDE} x {SIDE}; {hint}")
    if array.dtype != np.uint8:
        if array.dtype.kind != "f" or not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
            raise DataError(f"{path}: {part} is {array.dtype} and neither bytes nor from 0 to 1; {hint}")
        array = np.rint(array.astype(np.float64) * LEVELS).astype(np.uint8)
    return array.reshape(len(array), 1, SIDE, SIDE)
