"""Colours, symbols and the one layout that every figure shares.

Priors have an identity, classes have a palette, density is ink; no colour does two of these jobs.

Reference:
    petroff10: Petroff, Accessible Color Sequences for Data Visualization, 2021. https://arxiv.org/abs/2107.02270
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from app.figures.drawing import Drawing, Spec

PRIOR_COLOURS: dict[str, str] = {
    "sg": "#5b5f97",
    "mog": "#0f8b8d",
    "vamp": "#b4234a",
    "vamp-weighted": "#dc6480",
    "vamp-data": "#a4508b",
    "exemplar": "#6a7f1c",
    "realnvp": "#1f6fb2",
}
PRIOR_SYMBOLS: dict[str, str] = {
    "sg": "circle",
    "mog": "square",
    "vamp": "diamond",
    "vamp-weighted": "triangle-up",
    "vamp-data": "star",
    "exemplar": "hexagon",
    "realnvp": "pentagon",
}
# Of a prior that these tables do not have.
OTHER_COLOUR, OTHER_SYMBOL = "#7d6b5d", "cross"
COMPARED = "#c77d0a"
CLASS_COLOURS: tuple[str, ...] = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
# What the palette is mixed with on each turn through it, and how much of that.
TINTS = (("#ffffff", 0.0), ("#000000", 0.3), ("#ffffff", 0.45), ("#000000", 0.5), ("#ffffff", 0.7))
FONT_FAMILY = "'IBM Plex Sans', 'Source Sans', system-ui, sans-serif"
FONT_SIZE = 14
SMALL_FONT_SIZE = 13
# Plotly's template "none": without one, plotly.js takes a grey ground and white grid lines.
NO_TEMPLATE: Spec = {"data": {"scatter": [{"type": "scatter"}]}}


@dataclass(frozen=True)
class Theme:
    """The inks of one mode. Figures have no ground; `paper` is that of the page, for what has to cover something."""

    name: Literal["light", "dark"]
    ink: str
    muted: str
    grid: str
    paper: str

    @property
    def dark(self) -> bool:
        """Whether ink is light on a dark ground (and binary images are inverted)."""
        return self.name == "dark"


LIGHT = Theme("light", ink="#14181f", muted="#4d5866", grid="rgba(20,24,31,0.12)", paper="#ffffff")
DARK = Theme("dark", ink="#eef1f5", muted="#aab4c0", grid="rgba(238,241,245,0.16)", paper="#0a0d12")


def theme(name: str | None) -> Theme:
    """The theme for a mode's name; light where the browser has not told yet (None).

    Raises:
        ValueError: If the name is neither "light" nor "dark".
    """
    if name is None or name == "light":
        return LIGHT
    if name == "dark":
        return DARK
    raise ValueError(f"unknown theme {name!r}: use 'light' or 'dark'")


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue (0 to 255) of "#rrggbb"."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def with_alpha(colour: str, alpha: float) -> str:
    """A colour "#rrggbb" at an opacity, as plotly writes it."""
    red, green, blue = rgb(colour)
    return f"rgba({red},{green},{blue},{alpha:g})"


def blend(colour: str, other: str, share: float) -> str:
    """The colour that is `share` of `other` and the rest of `colour`."""
    mixed = np.rint((1 - share) * np.array(rgb(colour)) + share * np.array(rgb(other))).astype(int)
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def prior_colour(prior: str) -> str:
    """A prior's identity colour, of frames, bars and curves; priors without one share another."""
    return PRIOR_COLOURS.get(prior, OTHER_COLOUR)


def prior_symbol(prior: str) -> str:
    """A prior's symbol among points; priors without one share another."""
    return PRIOR_SYMBOLS.get(prior, OTHER_SYMBOL)


def prior_text_colour(prior: str, mode: Theme) -> str:
    """The identity colour as text: lightened on dark, so that letters keep a contrast of at least 4.5."""
    colour = prior_colour(prior)
    return blend(colour, "#ffffff", 0.45) if mode.dark else blend(colour, "#000000", 0.2)


