"""SVHN: colour 32 x 32 house numbers, in the MATLAB files that torchvision leaves.

Reference:
    Netzer et al., Reading digits in natural images with unsupervised feature learning, NIPS workshop, 2011.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from vampcore.datasets.digit_files import DigitFiles
from vampcore.datasets.errors import DataError
from vampcore.datasets.fetching import Remote
from vampcore.datasets.files import check_array, parse_mat

SIDE = 32
BASES = ("http://ufldl.stanford.edu/housenumbers",)
REMOTES = (
    Remote("train_32x32.mat", BASES, 182040794, None, "e26dedcc434d2e4c54c9b2d4a06d8373"),
    Remote("test_32x32.mat", BASES, 64275384, None, "eb5a983be6a315427106f1b164d9cef3"),
)


def parse(
    path: Path, content: bytes, rows: int, hint: str
) -> tuple[UInt8[np.ndarray, "N 3 32 32"], Int64[np.ndarray, " N"]]:
    """Images and classes of a MATLAB file.

    Raises:
        DataError: If it holds anything else.
    """
    images, labels = parse_mat(path, content, ("X", "y"), hint)
    check_array(path, "X", images, (SIDE, SIDE, 3, rows), hint)
    check_array(path, "y", labels, (rows, 1), hint)
    if labels.min() < 1 or labels.max() > 10:
        raise DataError(f"{path} has classes from {labels.min()} to {labels.max()}; {hint}")
    # The digit 0 is class 10 in the file.
    return np.ascontiguousarray(images.transpose(3, 2, 0, 1)), labels[:, 0].astype(np.int64) % 10


# 65,931 / 7,326 / 26,032 images.
SVHN = DigitFiles("svhn", parse, (73257, 26032), 7326, REMOTES, title="SVHN", subject="house numbers")
