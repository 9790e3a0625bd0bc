"""USPS: grey 16 x 16 digits of envelopes, in the text files that torchvision leaves.

Reference:
    Hull, A database for handwritten text recognition research, IEEE PAMI 16(5), 1994.
"""

import bz2
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from vampcore.datasets.digit_files import LEVELS, DigitFiles
from vampcore.datasets.errors import DataError
from vampcore.datasets.fetching import Remote

SIDE = 16
BASES = ("https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass",)
REMOTES = (
    Remote("usps.bz2", BASES, 6579383, None, "ec16c51db3855ca6c91edd34d0e9b197"),
    Remote("usps.t.bz2", BASES, 1831726, None, "8ea070ee2aca1ac39742fdd1ef5ed118"),
)


def parse(
    path: Path, content: bytes, rows: int, hint: str
) -> tuple[UInt8[np.ndarray, "N 1 16 16"], Int64[np.ndarray, " N"]]:
    """Images and classes of a text file, a line `class 1:value 2:value ...` for each image, with values from -1 to 1.

    Raises:
        DataError: If it holds anything else.
    """
    try:
        lines = [line.split() for line in bz2.decompress(content).decode("ascii").splitlines()]
        labels = np.array([int(line[0]) - 1 for line in lines], dtype=np.int64)
        values = np.array([[float(cell.partition(":")[2]) for cell in line[1:]] for line in lines])
    except (OSError, EOFError, ValueError, LookupError) as error:
        raise DataError(f"{path} is not a table of images ({error!s:.80}); {hint}") from error
    if (
        values.shape != (rows, SIDE * SIDE)
        or not (np.abs(values) <= 1).all()
        or not ((labels >= 0) & (labels < 10)).all()
    ):
        raise DataError(f"{path} does not hold {rows} images of {SIDE} x {SIDE} from -1 to 1; {hint}")
    grey = np.rint((values + 1) / 2 * LEVELS).astype(np.uint8)
    return grey.reshape(rows, 1, SIDE, SIDE), labels


# 6,562 / 729 / 2,007 images.
USPS = DigitFiles("usps", parse, (7291, 2007), 729, REMOTES, title="USPS", subject="handwritten digits")
