"""A density over the latent codes of one image, as lines of equal mass, beside another's outermost lines."""

from app.figures.density import contour, level_labels
from app.figures.drawing import Drawing
from app.figures.plane import ABOVE, BELOW, framed
from app.figures.theme import Theme, laid_out
from app.records import Density, Window

HEIGHT = 340


def posterior_map(
    mode: Theme,
    window: Window,
    density: Density,
    *,
    title: str,
    alt: str,
    prior: str,
    truth: Density | None = None,
    axes: tuple[str, str] = ("latent dimension 1", "latent dimension 2"),
) -> Drawing:
    """Lines around 50, 80, 95 and 99 % of a density, and where it stands in for another, dotted, 95 % of that one.

    Arguments:
        mode: The theme.
        window: The part of the plane to show.
        density: What is drawn.
        title: What it is.
        alt: What the picture shows.
        prior: The prior's key: its colour frames the plane.
        truth: What the density stands in for.
        axes: Titles of the axes.
    """
    figure = Drawing()
    laid_out(figure, mode, x=axes[0], y=axes[1], alt=alt, height=HEIGHT)
    if truth is not None:
        figure.add(contour(truth, mode, name="true posterior", masses=(0.95,), width=2, dash="dot"))
    figure.add(contour(density, mode, name=title))
    scale = (HEIGHT - ABOVE - BELOW) / max(window.right - window.left, window.top - window.bottom)
    figure.annotate(*level_labels(density, mode, scale=scale))
    return framed(figure, mode, window, prior=prior, title=title)
