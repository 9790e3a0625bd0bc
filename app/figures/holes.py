"""Where the prior and the aggregated posterior disagree: places the prior proposes and no image comes from."""

import numpy as np

from app.figures.density import contour
from app.figures.drawing import Drawing
from app.figures.plane import framed
from app.figures.theme import COMPARED, Theme, laid_out, legend_entry, rgb, with_alpha
from app.figures.tiles import add_picture
from app.records import MASSES, Density, Window

FINE = 6
"""Pixels of the hole's picture for each step of the grid."""

STRIPE = 14
"""Distance of the hatching's lines in those pixels."""


def hole_margin(prior: Density, aggregate: Density) -> np.ndarray:
    """How far inside a hole each place of the grid is, in nats; a hole is where it is at least 0.

    A hole is inside the prior's 95 % region and outside the aggregated posterior's 99 % region.

    Returns:
        [H, W], float64.

    Raises:
        ValueError: If the two grids differ.
    """
    if not (np.array_equal(prior.x, aggregate.x) and np.array_equal(prior.y, aggregate.y)):
        raise ValueError("prior and aggregated posterior have to lie on the same grid")
    inside_prior = np.asarray(prior.log_density, np.float64) - prior.levels[MASSES.index(0.95)]
    outside_data = aggregate.levels[MASSES.index(0.99)] - np.asarray(aggregate.log_density, np.float64)
    return np.minimum(inside_prior, outside_data)


def finer(value: np.ndarray, factor: int) -> np.ndarray:
    """Values between the places of a grid, bilinear: [H, W] to [(H - 1) * factor + 1, (W - 1) * factor + 1]."""
    finite = np.clip(value, -1e6, 1e6)
    for axis in (0, 1):
        count = finite.shape[axis]
        place = np.arange((count - 1) * factor + 1) / factor
        low = np.minimum(np.floor(place).astype(int), count - 2)
        share = (place - low).reshape((-1, 1) if axis == 0 else (1, -1))
        finite = (1 - share) * np.take(finite, low, axis) + share * np.take(finite, low + 1, axis)
    return finite


def hatched(margin: np.ndarray) -> np.ndarray:
    """A picture of the holes, [height, width, 4] bytes, top row first: amber, and hatched to read in grey."""
    mask = finer(margin, FINE)[::-1] >= 0
    row, column = np.indices(mask.shape)
    stripes = (row + column) % STRIPE < 3
    picture = np.zeros((*mask.shape, 4), np.uint8)
    picture[mask] = (*rgb(COMPARED), 70)
    picture[mask & stripes] = (*rgb(COMPARED), 255)
    return picture


def holes(
    mode: Theme,
    window: Window,
    prior_density: Density,
    aggregate: Density,
    *,
    alt: str,
    prior: str | None = None,
    title: str = "",
    axes: tuple[str, str] = ("latent dimension 1", "latent dimension 2"),
    height: int = 520,
) -> Drawing:
    """Holes as a hatched region, with the lines that make them: the prior's 95 % (solid), the data's 99 % (dotted).

    Arguments:
        mode: The theme.
        window: The part of the plane shown at first.
        prior_density: The prior on a grid.
        aggregate: The aggregated posterior on the same grid.
        alt: What the picture shows; say the prior's mass in the holes.
        prior: The prior's key: its colour frames the plane.
        title: Written above the plane.
        axes: Titles of the axes.
        height: Pixels.
    """
    figure = Drawing()
    laid_out(figure, mode, x=axes[0], y=axes[1], alt=alt, height=height)
    margin = hole_margin(prior_density, aggregate)
    x, y = prior_density.x, prior_density.y
    add_picture(figure, hatched(margin), float(x[0]), float(x[-1]), float(y[-1]), float(y[0]))
    figure.add(contour(aggregate, mode, name="aggregated posterior", masses=(0.99,), width=2, dash="dot"))
    figure.add(contour(prior_density, mode, name="prior", masses=(0.95,), width=2))
    # Contours and pictures have no entry in the legend; these draw nothing but their entry.
    line = {"color": mode.ink, "width": 2}
    figure.add(legend_entry("prior, 95 %", mode="lines", line=line))
    figure.add(legend_entry("data, 99 %", mode="lines", line=line | {"dash": "dot"}))
    if (margin >= 0).any():
        square = {"symbol": "square", "size": 14, "color": with_alpha(COMPARED, 0.5)}
        marker = square | {"line": {"width": 2, "color": COMPARED}}
        figure.add(legend_entry("hole", mode="markers", marker=marker))
    framed(figure, mode, window, prior=prior, title=title)
    figure.update(legend={"y": -0.14, "yanchor": "top", "itemclick": False, "itemdoubleclick": False})
    return figure
