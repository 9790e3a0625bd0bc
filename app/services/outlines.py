"""Which points lie inside a drawn outline, exactly."""

import numpy as np
from numpy.typing import NDArray

Outline = tuple[tuple[float, float], ...]
"""The corners of a closed outline, in the units of the plane; the last is joined to the first."""


def inside(points: NDArray[np.float32], outline: Outline) -> NDArray[np.int64]:
    """Rows of the points that lie inside an outline: those whose ray to the right crosses it an odd number of times.

    An edge counts for points from its lower end up to, not including, its upper one, so that no ray meets a corner
    twice. The points are sorted by height once; each edge then looks only at those beside it.

    Arguments:
        points: Places, `(N, 2)`.
        outline: Three corners or more; fewer hold nothing.
    """
    if len(outline) < 3:
        return np.zeros(0, np.int64)
    corners = np.array(outline, np.float64)
    (left, bottom), (right, top) = corners.min(0), corners.max(0)
    x, y = points[:, 0], points[:, 1]
    near = np.flatnonzero((x >= left) & (x <= right) & (y >= bottom) & (y <= top))
    near = near[np.argsort(y[near], kind="stable")]
    x, y = x[near].astype(np.float64), y[near].astype(np.float64)
    odd = np.zeros(len(near), bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        beside = slice(*np.searchsorted(y, (min(y0, y1), max(y0, y1))))
        odd[beside] ^= x[beside] < x0 + (y[beside] - y0) * ((x1 - x0) / (y1 - y0))
    return np.sort(near[odd])
