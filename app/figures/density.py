"""A density on a plane, drawn as lines that hold a given share of its mass."""

from collections.abc import Sequence

import numpy as np

from app.figures.drawing import Spec
from app.figures.theme import SMALL_FONT_SIZE, Theme, with_alpha
from app.records import MASSES, Density, Window

FURTHEST = 40.0
"""Where the mapped level stops: a contour needs numbers, and log 0 is none."""


def window_around(*places: np.ndarray, margin: float = 0.08, left_out: float = 0.002) -> Window:
    """The window that holds several clouds of places ([n, 2] each), with a margin as a share of its longer side.

    Pass the data's points and the prior's draws, so that no line of either is cut off; of several planes together,
    and all of them get axes of the same unit and extent.

    Arguments:
        places: Clouds of places; rows that are not finite are passed over.
        margin: Room on each side, as a share of the longer side.
        left_out: Share of each cloud that may lie outside on each side: one stray point must not make the rest small.

    Raises:
        ValueError: If there is no finite place.
    """
    clouds = [np.asarray(some, np.float64).reshape(-1, 2) for some in places]
    clouds = [cloud[np.isfinite(cloud).all(1)] for cloud in clouds]
    clouds = [cloud for cloud in clouds if len(cloud)]
    if not clouds:
        raise ValueError("a window needs at least one finite point")
    low = np.min([np.quantile(cloud, left_out, axis=0) for cloud in clouds], axis=0)
    high = np.max([np.quantile(cloud, 1 - left_out, axis=0) for cloud in clouds], axis=0)
    room = margin * max(float((high - low).max()), 1e-3)
    return Window(float(low[0] - room), float(high[0] + room), float(low[1] - room), float(high[1] + room))


def grid(window: Window, size: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Columns' x and rows' y of a regular grid over a window, `size` along the longer side (float32)."""
    width, height = window.right - window.left, window.top - window.bottom
    step = max(width, height) / (size - 1)
    columns, rows = max(2, round(width / step) + 1), max(2, round(height / step) + 1)
    return (
        np.linspace(window.left, window.right, columns, dtype=np.float32),
        np.linspace(window.bottom, window.top, rows, dtype=np.float32),
    )


def mass_index(log_density: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Log-density on the scale on which the 99, 95, 80 and 50 % lines lie at 0, 1, 2 and 3.

    Plotly draws contours at equal steps only; this bends the density so that equal steps are the mass levels. Between
    two levels the map is linear, and beyond the outermost ones it goes on with the slope it has there.

    Arguments:
        log_density: Log-density, any shape; -inf is allowed.
        levels: Thresholds of `MASSES`, descending.

    Returns:
        float32, of the same shape, clipped to +-`FURTHEST`.
    """
    rising = np.asarray(levels, np.float64)[::-1]
    marks = np.arange(len(rising), dtype=np.float64)
    value = np.asarray(log_density, np.float64)
    mapped = np.interp(value, rising, marks)
    below = (value - rising[0]) / (rising[1] - rising[0])
    above = marks[-1] + (value - rising[-1]) / (rising[-1] - rising[-2])
    mapped = np.where(value < rising[0], below, np.where(value > rising[-1], above, mapped))
    return np.clip(mapped, -FURTHEST, FURTHEST).astype(np.float32)


def contour(
    density: Density,
    mode: Theme,
    *,
    name: str,
    masses: tuple[float, ...] = MASSES,
    width: float = 1.6,
    dash: str = "solid",
) -> Spec:
    """Lines of a density in the neutral ink, the innermost strongest; nothing is filled.

    Arguments:
        density: The density.
        mode: The theme.
        name: What the density is, for the hover text.
        masses: Neighbouring members of `MASSES` to draw.
        width: Line width in pixels.
        dash: Plotly's dash, "solid" or "dot".

    Raises:
        ValueError: If a mass is not among `MASSES`, or they are not neighbours.
    """
    positions = sorted(MASSES.index(mass) for mass in masses if mass in MASSES)
    if len(positions) != len(masses) or positions != list(range(positions[0], positions[-1] + 1)):
        raise ValueError(f"masses are neighbouring members of {MASSES}, not {masses}")
    start, end = len(MASSES) - 1 - positions[-1], len(MASSES) - 1 - positions[0]
    return {
        "type": "contour",
        "x": np.asarray(density.x, np.float32),
        "y": np.asarray(density.y, np.float32),
        "z": mass_index(density.log_density, density.levels),
        "name": name,
        "contours": {"coloring": "lines", "start": start, "end": end, "size": 1, "showlabels": False},
        "autocontour": False,
        "zauto": False,
        "zmin": 0,
        "zmax": len(MASSES) - 1,
        "colorscale": [[0, with_alpha(mode.ink, 0.5)], [1, with_alpha(mode.ink, 0.95)]],
        "line": {"width": width, "dash": dash, "smoothing": 1},
        "showscale": False,
        "showlegend": False,
        "hoverinfo": "skip",
    }


def level_labels(density: Density, mode: Theme, taken: Sequence[tuple[float, float]] = ()) -> list[Spec]:
    """The mass of each line, written at its top, or at its bottom or side where another label is in the way.

    Arguments:
        density: The lines.
        mode: The theme.
        taken: Where other words stand, which are to stay readable if any side of a line allows it.
    """
    value = mass_index(density.log_density, density.levels)
    x, y = np.asarray(density.x, np.float64), np.asarray(density.y, np.float64)
    span = float(max(x[-1] - x[0], y[-1] - y[0]))
    placed: list[tuple[float, float]] = []
    labels: list[Spec] = []
    for mark, mass in enumerate(reversed(MASSES)):
        row, column = np.nonzero(value >= mark)
        if not len(row):
            continue
        extremes = (
            (int(np.argmax(row)), "center", "bottom"),
            (int(np.argmin(row)), "center", "top"),
            (int(np.argmax(column)), "left", "middle"),
            (int(np.argmin(column)), "right", "middle"),
        )
        # Where the line leaves the grid it has no end.
        ends = [
            ((float(x[column[at]]), float(y[row[at]])), across, down)
            for at, across, down in extremes
            if 0 < row[at] < len(y) - 1 and 0 < column[at] < len(x) - 1
        ]
        free = [end for end in ends if _apart(end[0], placed, span)]
        best = next((end for end in free if _apart(end[0], taken, span)), free[0] if free else None)
        if best is not None:
            place, across, down = best
            placed.append(place)
            text = f"{mass:.0%}".replace("%", " %")
            labels.append(label(text, place, mode, xanchor=across, yanchor=down))
    return labels


def _apart(place: tuple[float, float], others: Sequence[tuple[float, float]], span: float) -> bool:
    """Whether a word at a place covers none at the others, on a plane of that span."""
    return all(abs(place[0] - x) > 0.1 * span or abs(place[1] - y) > 0.05 * span for x, y in others)


def label(
    text: str, place: tuple[float, float], mode: Theme, *, xanchor: str = "center", yanchor: str = "middle"
) -> Spec:
    """A word at a place of the plane. An annotation, because plotly draws WebGL points over every trace that is not."""
    return {
        "text": text,
        "x": place[0],
        "y": place[1],
        "xanchor": xanchor,
        "yanchor": yanchor,
        "showarrow": False,
        "borderpad": 1,
        "bgcolor": with_alpha(mode.paper, 0.6),
        "font": {"size": SMALL_FONT_SIZE, "color": mode.ink},
    }
