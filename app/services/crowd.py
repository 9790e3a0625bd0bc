"""Test sets of more points than a browser draws well: counted in cells, exact where few enough are in view."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.services.densities import Window, window
from app.services.latent_space import components_of_images, latents, points
from app.services.loading import Ref
from app.services.memory import kept
from app.services.outlines import Outline, inside

MOST_POINTS = 20_000
"""As many points are drawn one by one; of more, a picture of counts is drawn."""

CELLS = 256
"""Cells along the longer side of what is in view."""

FURTHEST = 3.0
"""The first picture reaches at most so many of its windows to each side, however far single points lie."""


@dataclass(frozen=True)
class Cells:
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


def is_crowd(ref: Ref) -> bool:
    """Whether the test set has more points than are drawn one by one."""
    return len(latents(ref).ids) > MOST_POINTS


def rows_in(ref: Ref, view: Window, means: bool = False) -> NDArray[np.int64]:
    """The rows of the test images whose points lie in a window."""
    placed = points(ref, means)
    x, y = placed[:, 0], placed[:, 1]
    return np.flatnonzero((x >= view.left) & (x < view.right) & (y >= view.bottom) & (y < view.top))


@kept(16)
def rows_inside(ref: Ref, outlines: tuple[Outline, ...], means: bool = False) -> NDArray[np.int64]:
    """The rows of the test images whose points lie inside at least one of some outlines, exactly."""
    placed = points(ref, means)
    found = [inside(placed, outline) for outline in outlines]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def window_of(ref: Ref, rows: NDArray[np.int64], means: bool = False) -> Window:
    """A part of the plane that holds the points of some test images, with a rim; a thousandth of the plane at least."""
    whole, placed = window((ref,)), points(ref, means)[rows].astype(np.float64)
    low, high = placed.min(0), placed.max(0)
    rim = np.maximum(0.05 * (high - low), (whole.right - whole.left) / 2000)
    return Window(float(low[0] - rim[0]), float(high[0] + rim[0]), float(low[1] - rim[1]), float(high[1] + rim[1]))


def drawn_window(ref: Ref, view: Window | None, means: bool = False) -> Window:
    """What a picture of the points in view covers: half a view more on each side, to move into before it is redrawn.

    Arguments:
        ref: The checkpoint.
        view: What is in view; the whole plane if None: then all points, unless single ones lie too far out.
        means: Posterior means in place of samples.
    """
    if view is not None:
        across, up = (view.right - view.left) / 2, (view.top - view.bottom) / 2
        return Window(view.left - across, view.right + across, view.bottom - up, view.top + up)
    whole = window((ref,))
    side = whole.right - whole.left
    low, high = points(ref, means).min(0), points(ref, means).max(0)
    # A thousandth of the side keeps the outermost points off the upper edges, which count as outside.
    rim, most = side / 1000, FURTHEST * side
    return Window(
        max(whole.left - most, min(whole.left, float(low[0]) - rim)),
        min(whole.right + most, max(whole.right, float(high[0]) + rim)),
        max(whole.bottom - most, min(whole.bottom, float(low[1]) - rim)),
        min(whole.top + most, max(whole.top, float(high[1]) + rim)),
    )


def count_cells(
    ref: Ref, drawn: Window, cell: float, colour: str, means: bool = False, rows: NDArray[np.int64] | None = None
) -> Cells:
    """The points of a window counted in square cells.

    Arguments:
        ref: The checkpoint.
        drawn: The window; its right and upper edges may move out by less than a cell.
        cell: Side of a cell, in the units of the plane.
        colour: "class", "component" or "ELBO": what is told of each cell beside the count.
        means: Posterior means in place of samples.
        rows: Only these test images; all if None.
    """
    placed = points(ref, means)
    chosen = slice(None) if rows is None else rows
    if colour == "ELBO":
        return tally(placed[chosen], drawn, cell, value=latents(ref).elbo[chosen])
    known = latents(ref).labels if colour == "class" else components_of_images(ref).component
    return tally(placed[chosen], drawn, cell, category=known[chosen])


def tally(
    placed: NDArray[np.float32],
    drawn: Window,
    cell: float,
    *,
    category: NDArray[np.signedinteger] | None = None,
    value: NDArray[np.float32] | None = None,
) -> Cells:
    """Points counted in square cells, with the leading category or the mean value of each cell.

    Arguments:
        placed: Places, `(N, 2)`.
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
    return Cells(
        covered,
        count.reshape(shape),
        leading.reshape(shape),
        leading_count.reshape(shape),
        None if mean is None else mean.reshape(shape),
    )


@kept(64)
def elbo_ends(ref: Ref) -> tuple[float, float]:
    """The 2nd and 98th percentile of all images' ELBO, in nats: the ends of their colours, however few are in view."""
    low, high = np.nanpercentile(latents(ref).elbo.astype(np.float64), [2, 98])
    return float(low), float(max(high, low + 1e-6))