def class_colour(index: int) -> str:
    """The colour of a class; after ten classes the palette starts again in another tint, of which there are five."""
    turn, place = divmod(index, len(CLASS_COLOURS))
    towards, share = TINTS[turn % len(TINTS)]
    return blend(CLASS_COLOURS[place], towards, share) if share else CLASS_COLOURS[place]


def value_scale(mode: Theme) -> list[list[float | str]]:
    """Sequential colour scale for a continuous value; both ends differ from the ground of the theme."""
    stops = ("#3b2a7a", "#2f6fa8", "#1f9e89", "#7ac142", "#d8b400")
    dark_stops = ("#7468d4", "#3d93d0", "#2fb89c", "#9ad94f", "#fde725")
    chosen = dark_stops if mode.dark else stops
    return [[float(i / (len(chosen) - 1)), colour] for i, colour in enumerate(chosen)]


def axis(mode: Theme, title: str, *, grid: bool = True) -> Spec:
    """An axis with a title (say the unit in it), quiet grid lines and no zero line."""
    return {
        "title": {"text": title, "font": {"size": FONT_SIZE, "color": mode.ink}, "standoff": 10},
        "tickfont": {"size": SMALL_FONT_SIZE, "color": mode.muted},
        "showgrid": grid,
        "gridcolor": mode.grid,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "automargin": True,
        "fixedrange": False,
    }


def text_width(text: str) -> float:
    """About how many pixels wide a label is in `SMALL_FONT_SIZE`, rather too wide than too narrow."""
    return sum(3.8 if letter in ".,' " else 7.9 for letter in text)


def widest_tick(low: float, high: float) -> float:
    """About how many pixels wide the labels of a linear axis are, with six ticks at round numbers at most."""
    rough = max(high - low, 1e-9) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= 0.999 * rough)
    ticks = step * np.arange(math.ceil(low / step), math.floor(high / step) + 1)
    return max((text_width(f"{tick:.6g}") for tick in ticks.round(9)), default=0.0)


def rank_ticks(count: int) -> list[int]:
    """Where a rank axis of 1 to `count` is labelled: at 1, and at about six round numbers after it."""
    step = next((size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500) if count / size <= 7), max(1, count // 5))
    return [1, *range(step if step > 1 else 2, count + 1, step)]


def words(text: str, ink: str, **place: Any) -> Spec:
    """An annotation in small letters, without an arrow; `place` are plotly's names for where it stands."""
    return {"text": text, "showarrow": False, "font": {"size": SMALL_FONT_SIZE, "color": ink}, **place}


def legend_entry(name: str, **look: Any) -> Spec:
    """A trace that draws nothing but its entry in the legend."""
    return {"type": "scatter", "x": [None], "y": [None], "name": name, **look}


def laid_out(figure: Drawing, mode: Theme, *, x: str, y: str, alt: str, height: int, grid: bool = True) -> Drawing:
    """Give a figure the look of the house, and return it.

    Arguments:
        figure: The figure; changed in place.
        mode: The theme it is drawn for.
        x: Title of the horizontal axis, with its unit.
        y: Title of the vertical axis, with its unit.
        alt: What the picture shows, in a sentence, for those who do not see it.
        height: Pixels.
        grid: Whether grid lines are drawn.
    """
    figure.update(
        template=NO_TEMPLATE,
        autosize=True,
        height=height,
        margin={"l": 8, "r": 12, "t": 12, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT_FAMILY, "size": FONT_SIZE, "color": mode.ink},
        hoverlabel={
            "font": {"family": FONT_FAMILY, "size": FONT_SIZE, "color": mode.ink},
            "bgcolor": mode.paper,
            "bordercolor": mode.muted,
        },
        legend={
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.01,
            "yanchor": "bottom",
            "font": {"size": SMALL_FONT_SIZE, "color": mode.ink},
            "bgcolor": "rgba(0,0,0,0)",
        },
        modebar={
            "bgcolor": "rgba(0,0,0,0)",
            "color": mode.muted,
            "activecolor": mode.ink,
            "orientation": "h",
        },
        dragmode="pan",
        hovermode="closest",
        uirevision="constant",
        meta={"alt": alt},
        xaxis=axis(mode, x, grid=grid),
        yaxis=axis(mode, y, grid=grid),
    )
    return figure
