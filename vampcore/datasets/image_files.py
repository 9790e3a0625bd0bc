"""Image files: one after the other brought to a size, many of them in parallel."""

import os
import struct
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from vampcore.datasets.errors import DataError

ENDINGS = frozenset(
    (
        ".avif",
        ".bmp",
        ".gif",
        ".jfif",
        ".jp2",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".png",
        ".ppm",
        ".tif",
        ".tiff",
        ".webp",
    )
)
# What Pillow raises for a damaged or hostile file (found by flipping and cutting bytes).
_BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    Image.DecompressionBombError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_AT_ONCE = 64
_MOST_NAMED = 10
CHANNELS = {"grey": 1, "rgb": 3}


@dataclass(frozen=True)
class Form:
    """What every image is brought to.

    Attributes:
        size: Height and width.
        colour: `grey` or `rgb`.
        fit: `crop`, `pad` or `stretch`.
    """

    size: tuple[int, int]
    colour: str = "grey"
    fit: str = "crop"


class Images(NamedTuple):
    """The images of a list of files, and the files that are none: their rows, and what is wrong with each."""

    pixels: UInt8[np.ndarray, "N C H W"]
    bad: dict[int, str]


def read_images(files: list[str], form: Form, progress: Callable[[int, int], None] | None = None) -> Images:
    """Read many files, in as many threads as there are cores.

    Arguments:
        files: Image files.
        form: What every image is brought to.
        progress: Called with the files read and their number.
    """
    shape = (len(files), CHANNELS[form.colour], *form.size)
    pixels = np.zeros(shape, dtype=np.uint8)
    bad: dict[int, str] = {}

    def read(start: int) -> int:
        for row in range(start, min(start + _AT_ONCE, len(files))):
            try:
                pixels[row] = _pixels(files[row], form)
            except _Unusable as error:
                bad[row] = str(error)
        return min(start + _AT_ONCE, len(files))

    with warnings.catch_warnings():  # Pillow warns of odd files that it reads well
        warnings.simplefilter("ignore")
        pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1))
        try:
            for done in pool.map(read, range(0, len(files), _AT_ONCE)):
                if progress is not None:
                    progress(done, len(files))
        finally:
            pool.shutdown(cancel_futures=True)
    return Images(pixels, dict(sorted(bad.items())))


def bad_files(bad: list[str]) -> str:
    """What is wrong with some files, in one line: the first ten of them, then a count."""
    more = f"; and {len(bad) - _MOST_NAMED:,} more" if len(bad) > _MOST_NAMED else ""
    return "; ".join(bad[:_MOST_NAMED]) + more


def read_image(path: Path, form: Form) -> UInt8[np.ndarray, "C H W"]:
    """An image file as bytes, turned as its camera says and laid on white where it is transparent.

    Raises:
        DataError: If it cannot be read, or has more than 16 bits a pixel and channel.
    """
    try:
        with warnings.catch_warnings():  # as in `read_images`
            warnings.simplefilter("ignore")
            return _pixels(path, form)
    except _Unusable as error:
        raise DataError(f"{path} {error}") from error


def image_size(path: Path, formats: tuple[str, ...]) -> tuple[int, int]:
    """Width and height that the head of an image file gives; nothing is decoded.

    Raises:
        DataError: If it is no such image.
    """
    try:
        with warnings.catch_warnings():  # of sizes that are for the caller to judge
            warnings.simplefilter("ignore")
            with Image.open(path, formats=formats) as file:
                return file.size
    except _BROKEN as error:
        raise DataError(f"{path.name} is not an image of the formats {', '.join(formats)}") from error


class _Unusable(Exception):
    """What is wrong with a file, to follow its name."""


def _pixels(path: str | Path, form: Form) -> UInt8[np.ndarray, "C H W"]:
    try:
        with Image.open(path) as file:
            image = _coloured(ImageOps.exif_transpose(file), form.colour)
        fitted = _fitted(image, form)
    except UnidentifiedImageError as error:
        raise _Unusable("is not an image") from error
    except _BROKEN as error:
        raise _Unusable(f"cannot be read ({' '.join(str(error).split()):.120})") from error
    array = np.asarray(fitted, dtype=np.uint8)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def _fitted(image: Image.Image, form: Form) -> Image.Image:
    size = form.size[1], form.size[0]
    if form.fit == "pad":
        return ImageOps.pad(image, size, Image.Resampling.LANCZOS)
    if form.fit == "stretch":
        return image.resize(size, Image.Resampling.LANCZOS)
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def _coloured(image: Image.Image, colour: str) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Pillow would cut 16 bits off at 255 instead of scaling them.
        image = Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise _Unusable("has 32 bits a pixel: save it with 8")
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return image.convert("L" if colour == "grey" else "RGB")
