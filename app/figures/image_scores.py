"""Scores of single images: their distribution under each prior, and those of two priors against each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.figures.drawing import Drawing
from app.figures.points import narrow
from app.figures.theme import Theme, laid_out, prior_colour, prior_symbol

BINS = 40
# Share of the images that may lie outside the axis, at its lower end: a few hard images would squeeze all others.
LEFT_OUT = 0.005
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
IMAGES = "test images"


@dataclass(frozen=True)
class ScoresOfPrior:
    """What one prior scores the test images.

    Attributes:
        name: What the legend says.
        prior: The prior's key, for the colour.
        values: A score for each image, NaN where there is none, [N].
    """

    name: str
    prior: str
    values: np.ndarray


def bin_edges(values: np.ndarray) -> np.ndarray:
    """The edges of `BINS` equal bins of scores, [BINS + 1]: from a low quantile, so that a few hard images lie outside.

    Raises:
        ValueError: If no score is finite.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        raise ValueError("no image has a score")
    low, high = float(np.quantile(known, LEFT_OUT)), float(known.max())
    return np.linspace(low, max(high, low + 1e-6), BINS + 1)


def distributions(mode: Theme, series: Sequence[ScoresOfPrior], *, quantity: str) -> Drawing:
    """The share of the images in each bin of their score, a stepped line for each prior, all with the same bins.

    Arguments:
        mode: The theme.
        series: The priors.
        quantity: Title of the axis with its unit, "log p(x) (nats)" say.

    Raises:
        ValueError: If there is no prior, or no score.
    """
    if not series:
        raise ValueError("a distribution needs at least one prior")
    edges = bin_edges(np.concatenate([each.values for each in series]))
    figure = Drawing()
    for i, each in enumerate(series):
        known = each.values[np.isfinite(each.values)]
        share = 100 * np.histogram(known, edges)[0] / max(1, len(known))
        figure.add(
            {
                "type": "scatter",
                "x": np.append(edges, edges[-1]).astype(np.float32),
                "y": np.concatenate([share, [share[-1], 0]]).astype(np.float32),
                "mode": "lines",
                "line": {"color": prior_colour(each.prior), "width": 2.5, "shape": "hv", "dash": DASHES[i % 5]},
                "name": each.name,
                "meta": [each.name],
                "hovertemplate": "%{meta[0]}<br>from %{x:.1f}: %{y:.1f} % of the images<extra></extra>",
            }
        )
    alt = f"Distribution of {quantity} over test images. " + ". ".join(
        f"{each.name}: median {np.nanmedian(each.values):.1f}" for each in series
    )
    title = f"share of images (% per {edges[1] - edges[0]:.1f} nats)"
    laid_out(figure, mode, x=quantity, y=title, alt=alt, height=380)
    figure.update_y(rangemode="tozero")
    return figure


def outside(values: np.ndarray, edges: np.ndarray) -> int:
    """How many scores lie below the axis."""
    return int((values[np.isfinite(values)] < edges[0]).sum())


def against(mode: Theme, one: ScoresOfPrior, other: ScoresOfPrior, rows: np.ndarray, *, quantity: str) -> Drawing:
    """Each image at its scores under two priors; above the diagonal the vertical one explains it better.

    A dot has the colour and the symbol of the prior that explains its image better.

    Arguments:
        mode: The theme.
        one: Along the horizontal axis.
        other: Along the vertical axis.
        rows: The images to draw, [M].
        quantity: What is compared, with its unit.

    Raises:
        ValueError: If there is no image to draw.
    """
    if not len(rows):
        raise ValueError("no image has both scores")
    x, y = one.values[rows], other.values[rows]
    above = y > x
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    figure = Drawing(
        [
            {
                "type": "scattergl",
                "x": x.astype(np.float32),
                "y": y.astype(np.float32),
                "customdata": np.stack([narrow(rows).astype(np.float64), y - x], 1).astype(np.float32),
                "mode": "markers",
                "marker": {
                    "size": 6,
                    "opacity": 0.55,
                    "color": np.where(above, prior_colour(other.prior), prior_colour(one.prior)),
                    "symbol": np.where(above, prior_symbol(other.prior), prior_symbol(one.prior)),
                },
                "name": IMAGES,
                "meta": [one.name, other.name],
                "hovertemplate": "image %{customdata[0]:d}<br>%{meta[0]} %{x:.1f}<br>%{meta[1]} %{y:.1f}"
                "<br>difference %{customdata[1]:+.1f}<extra></extra>",
                "showlegend": False,
            },
            {
                "type": "scatter",
                "x": [low, high],
                "y": [low, high],
                "mode": "lines",
                "line": {"color": mode.ink, "width": 1.5, "dash": "dash"},
                "hoverinfo": "skip",
                "showlegend": False,
            },
        ]
    )
    alt = (
        f"{quantity} of {len(rows)} test images under {one.name} and {other.name}: "
        f"{int(above.sum())} score higher under {other.name}."
    )
    laid_out(figure, mode, x=f"{one.name}: {quantity}", y=f"{other.name}: {quantity}", alt=alt, height=460)
    return figure
