"""A bar of a known length on a plane, so that maps of different ranges can be held against each other."""

import math
from collections.abc import Sequence

from app.figures.drawing import Drawing
from app.figures.theme import Theme, with_alpha, words
from app.records import Window

ALIKE = 1.05
"""Ranges that differ by less than this factor need no bar."""


def bar_length(windows: Sequence[Window]) -> float | None:
    """A round length in latent units, at most a quarter of the smallest window; None where all are about as wide."""
    sides = [window.right - window.left for window in windows]
    if not sides or max(sides) < ALIKE * min(sides):
        return None
    most = min(sides) / 4
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (5, 2, 1) if step * power <= most)


def add_scale_bar(figure: Drawing, mode: Theme, window: Window, length: float) -> None:
    """Draw the bar in the lower left corner, in the plane's own units, with its length above it."""
    side = window.right - window.left
    left, bottom = window.left + 0.04 * side, window.bottom + 0.04 * side
    across = {"type": "line", "xref": "x", "yref": "y", "x0": left, "x1": left + length, "y0": bottom, "y1": bottom}
    figure.update(shapes=[*figure.layout.get("shapes", []), {**across, "line": {"color": mode.ink, "width": 4}}])
    said, ground = f"{length:g} unit" + ("" if length == 1 else "s"), with_alpha(mode.paper, 0.75)
    above = {"xanchor": "left", "yanchor": "bottom", "yshift": 3, "bgcolor": ground}
    figure.annotate(words(said, mode.ink, x=left, y=bottom, **above))
