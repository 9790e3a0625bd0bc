"""What each prior scores each test image: the easiest images and the hardest, and two priors side by side."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.services.compare import same_images
from app.services.loading import Ref
from app.services.memory import cached

# Points of a chart of two priors.
MOST_POINTS = 2000


@dataclass(frozen=True)
class Extremes:
    """Rows of the images with the highest and with the lowest score, most extreme first."""

    highest: NDArray[np.int64]
    lowest: NDArray[np.int64]


def extremes(values: NDArray[np.float64], count: int) -> Extremes:
    """The images at both ends of some scores; no image is at both.

    Arguments:
        values: A score for each image, NaN where there is none.
        count: Images at each end; fewer where there are few.
    """
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    most = min(count, len(order) // 2)
    return Extremes(order[::-1][:most], order[:most])


def scattered(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows of the images that both have a score of, at most `MOST_POINTS` of them, evenly spaced."""
    known = np.flatnonzero(np.isfinite(one) & np.isfinite(other))
    if len(known) <= MOST_POINTS:
        return known
    return known[np.linspace(0, len(known) - 1, MOST_POINTS).round().astype(np.int64)]


def nearest_image(
    one: NDArray[np.float64], other: NDArray[np.float64], rows: NDArray[np.int64], x: float, y: float
) -> int:
    """The row, of some, whose two scores are nearest to a place of the chart."""
    return int(rows[np.argmin((one[rows] - x) ** 2 + (other[rows] - y) ** 2)])


@cached(64)
def tested_alike(refs: tuple[Ref, ...], first: Ref) -> tuple[Ref, ...]:
    """The checkpoints that keep the latents of the same test images as `first`."""
    return tuple(ref for ref in refs if ref == first or same_images((first, ref)))
