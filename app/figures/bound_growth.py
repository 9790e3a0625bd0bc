"""A bound that grows, and the log-weights that it comes from, for Vega-Lite: plotly draws a changed figure anew."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.figures.theme import FONT_FAMILY, FONT_SIZE, SMALL_FONT_SIZE, Theme

Spec = dict[str, Any]
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4])
BOUND, REACH = "bound", "reach"
HEIGHT = 380


def curves(mode: Theme, colours: Mapping[str, str], *, most: int, reach: str) -> Spec:
    """L_K against K with a band of two standard errors, and a line at what each bound rises to.

    The data have the columns prior, kind (`BOUND` or `REACH`), K, value, low and high.

    Arguments:
        mode: The theme.
        colours: Of each prior, by its name.
        most: The largest K of the axis, which stays as it is while the curves grow.
        reach: What the lines are, for their tooltips.
    """
    of_bound, of_reach = ([{"filter": f"datum.kind == '{kind}'"}] for kind in (BOUND, REACH))
    x = {"field": "K", "type": "quantitative", "title": "samples K", "axis": {"format": ","}}
    x["scale"] = {"type": "log", "base": 2, "domain": [1, most], "nice": False}
    y = {"field": "value", "type": "quantitative", "title": "bound L (nats)", "scale": {"zero": False}}
    prior = {"field": "prior", "type": "nominal", "title": "Prior"}
    number = {"type": "quantitative", "format": ".2f"}
    tips = [
        prior,
        {"field": "K", "type": "quantitative", "format": ","},
        {"field": "value", "title": "bound L", **number},
    ]
    layers: list[Spec] = [
        {
            "transform": of_bound,
            "mark": {"type": "area", "opacity": 0.2},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": _colour(colours)},
        },
        {
            "transform": of_bound,
            "mark": {"type": "line", "strokeWidth": 2.5, "point": {"size": 36}},
            "encoding": {"x": x, "y": y, "color": _colour(colours), "strokeDash": _dash(colours), "tooltip": tips},
        },
        {
            "transform": of_reach,
            "mark": {"type": "rule", "strokeWidth": 1.5, "strokeDash": [4, 4]},
            "encoding": {
                "y": y,
                "color": _colour(colours),
                "tooltip": [prior, {"field": "value", "title": reach, **number}],
            },
        },
    ]
    return {"height": HEIGHT, "layer": layers, **_look(mode)}


def weights(mode: Theme, colours: Mapping[str, str]) -> Spec:
    """The distribution of log-weights of each prior; the data have the columns prior, at and share."""
    return {
        "height": HEIGHT,
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
        "encoding": {
            "x": {"field": "at", "type": "quantitative", "title": "log-weight minus L (nats)"},
            "y": {"field": "share", "type": "quantitative", "title": "samples (%)"},
            "color": _colour(colours),
            "strokeDash": _dash(colours),
        },
        **_look(mode),
    }


def _colour(colours: Mapping[str, str]) -> Spec:
    scale = {"domain": list(colours), "range": list(colours.values())}
    return {"field": "prior", "type": "nominal", "scale": scale, "legend": {"title": None, "orient": "top"}}


def _dash(colours: Mapping[str, str]) -> Spec:
    scale = {"domain": list(colours), "range": _dashes(list(colours))}
    return {"field": "prior", "type": "nominal", "scale": scale, "legend": {"title": None, "orient": "top"}}


def _dashes(names: Sequence[str]) -> list[list[int]]:
    return [DASHES[i % len(DASHES)] for i in range(len(names))]


def _look(mode: Theme) -> Spec:
    words = {"labelFont": FONT_FAMILY, "titleFont": FONT_FAMILY, "labelFontSize": SMALL_FONT_SIZE}
    words |= {"titleFontSize": FONT_SIZE, "labelColor": mode.muted, "titleColor": mode.ink, "titleFontWeight": "normal"}
    return {
        "background": "transparent",
        "config": {
            "font": FONT_FAMILY,
            "view": {"stroke": None},
            "axis": {**words, "gridColor": mode.grid, "domain": False, "ticks": False},
            "legend": {**words, "labelColor": mode.ink},
        },
    }
