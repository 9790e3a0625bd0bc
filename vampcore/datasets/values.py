"""Values of a user's pixels as bytes, or what to do about them."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import UInt8

from vampcore.datasets.errors import DataError

# How far rounding and interpolation carry a value beyond 0 or 1: less than half a grey level.
TOLERANCE = 1e-3


class Values:
    """Turns arrays of one dtype into bytes, piece by piece, and then says whether their values were sound.

    Bytes and booleans are taken as they are, other integers if they are from 0 to 255, floats if they are from 0 to 1
    (rounded to 256 levels).

    Arguments:
        where: Names the array, for messages.
        dtype: Of its values.
        key: What the array is called in the code that a message proposes.

    Raises:
        DataError: If values of that type are no pixels.
    """

    def __init__(self, where: str, dtype: "np.dtype[Any]", key: str) -> None:
        if dtype.kind not in "buif" or dtype.itemsize > 8:
            raise DataError(f"{where} is {dtype!s:.60}; save uint8, or floats from 0 to 1")
        self.where, self.kind, self.key = where, dtype.kind, key
        self.low, self.high, self.finite = np.inf, -np.inf, True

    def as_bytes(self, piece: np.ndarray) -> UInt8[np.ndarray, "..."]:
        """A piece as bytes; worth something only if `check` passes in the end."""
        if piece.dtype in (np.bool_, np.uint8):
            return piece.astype(np.uint8, copy=False)
        if piece.size == 0:
            return piece.astype(np.uint8)
        if self.kind == "f":
            piece = piece.astype(np.float64)
            self.finite = self.finite and bool(np.isfinite(piece).all())
            if not self.finite:
                return np.zeros(piece.shape, np.uint8)
        self.low, self.high = min(self.low, float(piece.min())), max(self.high, float(piece.max()))
        if self.kind == "f":
            return np.rint(piece.clip(0, 1) * 255).astype(np.uint8)
        return piece.clip(0, 255).astype(np.uint8)

    def check(self) -> None:
        """Refuse values that are no pixels.

        Raises:
            DataError: With the rescaling that helps.
        """
        if not self.finite:
            raise DataError(f"{self.where} holds NaN or infinite values; replace them by numbers from 0 to 1")
        found = f"{self.where} holds values from {self.low:g} to {self.high:g}"
        if self.kind in "iu" and (self.low < 0 or self.high > 255):
            raise DataError(f"{found}; save {_integers_rescaled(self.key, self.low, self.high)}")
        if self.kind == "f" and (self.low < -TOLERANCE or self.high > 1 + TOLERANCE):
            raise DataError(
                f"{found}; floats must be from 0 to 1: save {_floats_rescaled(self.key, self.low, self.high)}"
            )


def bytes_of(pieces: Iterable[np.ndarray], values: Values, shape: tuple[int, ...]) -> UInt8[np.ndarray, "..."]:
    """All pieces of an array as bytes.

    Raises:
        DataError: If its values are no pixels.
    """
    out = np.empty(shape, dtype=np.uint8)
    start = 0
    for piece in pieces:
        out[start : start + len(piece)] = values.as_bytes(piece)
        start += len(piece)
    values.check()
    return out


def _integers_rescaled(key: str, low: float, high: float) -> str:
    if low >= 0 and 4095 < high <= 65535:
        return f"({key} // 257).astype('uint8')"
    if low >= 0:
        return f"({key} * (255 / {high:g})).astype('uint8')"
    return f"(({key} - {low:g}) * (255 / {high - low:g})).astype('uint8')"


def _floats_rescaled(key: str, low: float, high: float) -> str:
    if low >= -1 - TOLERANCE and high <= 1 + TOLERANCE:
        return f"({key} + 1) / 2"
    if low >= -TOLERANCE:
        return f"{key} / {255 if 100 < high <= 255.5 else f'{high:g}'}"
    return f"({key} - {low:g}) / {high - low:g}"
