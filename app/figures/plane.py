"""The latent plane: points of the aggregated posterior, the prior's mass levels, its components, class names."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.figures.class_labels import box_of, class_labels, placed
from app.figures.density import Box, contour, label, level_labels
from app.figures.drawing import Drawing, Spec
from app.figures.points import ByClass, Colouring, raster, scatter
from app.figures.theme import COMPARED, Theme, laid_out, prior_colour, prior_text_colour, widest_tick, with_alpha
from app.figures.tiles import add_picture
from app.records import Density, Window

DEVIATIONS = 2.0
"""Radius of a component's ellipse in its standard deviations; two hold 86.5 % of its mass on a plane."""

ABOVE, BELOW = 20, 60
"""Pixels over and under the plane."""

SIDES = 40
LABELLED = 40
# Pixels of a digit and a line of a component's number, and of a plane on a phone.
DIGIT, LINE, NARROW = 10, 17, 280

FEW_ELLIPSES = 50
"""Up to so many are drawn at full strength, and their centres at full size."""

NARROWEST = 2e-3
"""The shortest side of a part: a browser does not draw the lines of a density that is enlarged much further."""


@dataclass(frozen=True)
class Components:
    """The prior's components on the plane.

    Attributes:
        means: [K, 2].
        covariances: [K, 2, 2].
        weights: Shares that add to one, [K].
        highlighted: Indices drawn in amber.
        ellipses: Whether the ellipses are drawn.
        centres: Whether the centres are marked.
    """

    means: np.ndarray
    covariances: np.ndarray
    weights: np.ndarray
    highlighted: tuple[int, ...] = ()
    ellipses: bool = True
    centres: bool = True

    @property
    def present(self) -> int:
        """How many have weight: the others are not drawn."""
        return int(np.count_nonzero(self.weights))


