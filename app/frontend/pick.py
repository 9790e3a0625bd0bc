"""Clicks anywhere in a plotly figure, read in the units of its axes."""

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from app.figures.theme import COMPARED
from app.frontend.sources import component

_MOUNT = component("pick", "plot", "follow")


class Place(NamedTuple):
    """A place in a figure, in the units of its axes."""

    x: float
    y: float


def place_of(value: Any) -> Place | None:
    """What the browser sent as a place; None for anything that is not two finite numbers.

    The browser is not ours: whatever it sends is read with suspicion.
    """
    try:
        x, y = value["x"], value["y"]
    except (TypeError, KeyError, IndexError):
        return None
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in (x, y)):
        return None
    try:
        place = Place(float(x), float(y))
    except OverflowError:
        return None
    return place if math.isfinite(place.x) and math.isfinite(place.y) else None


def host_class(chart_key: str) -> str:
    """The class that Streamlit gives to the element with a key."""
    return "st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", chart_key.strip())


def pick(
    chart_key: str,
    *,
    mark: tuple[float, float] | None = None,
    on_pick: Callable[[Place], None] | None = None,
) -> Place | None:
    """Listen to clicks and taps in the figure shown by `st.plotly_chart(key=chart_key)`.

    Drags, the mode bar and the legend are not clicks. The figure's first axes have to be linear. Offer a
    keyboard way beside it.

    Arguments:
        chart_key: Key of the chart; several charts on a page each have their own hook.
        mark: A place that gets an amber ring, drawn in the browser over the figure, which therefore stays as it is.
        on_pick: Called with the place before the script runs again: the moment to write it into the session's state.

    Returns:
        The place of the click that caused this run; None in every other run.
    """
    key = f"{chart_key}--pick"

    def changed() -> None:
        place = place_of(st.session_state[key].pick)
        if place is not None and on_pick is not None:
            on_pick(place)

    result = _MOUNT(
        key=key,
        data={
            "host": host_class(chart_key),
            "mark": None if mark is None else {"x": float(mark[0]), "y": float(mark[1])},
            "colour": COMPARED,
        },
        on_pick_change=changed,
        height="content",
    )
    return place_of(result.pick)
