"""The points of an aggregated posterior: what colours them, and how they are drawn."""

from dataclasses import dataclass

import numpy as np

from app.figures.drawing import Spec
from app.figures.theme import CLASS_COLOURS, SMALL_FONT_SIZE, Theme, class_colour, rgb, value_scale, with_alpha
from app.records import Window

ALPHA = 0.6
MANY = 4000
FAINT = 0.15
POINTS = "aggregated posterior"
MANY_ALPHA = 0.35
RADIUS = 6
# Plotly's numbers of circle, square, diamond, upward triangle, cross and star: after ten classes the next one.
SYMBOLS = (0, 1, 2, 5, 3, 17)
MANY_RADIUS = 4


@dataclass(frozen=True)
class ByClass:
    """Colour by class.

    Attributes:
        labels: Class of each point, [N].
        names: Names of the classes, in order.
    """

    labels: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True)
class ByComponent:
    """Colour by the component that is responsible for the point; ten colours in turn, the number on hovering.

    Attributes:
        component: Index of the component, [N].
    """

    component: np.ndarray


@dataclass(frozen=True)
class ByValue:
    """Colour by a number, with a colour bar.

    Attributes:
        value: The number at each point, [N].
        name: Its name with its unit, "ELBO (nats)" say.
        limits: The values at the ends of the colours, where these points are part of more; from their own if None.
    """

    value: np.ndarray
    name: str
    limits: tuple[float, float] | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """The values at the ends of the colours."""
        return value_range(self.value) if self.limits is None else self.limits


Colouring = ByClass | ByComponent | ByValue


def steps(colours: tuple[str, ...]) -> list[list[float | str]]:
    """A colour scale of equal flat steps."""
    count = len(colours)
    return [[(i + side) / count, colour] for i, colour in enumerate(colours) for side in (0, 1)]


def colour_bar(name: str) -> Spec:
    """A colour bar with its name above the left of the figure, no higher than a title: the plane stays in place.

    On the right the tool bar appears.
    """
    return {
        "title": {"text": name, "side": "right", "font": {"size": SMALL_FONT_SIZE}},
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "xpad": 0,
        "y": 1.0,
        "yref": "container",
        "yanchor": "top",
        "ypad": 3,
        "lenmode": "pixels",
        "len": 225,
        "thickness": 7,
        "tickfont": {"size": SMALL_FONT_SIZE},
        "tickangle": 0,
        "outlinewidth": 0,
        "nticks": 3,
    }


def marker_of(colouring: Colouring | None, count: int, mode: Theme) -> Spec:
    """Plotly's marker: small, translucent, coloured by numbers that travel as uint8 where they can."""
    # The edge keeps the palest classes visible on white and the darkest on black.
    many = count > MANY
    marker: Spec = {
        "size": 4 if many else 6,
        "opacity": MANY_ALPHA if many else ALPHA,
        "line": {"width": 0 if many else 0.5, "color": with_alpha(mode.ink, 0.35)},
    }
    if colouring is None:
        return marker | {"color": mode.muted}
    if isinstance(colouring, ByClass):
        cycle = tuple(class_colour(i) for i in range(max(len(colouring.names), 1)))
        scale = {"colorscale": steps(cycle), "cmin": -0.5, "cmax": len(cycle) - 0.5}
        if len(cycle) > len(CLASS_COLOURS):
            marker["symbol"] = class_symbols(np.asarray(colouring.labels))
        return marker | {"color": narrow(colouring.labels)} | scale
    if isinstance(colouring, ByComponent):
        turn = np.asarray(colouring.component) % len(CLASS_COLOURS)
        scale = {"colorscale": steps(CLASS_COLOURS), "cmin": -0.5, "cmax": len(CLASS_COLOURS) - 0.5}
        return marker | {"color": narrow(turn)} | scale
    low, high = colouring.ends
    bar = {"colorscale": value_scale(mode), "cmin": low, "cmax": high, "colorbar": colour_bar(colouring.name)}
    return marker | {"color": np.asarray(colouring.value, np.float32)} | bar


