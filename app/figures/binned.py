"""Binned points on a latent plane: a picture of their counts, and over it what is selected."""

from dataclasses import dataclass

import numpy as np

from app.figures.drawing import Drawing, Spec
from app.figures.points import ByClass, ByValue, Colouring, marker_of, narrow, point_colours, scatter, value_colours
from app.figures.theme import COMPARED, Theme
from app.figures.tiles import add_picture
from app.records import Window

FAINTEST = 0.22
"""Opacity of a cell that holds a single point, so that none is lost from sight."""

PIXEL = 2
"""A cell is a square of so many pixels of the picture, about as many as of the screen, and keeps its edges there."""

STEPPED_BACK = 0.25
"""What is left of the opacity where something else was chosen."""


@dataclass(frozen=True)
class BinCounts:
    """Counts of points in the cells of a grid.

    Attributes:
        window: What the grid covers.
        count: Points of each cell, row 0 at the bottom, [rows, columns].
        colouring: What colours the cells, with one entry for each, row by row: the class or component that leads it, or
            its mean value.
        leading_count: Points of the class or component that leads each cell, [rows, columns].
    """

    window: Window
    count: np.ndarray
    colouring: Colouring
    leading_count: np.ndarray


def picture(counts: BinCounts, mode: Theme, most: int, strength: float = 1.0) -> np.ndarray:
    """The cells as pixels, the uppermost row first, [rows, columns, 4] bytes: colour, and the count as opacity.

    Arguments:
        counts: The cells.
        mode: The theme.
        most: The count at full opacity; opacity rises with the logarithm of the count.
        strength: Multiplies all opacities.
    """
    rows, columns = counts.count.shape
    canvas = np.zeros((rows, columns, 4), np.uint8)
    colouring = counts.colouring
    if isinstance(colouring, ByValue):
        colours = value_colours(colouring, mode)
    else:
        colours = point_colours(colouring, rows * columns, mode)
    canvas[..., :3] = colours.reshape(rows, columns, 3)
    # From one point up to the most in equal ratios.
    share = np.log(np.maximum(counts.count, 1)) / np.log(max(most, 2))
    opacity = np.where(counts.count > 0, FAINTEST + (1 - FAINTEST) * share, 0.0)
    canvas[..., 3] = np.rint(255 * strength * np.minimum(opacity, 1)).astype(np.uint8)
    canvas[canvas[..., 3] == 0] = 0  # one value for all empty cells, so that the file is small
    return canvas[::-1]


def hover_grid(counts: BinCounts, window: Window) -> Spec:
    """An invisible trace that says on hovering how many points a cell of the window holds, and what they are."""
    rows, columns = counts.count.shape
    x = np.linspace(counts.window.left, counts.window.right, columns + 1)
    y = np.linspace(counts.window.bottom, counts.window.top, rows + 1)
    middle_x, middle_y = (x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2
    across = np.flatnonzero((middle_x > window.left) & (middle_x < window.right))
    up = np.flatnonzero((middle_y > window.bottom) & (middle_y < window.top))
    part = np.ix_(up, across)
    count = counts.count[part]
    colouring = counts.colouring
    if isinstance(colouring, ByValue):
        custom = np.asarray(colouring.value, np.float32).reshape(rows, columns)[part]
        what = f"{colouring.name} %{{customdata:.1f}} on average"
    else:
        named, leading = (
            ("class", colouring.labels) if isinstance(colouring, ByClass) else ("component", colouring.component)
        )
        percent = np.rint(100 * counts.leading_count[part] / np.maximum(count, 1)).astype(np.int64)
        custom = narrow(np.stack([leading.reshape(rows, columns)[part], percent], -1))
        what = f"{named} %{{customdata[0]}}: %{{customdata[1]}} %"
    return {
        "type": "heatmap",
        "x": middle_x[across].astype(np.float32),
        "y": middle_y[up].astype(np.float32),
        "z": narrow(count),
        "customdata": custom,
        "colorscale": [[0, "rgba(0,0,0,0)"], [1, "rgba(0,0,0,0)"]],
        "showscale": False,
        "hovertemplate": f"%{{z:,d}} images here<br>{what}<extra></extra>",
        "name": "counts",
    }


def anchor(colouring: Colouring, mode: Theme) -> Spec:
    """A trace of one marker at no place: plotly offers lasso and box only where there are markers.

    It also carries the colour bar of a value.
    """
    kept: Spec = {"opacity": 1.0}
    if isinstance(colouring, ByValue):
        bar = marker_of(ByValue(np.zeros(1), colouring.name, colouring.ends), 1, mode)
        kept |= {name: bar[name] for name in ("colorscale", "cmin", "cmax", "colorbar")} | {"color": [bar["cmin"]]}
    return {
        "type": "scatter",
        "x": [None],
        "y": [None],
        "mode": "markers",
        "marker": kept,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def add_counts(
    figure: Drawing, counts: BinCounts, mode: Theme, window: Window, selected: BinCounts | None = None
) -> None:
    """Lay the counted points under a plane, strong where selected; the rest then fades.

    Arguments:
        figure: The plane; changed in place.
        counts: All points.
        mode: The theme.
        window: What is in view.
        selected: Those of them that are selected, if they are too many to draw one by one.
    """
    # The scale stays that of all points, so that a selection does not change what a colour's strength means.
    most = max(1, int(counts.count.max()))
    drawn = picture(counts, mode, most, 1.0 if selected is None else STEPPED_BACK)
    if selected is not None:
        strong = picture(selected, mode, most)
        drawn = np.where(strong[..., 3:] > 0, strong, drawn)
    here = counts.window
    add_picture(figure, drawn, here.left, here.right, here.top, here.bottom, PIXEL)
    figure.data[:0] = [hover_grid(counts, window), anchor(counts.colouring, mode)]


def step_back(figure: Drawing) -> None:
    """Let the pictures of a plane step back behind points that are drawn over them."""
    for image in figure.layout.get("images", []):
        image["opacity"] = STEPPED_BACK


def selected_points(points: np.ndarray, colouring: Colouring, mode: Theme, rows: np.ndarray) -> Spec:
    """The selected points, one by one over the picture of counts."""
    trace = scatter(points, colouring, mode, rows)
    trace["marker"] |= {"opacity": 0.9, "showscale": False}
    return trace


def outline_trace(outlines: tuple[tuple[tuple[float, float], ...], ...], *, webgl: bool) -> Spec:
    """The outlines drawn by lasso or box, closed, in amber; in WebGL where points are, which would cover it."""
    parts = [np.array([*outline, outline[0], (np.nan, np.nan)], np.float32) for outline in outlines]
    line = np.concatenate(parts)
    return {
        "type": "scattergl" if webgl else "scatter",
        "x": np.ascontiguousarray(line[:, 0]),
        "y": np.ascontiguousarray(line[:, 1]),
        "mode": "lines",
        "line": {"color": COMPARED, "width": 2},
        "connectgaps": False,
        "hoverinfo": "skip",
        "showlegend": False,
        "name": "chosen",
    }
