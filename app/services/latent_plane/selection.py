"""Which test images are selected on the plane: nearest to a point, in a window, inside drawn outlines, exactly."""

import numpy as np
from numpy.typing import NDArray

from app.records import Window
from app.services.latent_plane.encoding import Floats, chunks, latents, points
from app.services.loading import Ref
from app.services.memory import cached

Outline = tuple[tuple[float, float], ...]
"""The corners of a closed outline, in the units of the plane; the last is joined to the first."""

Outlines = tuple[Outline, ...]


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


def rows_in(ref: Ref, view: Window, means: bool = False) -> NDArray[np.int64]:
    """The rows of the test images whose points lie in a window."""
    placed = points(ref, means)
    x, y = placed[:, 0], placed[:, 1]
    return np.flatnonzero((x >= view.left) & (x < view.right) & (y >= view.bottom) & (y < view.top))


@cached(16)
def rows_inside(ref: Ref, outlines: Outlines, means: bool = False) -> NDArray[np.int64]:
    """The rows of the test images whose points lie inside at least one of some outlines, exactly."""
    placed = points(ref, means)
    found = [inside(placed, outline) for outline in outlines]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def nearest(ref: Ref, z: Floats, count: int, means: bool = True) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows of the test images nearest to a point of the whole latent space, nearest first, and their distances.

    Arguments:
        ref: The checkpoint.
        z: The point, `(D,)`.
        count: How many.
        means: Measure from the posterior means; else from the samples.
    """
    known, centre = latents(ref), np.asarray(z, np.float64)
    source = known.mean if means else known.sample
    squared = np.empty(len(source))
    for rows in chunks(*source.shape):
        squared[rows] = np.square(source[rows] - centre).sum(1)
    return _smallest(np.sqrt(squared), count)


def nearest_on_plane(
    ref: Ref, place: tuple[float, float], count: int, means: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows of the test images whose points lie nearest to a point of the plane, nearest first, and how far."""
    return _smallest(_from_place(ref, place, means), count)


def within(ref: Ref, place: tuple[float, float], radius: float, means: bool = False) -> NDArray[np.int64]:
    """The rows of the test images whose points lie at most `radius` from a point of the plane."""
    return np.flatnonzero(_from_place(ref, place, means) <= radius)


@cached(4)
def _from_place(ref: Ref, place: tuple[float, float], means: bool) -> NDArray[np.float64]:
    """How far the point of every test image lies from a point of the plane, on the plane.

    Kept, since a click asks for the nearest images and for those within a radius.
    """
    return np.linalg.norm(points(ref, means) - np.array(place, np.float64), axis=1)


def _smallest(distances: NDArray[np.float64], count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Where the smallest distances are, smallest first, of equal ones the first; and these distances."""
    near = np.arange(len(distances))
    if count < len(near):
        near = np.flatnonzero(distances <= np.partition(distances, count - 1)[count - 1])
    rows = near[np.argsort(distances[near], kind="stable")[:count]]
    return rows, distances[rows]