def class_symbols(labels: np.ndarray) -> np.ndarray:
    """Plotly's number of each class's symbol, [N] bytes: with the colour it tells sixty classes apart."""
    turns: np.ndarray = np.array(SYMBOLS, np.uint8)[labels // len(CLASS_COLOURS) % len(SYMBOLS)]
    return turns


def value_range(value: np.ndarray) -> tuple[float, float]:
    """From the 2nd to the 98th percentile, so that a few bad images do not flatten the colours of the others."""
    low, high = np.nanpercentile(np.asarray(value, np.float64), [2, 98])
    return float(low), float(max(high, low + 1e-6))


def narrow(index: np.ndarray) -> np.ndarray:
    """Indices in the narrowest unsigned type that holds them: they are most of what a figure of points weighs.

    Raises:
        ValueError: If an index is negative.
    """
    whole = np.asarray(index)
    if whole.size and whole.min() < 0:
        raise ValueError("labels and components are counted from 0")
    return whole.astype(np.min_scalar_type(int(whole.max()) if whole.size else 0))


def scatter(points: np.ndarray, colouring: Colouring | None, mode: Theme, rows: np.ndarray | None = None) -> Spec:
    """One WebGL trace in the order of the points, so that a selection's `point_index` is the position in them.

    Arguments:
        points: Places, [N, 2].
        colouring: What colours them.
        mode: The theme.
        rows: The number of the image that each point stands for, on hovering, [N]; the position unless given.
    """
    data = np.asarray(points, np.float32)
    where = "(%{x:.2f}, %{y:.2f})"
    numbers = narrow(np.arange(len(data)) if rows is None else rows)
    custom = numbers[:, None]
    named: Spec = {}
    if isinstance(colouring, ByClass) and colouring.names == tuple(map(str, range(len(colouring.names)))):
        what = "class %{marker.color}<br>"
    elif isinstance(colouring, ByClass):
        what, named = "class %{text}<br>", {"text": [colouring.names[label] for label in colouring.labels.tolist()]}
    elif isinstance(colouring, ByComponent):
        custom, what = np.stack([numbers, narrow(colouring.component)], 1), "component %{customdata[1]}<br>"
    elif isinstance(colouring, ByValue):
        what = "%{marker.color:.1f}<br>"
    else:
        what = ""
    return {
        "type": "scattergl",
        "x": np.ascontiguousarray(data[:, 0]),
        "y": np.ascontiguousarray(data[:, 1]),
        "customdata": custom,
        "mode": "markers",
        "marker": marker_of(colouring, len(data), mode),
        # Without these, one click fades every other point.
        "selected": {"marker": {"opacity": 0.9}},
        "unselected": {"marker": {"opacity": 0.12}},
        "hovertemplate": f"image %{{customdata[0]}}<br>{what}{where}<extra></extra>",
        "name": POINTS,
        "showlegend": False,
    } | named


def others(points: np.ndarray, mode: Theme) -> Spec:
    """Points of classes that are not in view, faint and without words, for under the others."""
    trace = scatter(points, None, mode)
    del trace["customdata"], trace["hovertemplate"]
    trace["marker"] |= {"opacity": FAINT, "line": {"width": 0}}
    trace["selected"] = trace["unselected"] = {"marker": {"opacity": FAINT}}
    return trace | {"hoverinfo": "skip", "name": "other classes"}


def point_colours(colouring: Colouring | None, count: int, mode: Theme) -> np.ndarray:
    """Red, green and blue of each point, [N, 3] bytes: the colours of `scatter`, for a raster."""
    if colouring is None:
        return np.tile(np.array(rgb(mode.muted), np.uint8), (count, 1))
    if isinstance(colouring, ByValue):
        return value_colours(colouring, mode)
    index = colouring.labels if isinstance(colouring, ByClass) else colouring.component
    # Classes beyond ten have tints of their own; components take the ten colours in turn.
    colours = len(colouring.names) if isinstance(colouring, ByClass) else len(CLASS_COLOURS)
    palette = np.array([rgb(class_colour(i)) for i in range(max(colours, len(CLASS_COLOURS)))], np.uint8)
    return palette[np.asarray(index) % len(palette)]


def value_colours(colouring: ByValue, mode: Theme) -> np.ndarray:
    """Red, green and blue of each value, [N, 3] bytes."""
    low, high = colouring.ends
    scale = value_scale(mode)
    at = np.clip((np.asarray(colouring.value, np.float64) - low) / (high - low), 0, 1)
    stops = np.array([rgb(str(colour)) for _, colour in scale], np.float64)
    places = [float(place) for place, _ in scale]
    channels = [np.interp(at, places, stops[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, 1)).astype(np.uint8)


def raster(
    points: np.ndarray,
    colouring: Colouring | None,
    mode: Theme,
    window: Window,
    *,
    size: int = 700,
    radius: int | None = None,
) -> np.ndarray:
    """The points as a picture, [height, width, 4] bytes: several planes on a page without a WebGL context for each.

    Later points cover earlier ones, as in `scatter`; opacity grows where points lie on each other.

    Arguments:
        points: Places, [N, 2].
        colouring: What colours them.
        mode: The theme.
        window: The part of the plane that the picture covers.
        size: Pixels along the longer side.
        radius: Radius of a point in pixels. Unless given, large enough to see where a plane is a third of a page wide
            and the picture therefore shrunk to half or less; smaller where points are many.
    """
    data = np.asarray(points, np.float64)
    radius = (MANY_RADIUS if len(data) > MANY else RADIUS) if radius is None else radius
    scale = size / max(window.right - window.left, window.top - window.bottom)
    width = max(1, round((window.right - window.left) * scale))
    height = max(1, round((window.top - window.bottom) * scale))
    # Centres are counted on the pixels first, with a rim for those whose disc only reaches in, and the discs are laid
    # round each pixel that has any: what a million points cost is one pass over them, whatever the discs.
    wide, high = width + 2 * radius, height + 2 * radius
    column = np.floor((data[:, 0] - window.left) * scale) + radius
    row = np.floor((window.top - data[:, 1]) * scale) + radius
    near = np.flatnonzero((row >= 0) & (row < high) & (column >= 0) & (column < wide))
    cell = row[near].astype(np.int64) * wide + column[near].astype(np.int64)
    latest = np.full(high * wide, -1, np.int64)
    latest[cell] = near  # the last of several wins
    taken = np.flatnonzero(latest >= 0)
    centres, newest = np.bincount(cell, minlength=high * wide)[taken], latest[taken]
    # A second rim keeps the discs of the first one off the opposite side.
    broad = wide + 2 * radius
    around = np.zeros((high + 2 * radius) * broad, np.int64), np.full((high + 2 * radius) * broad, -1, np.int64)
    middle = (taken // wide + radius) * broad + taken % wide + radius
    for down in range(-radius, radius + 1):
        for right in range(-radius, radius + 1):
            if down * down + right * right > (radius + 0.3) ** 2:
                continue
            at = middle + down * broad + right  # each pixel once, so that adding in place adds up
            around[0][at] += centres
            around[1][at] = np.maximum(around[1][at], newest)
    inside = slice(2 * radius, 2 * radius + height), slice(2 * radius, 2 * radius + width)
    covered, last = (each.reshape(-1, broad)[inside] for each in around)
    canvas = np.zeros((height, width, 4), np.uint8)
    filled = last >= 0
    canvas[filled, :3] = point_colours(colouring, len(data), mode)[last[filled]]
    alpha = MANY_ALPHA if len(data) > MANY else ALPHA
    canvas[..., 3] = np.rint(255 * (1 - (1 - alpha) ** np.minimum(covered, 12))).astype(np.uint8)
    return canvas
