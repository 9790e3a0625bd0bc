"""Pictures as PNG files, fast: the pages encode one or more for every control that moves.

Images are shown with each pixel enlarged to a square, so most rows of a picture repeat the row above. Written as the
difference from it (filter 2 of the format), those rows are zeros, and a quick compressor makes a file hardly larger
than a slow one does without the filter. Intel's (ISA-L, on any processor) takes a sixth of the time of zlib's quickest
setting, and a tenth to a quarter more room. An encoder that looks for the best filter of each row takes far longer.

Reference:
    https://www.w3.org/TR/png-3/
"""

import struct
import zlib

import numpy as np
from isal import isal_zlib

UP = 2
"""The filter: each byte minus the one above it."""

QUICK, SMALL = 1, 6
"""Settings of ISA-L, for enlarged images, and of zlib, for all other pictures."""

COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""What PNG calls grey, grey with opacity, colour, and colour with opacity, by their channels."""


def png_bytes(picture: np.ndarray, pixel: int = 1) -> bytes:
    """[height, width, 3 or 4] bytes as PNG, on one machine the same file for the same picture.

    Arguments:
        picture: Red, green, blue and perhaps opacity; channels that say nothing are left out of the file.
        pixel: Each pixel becomes a square of so many.
    """
    kept = _fewest_channels(picture)
    height, width, channels = kept.shape
    rows = kept.copy()
    rows[1:] -= kept[:-1]
    filtered = np.zeros((height, pixel, 1 + pixel * width * channels), np.uint8)
    filtered[:, :, 0] = UP
    filtered[:, 0, 1:] = np.repeat(rows, pixel, axis=1).reshape(height, -1)
    header = struct.pack(">IIBBBBB", width * pixel, height * pixel, 8, COLOUR_TYPES[channels], 0, 0, 0)
    data = isal_zlib.compress(filtered.data, QUICK) if pixel > 1 else zlib.compress(filtered.data, SMALL)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _fewest_channels(picture: np.ndarray) -> np.ndarray:
    """The picture without an opacity that is full everywhere, and with one channel where all colours are greys."""
    opaque = picture.shape[2] == 3 or bool((picture[..., 3] == 255).all())
    grey = bool((picture[..., 0] == picture[..., 1]).all() and (picture[..., 1] == picture[..., 2]).all())
    channels = ([0] if grey else [0, 1, 2]) + ([] if opaque else [3])
    return np.ascontiguousarray(picture[..., channels])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