def ellipse(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The curve at a Mahalanobis distance of `DEVIATIONS` from the mean, closed, [`SIDES` + 1, 2]."""
    angle = np.linspace(0, 2 * np.pi, SIDES + 1)
    variances, directions = np.linalg.eigh(np.asarray(covariance, np.float64))
    radii = DEVIATIONS * np.sqrt(np.maximum(variances, 0))
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    curve: np.ndarray = np.asarray(mean, np.float64) + (circle * radii) @ directions.T
    return curve


def strength(count: int) -> float:
    """Opacity and width of a line among so many, as shares of a lone one's: points stay visible through many lines."""
    return min(1.0, max(0.1, (FEW_ELLIPSES / max(count, 1)) ** 0.75))


def widths(weights: np.ndarray) -> np.ndarray:
    """Line width of each ellipse, 0.8 to 2.6 pixels in four steps: by weight against the heaviest."""
    share = np.asarray(weights, np.float64) / max(float(np.max(weights)), 1e-12)
    return np.asarray([0.8, 1.4, 2.0, 2.6])[np.clip(np.floor(share * 4), 0, 3).astype(int)]


def ellipse_traces(components: Components, mode: Theme, *, webgl: bool) -> list[Spec]:
    """One trace for each width and colour: a trace for each component would be hundreds."""
    kind = "scattergl" if webgl else "scatter"
    chosen = np.zeros(len(components.weights), bool)
    chosen[list(components.highlighted)] = True
    traces = []
    for amber in (False, True):
        for width in np.unique(widths(components.weights)):
            alike = (widths(components.weights) == width) & (chosen == amber)
            members = np.flatnonzero(alike & (np.asarray(components.weights) > 0))
            if not len(members):
                continue
            gap = np.full((1, 2), np.nan)
            curves = [part for k in members for part in (ellipse(components.means[k], components.covariances[k]), gap)]
            line = np.concatenate(curves).astype(np.float32)
            traces.append(
                {
                    "type": kind,
                    "x": np.ascontiguousarray(line[:, 0]),
                    "y": np.ascontiguousarray(line[:, 1]),
                    "mode": "lines",
                    "line": {
                        "width": max(0.8, float(width) * strength(components.present)) + (1.2 if amber else 0),
                        "color": COMPARED if amber else with_alpha(mode.ink, 0.75 * strength(components.present)),
                    },
                    "connectgaps": False,
                    "hoverinfo": "skip",
                    "showlegend": False,
                }
            )
    return traces


def centre_trace(components: Components, mode: Theme, *, webgl: bool) -> Spec:
    """A cross at each component's mean, amber where highlighted; its number and weight on hovering.

    A component without weight keeps its number, and has no place.
    """
    kind = "scattergl" if webgl else "scatter"
    means = np.where(np.asarray(components.weights)[:, None] > 0, components.means, np.nan)
    chosen = set(components.highlighted)
    return {
        "type": kind,
        "x": np.ascontiguousarray(means[:, 0], dtype=np.float32),
        "y": np.ascontiguousarray(means[:, 1], dtype=np.float32),
        "customdata": np.asarray(components.weights, np.float32),
        "mode": "markers",
        "marker": {
            "symbol": "cross",
            "size": 10 if components.present <= FEW_ELLIPSES else 6,
            "opacity": 1,
            "color": [COMPARED if k in chosen else mode.ink for k in range(len(components.weights))],
            "line": {"width": 1, "color": mode.paper},
        },
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
        "hovertemplate": "component %{pointNumber}<br>weight %{customdata:.4f}<extra></extra>",
        "name": "components",
        "showlegend": False,
    }


def numbers(components: Components, mode: Theme, scale: float) -> list[Spec]:
    """The number of each component beside its centre, while there are few; of many, the highlighted ones'.

    Where two would cover each other, that of the heavier component stands, and hovering shows the other.

    Arguments:
        components: On the plane.
        mode: The theme.
        scale: Pixels for a unit of the axes, where that is the least.
    """
    weights, highlighted = components.weights, components.highlighted
    chosen = range(len(weights)) if len(weights) <= LABELLED else highlighted
    kept: dict[int, Box] = {}
    for k in sorted(chosen, key=lambda k: (k not in highlighted, -weights[k])):
        x, y = map(float, components.means[k])
        box = Box(x, x + DIGIT * len(f"{k}") / scale, y, y + LINE / scale)
        if weights[k] > 0 and not any(box.covers(other) for other in kept.values()):
            kept[k] = box
    return [
        label(f"{k}", (box.left, box.bottom), mode, xanchor="left", yanchor="bottom") | {"xshift": 4, "yshift": 3}
        for k, box in sorted(kept.items())
    ]


def plane(
    mode: Theme,
    window: Window,
    *,
    alt: str,
    points: np.ndarray | None = None,
    rows: np.ndarray | None = None,
    colouring: Colouring | None = None,
    prior_density: Density | None = None,
    components: Components | None = None,
    prior: str | None = None,
    title: str = "",
    axes: tuple[str, str] = ("latent dimension 1", "latent dimension 2"),
    height: int = 600,
    rasterised: bool = False,
    classes: Sequence[Spec] = (),
) -> Drawing:
    """A latent plane with equal units on both axes.

    The same arguments give the same bytes, and nothing in the figure depends on where someone clicked: draw that with
    `frontend.pick(mark=...)`.

    Arguments:
        mode: The theme.
        window: The part of the plane shown at first; where the screen's shape differs, more is shown, never less.
        alt: What the picture shows.
        points: Samples of the aggregated posterior, [N, 2], in an order without meaning (they cover each other).
        rows: The number of the image that each point stands for, shown on hovering, [N]; the position unless given.
        colouring: What colours the points.
        prior_density: The prior on a grid: lines at 50, 80, 95 and 99 % of its mass.
        components: The prior's components: ellipses of two standard deviations, and centres.
        prior: The prior's key ("vamp"): its colour frames the plane.
        title: Written above the plane in the prior's colour; in a small multiple, the prior's name.
        axes: Titles of the axes.
        height: Pixels.
        rasterised: Draw the points as a picture instead of in WebGL, for several planes on a page; they cannot
            be selected.
        classes: Names of the classes where the points do not tell, from `class_labels`.

    Raises:
        ValueError: If points are not [N, 2], or the prior is unknown.
    """
    figure = Drawing()
    annotations: list[Spec] = []
    laid_out(figure, mode, x=axes[0], y=axes[1], alt=alt, height=height)
    if points is not None:
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"points are [N, 2], not {list(points.shape)}")
        if rasterised:
            picture = raster(points, colouring, mode, window)
            add_picture(figure, picture, window.left, window.right, window.top, window.bottom)
        else:
            figure.add(scatter(points, colouring, mode, rows))
    if points is not None and isinstance(colouring, ByClass):
        classes = class_labels(points, colouring, mode)
    scale = (height - ABOVE - BELOW) / max(window.right - window.left, window.top - window.bottom)
    classes = placed(classes, scale)
    if prior_density is not None:
        figure.add(contour(prior_density, mode, name="prior"))
        annotations += level_labels(prior_density, mode, [box_of(each, scale) for each in classes], scale)
    if components is not None:
        # Points in WebGL lie over everything that is not, so what belongs above them is drawn there too.
        webgl = points is not None and not rasterised
        if components.ellipses:
            figure.add(*ellipse_traces(components, mode, webgl=webgl))
        if components.centres:
            figure.add(centre_trace(components, mode, webgl=webgl))
            annotations += numbers(components, mode, min(1, NARROW / height) * scale)
    figure.annotate(*annotations, *classes)
    return framed(figure, mode, window, prior=prior, title=title)


def bare(figure: Drawing) -> Drawing:
    """Take the axes and the frame off a plane; changes the figure and returns it."""
    figure.update_x(visible=False)
    figure.update_y(visible=False)
    figure.update(margin={"l": 0, "r": 0, "t": 16, "b": 2})
    return figure


def left_room(window: Window) -> int:
    """Pixels that the labels and the title of the vertical axis need."""
    return math.ceil(40 + widest_tick(window.bottom, window.top))


def framed(figure: Drawing, mode: Theme, window: Window, *, prior: str | None, title: str) -> Drawing:
    """Equal units, the window, and a frame in the prior's colour; changes the figure and returns it."""
    frame = mode.grid if prior is None else prior_colour(prior)
    edge = {"showline": True, "mirror": True, "linecolor": frame, "linewidth": 1 if prior is None else 2}
    figure.update_x(range=[window.left, window.right], nticks=6, **edge)
    figure.update_y(range=[window.bottom, window.top], nticks=6, scaleanchor="x", scaleratio=1, **edge)
    # Where there is not enough room at once, plotly finds it by drawing everything twice.
    figure.update(margin={"l": left_room(window), "b": BELOW, "t": ABOVE, "r": 16})
    if title:
        colour = mode.ink if prior is None else prior_text_colour(prior, mode)
        figure.update(
            title={
                "text": title,
                "font": {"size": 17, "color": colour, "weight": 600},
                "x": 0,
                "xref": "paper",
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "pad": {"b": 8, "l": 2},
            },
            margin={"t": 38},
        )
    return figure
