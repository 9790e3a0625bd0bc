"""What a figure of the plane covers, and whether its points are drawn one by one."""

import numpy as np
from numpy.typing import NDArray

from app.records import Window
from app.services.densities import window
from app.services.latent_plane.encoding import latents, points
from app.services.loading import Ref

MOST_POINTS = 20_000
"""As many points are drawn one by one; of more, a picture of counts is drawn."""

FURTHEST = 3.0
"""The first picture reaches at most so many of its windows to each side, however far single points lie."""


def is_binned(ref: Ref) -> bool:
    """Whether the test set has more points than are drawn one by one."""
    return len(latents(ref).ids) > MOST_POINTS


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
