"""Binned points: how many lie in each cell of a grid, with the leading class or component or the mean of a value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.records import Window
from app.services.latent_plane.encoding import components_of_images, latents, points
from app.services.loading import Ref

BINS = 256
"""Bins along the longer side of what is in view."""


@dataclass(frozen=True)
class Bins:
    """How many points lie in each cell of a regular grid, and what they are.

    Attributes:
        window: What the grid covers; row 0 lies at its bottom.
        count: Points, `(rows, columns)`.
        leading: The class or component most frequent in each cell, the lowest of equals; 0 where there is none.
        leading_count: How many points it has there.
        mean: The mean of a value over the points of each cell, 0 where there is none; None where classes or components
            are counted, as these are then zeros where a value is.
    """

    window: Window
    count: NDArray[np.int64]
    leading: NDArray[np.int64]
    leading_count: NDArray[np.int64]
    mean: NDArray[np.float64] | None

    @property
    def total(self) -> int:
        """All points in the grid."""
        return int(self.count.sum())

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of a cell."""
        rows, columns = self.count.shape
        return (self.window.right - self.window.left) / columns, (self.window.top - self.window.bottom) / rows


def bin_images(
    ref: Ref, drawn: Window, cell: float, colour: str, means: bool = False, rows: NDArray[np.int64] | None = None
) -> Bins:
    """Count the points of a window in square cells.

    Arguments:
        ref: The checkpoint.
        drawn: The window; its right and upper edges may move out by less than a cell.
        cell: Side of a cell, in the units of the plane.
        colour: "class", "component" or "ELBO": what is known of each cell beside the count.
        means: Posterior means in place of samples.
        rows: Only these test images; all if None.
    """
    placed = points(ref, means)
    chosen = slice(None) if rows is None else rows
    if colour == "ELBO":
        return bin_points(placed[chosen], drawn, cell, value=latents(ref).elbo[chosen])
    known = latents(ref).labels if colour == "class" else components_of_images(ref).component
    return bin_points(placed[chosen], drawn, cell, category=known[chosen])


def bin_points(
    placed: NDArray[np.float32],
    drawn: Window,
    cell: float,
    *,
    category: NDArray[np.signedinteger] | None = None,
    value: NDArray[np.float32] | None = None,
) -> Bins:
    """Count points in square cells, with the leading category or the mean value of each cell.

    Arguments:
        placed: Points, `(N, 2)`.
        drawn: Window of the grid.
        cell: Side of a cell.
        category: What kind each point is of, from 0, `(N,)`.
        value: A number for each point, `(N,)`.
    """
    columns = max(1, int(np.ceil((drawn.right - drawn.left) / cell - 1e-6)))
    rows = max(1, int(np.ceil((drawn.top - drawn.bottom) / cell - 1e-6)))
    column = np.floor((placed[:, 0].astype(np.float64) - drawn.left) / cell)
    row = np.floor((placed[:, 1].astype(np.float64) - drawn.bottom) / cell)
    seen = np.flatnonzero((column >= 0) & (column < columns) & (row >= 0) & (row < rows))
    index = row[seen].astype(np.int64) * columns + column[seen].astype(np.int64)
    count = np.bincount(index, minlength=rows * columns)
    leading, leading_count, mean = np.zeros_like(count), np.zeros_like(count), None
    if value is not None:
        mean = np.bincount(index, value[seen], rows * columns) / np.maximum(count, 1)
    if category is not None and len(seen):
        kinds = int(category.max()) + 1
        # Sorted pairs of cell and kind: a table of all pairs would not fit for thousands of components.
        pair, together = np.unique(index * kinds + category[seen], return_counts=True)
        # Stable, and by falling count within a cell: the first of each cell leads it.
        order = np.lexsort((-together, pair // kinds))
        first = order[np.unique(pair[order] // kinds, return_index=True)[1]]
        leading[pair[first] // kinds], leading_count[pair[first] // kinds] = pair[first] % kinds, together[first]
    shape = (rows, columns)
    covered = Window(drawn.left, drawn.left + columns * cell, drawn.bottom, drawn.bottom + rows * cell)
    return Bins(
        covered,
        count.reshape(shape),
        leading.reshape(shape),
        leading_count.reshape(shape),
        None if mean is None else mean.reshape(shape),
    )
