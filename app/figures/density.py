"""A density on a plane, drawn as lines that hold a given share of its mass."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.figures.drawing import Spec
from app.figures.theme import Theme, with_alpha, words
from app.records import MASSES, Density

FURTHEST = 40.0
"""Where the mapped level stops: a contour needs numbers, and log 0 is none."""

LABEL_WIDTH, LABEL_HEIGHT = 36, 20
"""Pixels of the label of a line."""

DIRECTIONS = (
    ((0, 1), "center", "bottom"),
    ((0, -1), "center", "top"),
    ((1, 0), "left", "middle"),
    ((-1, 0), "right", "middle"),
    ((1, 1), "left", "bottom"),
    ((-1, 1), "right", "bottom"),
    ((1, -1), "left", "top"),
    ((-1, -1), "right", "top"),
)
"""Where a line may be labelled, the best place first, and the side of the label that lies there."""


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


class Box(NamedTuple):
    """A rectangle of the plane that a word covers."""

    left: float
    right: float
    bottom: float
    top: float

    def covers(self, other: "Box") -> bool:
        """Whether two rectangles have a part in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top


def level_labels(density: Density, mode: Theme, taken: Sequence[Box] = (), scale: float | None = None) -> list[Spec]:
    """The mass of each line, written where it covers no other word; a line without such a place gets none.

    The best place is a line's top, then its bottom and its sides, then others along it.

    Arguments:
        density: The lines.
        mode: The theme.
        taken: What other words cover, which are to stay readable.
        scale: Pixels for a unit of the axes; a plane of 300 pixels unless given.
    """
    value = mass_index(density.log_density, density.levels)
    x, y = np.asarray(density.x, np.float64), np.asarray(density.y, np.float64)
    unit = 1 / (scale or 300 / float(max(x[-1] - x[0], y[-1] - y[0])))
    covered, labels = list(taken), []
    for mark, mass in enumerate(reversed(MASSES)):
        for place, across, down in _ends(value >= mark, x, y):
            box = _box(place, across, down, unit)
            if not any(box.covers(other) for other in covered):
                covered.append(box)
                text = f"{mass:.0%}".replace("%", " %")
                labels.append(label(text, place, mode, xanchor=across, yanchor=down))
                break
    return labels


def _ends(inside: np.ndarray, x: np.ndarray, y: np.ndarray) -> list[tuple[tuple[float, float], str, str]]:
    """Places on the rim of a region, the outermost of eight directions, and the side of a word that lies there.

    Where the region leaves the grid its rim has no place.
    """
    row, column = np.nonzero(inside)
    found = []
    for (right, up), across, down in DIRECTIONS if len(row) else ():
        at = int(np.argmax(right * x[column] + up * y[row]))
        if 0 < row[at] < len(y) - 1 and 0 < column[at] < len(x) - 1:
            found.append(((float(x[column[at]]), float(y[row[at]])), across, down))
    return found


def _box(place: tuple[float, float], across: str, down: str, unit: float) -> Box:
    """What a level's label covers."""
    width, height = LABEL_WIDTH * unit, LABEL_HEIGHT * unit
    left = place[0] - {"left": 0, "center": width / 2, "right": width}[across]
    bottom = place[1] - {"bottom": 0, "middle": height / 2, "top": height}[down]
    return Box(left, left + width, bottom, bottom + height)


def label(
    text: str, place: tuple[float, float], mode: Theme, *, xanchor: str = "center", yanchor: str = "middle"
) -> Spec:
    """A word at a place of the plane. An annotation, because plotly draws WebGL points over every trace that is not."""
    frame = {"borderpad": 1, "bgcolor": with_alpha(mode.paper, 0.6)}
    return words(text, mode.ink, x=place[0], y=place[1], xanchor=xanchor, yanchor=yanchor, **frame)
