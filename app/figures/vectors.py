"""Vectors as bars: where an observation has one channel and one row, its values are no picture."""

from collections.abc import Sequence

import numpy as np

from app.figures.theme import COMPARED, Theme, rgb

FEW, SOME = 32, 128
"""Values up to which a bar is three pixels wide and one apart, and up to which it is one pixel wide and one apart."""
HIGHEST = 96
"""Pixels of the height of bars, at most."""


def is_vector(shape: Sequence[int]) -> bool:
    """Whether observations of a shape, (C, H, W), are vectors."""
    return tuple(shape[:2]) == (1, 1)


def step(values: int) -> int:
    """Pixels from one bar to the next."""
    return 4 if values <= FEW else 2 if values <= SOME else 1


def height(values: int) -> int:
    """Pixels of the height of bars, three quarters of their width within limits."""
    return min(HIGHEST, max(24, 3 * step(values) * values // 4))


def aspect(shape: Sequence[int]) -> float:
    """Height over width of what is drawn of an observation of a shape, (C, H, W)."""
    if not is_vector(shape):
        return shape[1] / shape[2]
    return height(shape[2]) / (step(shape[2]) * shape[2])


def pixel_of(shape: Sequence[int], pixel: int) -> int:
    """The enlargement of what is drawn, given that of a pixel of an observation."""
    return max(1, pixel // step(shape[2])) if is_vector(shape) else pixel


def bars(vectors: np.ndarray, mode: Theme, mean: Sequence[float] | None = None) -> np.ndarray:
    """A bar for each value, from 0 at the bottom to 255 at the top, and an amber line at the mean of the data.

    Arguments:
        vectors: Bytes, [n, 1, 1, W].
        mode: The theme.
        mean: Of each value over the data, 0 to 255; no lines if None.

    Returns:
        Bytes of [n, 3, height, width], coloured.
    """
    count, values = len(vectors), vectors.shape[-1]
    wide, tall = step(values), height(values)
    pictures = np.empty((count, tall, values, wide, 3), np.uint8)
    pictures[:] = rgb(mode.paper)
    top = tall - np.rint(vectors.reshape(count, 1, values, 1) / 255 * tall)
    filled = np.arange(tall)[:, None, None] >= top
    inside = np.arange(wide) < max(1, wide - 1)
    pictures[filled & inside] = rgb(mode.muted)
    if mean is not None:
        line = np.clip(tall - 1 - np.rint(np.asarray(mean, float) / 255 * (tall - 1)).astype(int), 0, tall - 1)
        pictures[:, line, np.arange(values)] = rgb(COMPARED)
    return pictures.reshape(count, tall, values * wide, 3).transpose(0, 3, 1, 2)
