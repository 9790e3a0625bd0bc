"""The part of a plotly figure that is in view, in the units of its axes."""

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from app.figures.plane import NARROWEST
from app.frontend.pick import host_class, place_of
from app.frontend.sources import component

TOOLS = ("pan", "zoom", "lasso", "select")

_MOUNT = component("view")


class View(NamedTuple):
    """A rectangle of a figure, in the units of its axes."""

    left: float
    right: float
    bottom: float
    top: float


def view_of(value: Any) -> View | None:
    """What the browser sent as a rectangle; None for anything else, which is read as: the whole figure."""
    try:
        low = place_of({"x": value["left"], "y": value["bottom"]})
        high = place_of({"x": value["right"], "y": value["top"]})
    except (TypeError, KeyError, IndexError):
        return None
    if low is None or high is None or low.x >= high.x or low.y >= high.y:
        return None
    return View(low.x, high.x, low.y, high.y)


def tool_of(value: Any) -> str:
    """The tool that the pointer has in the figure."""
    said = value.get("tool") if isinstance(value, dict) else None
    return said if said in TOOLS else "pan"


def watch_view(chart_key: str, *, on_view: Callable[[View | None, str], None]) -> None:
    """Report where people look in the figure shown by `st.plotly_chart(key=chart_key)`.

    The figure needs linear axes. Offer a keyboard way beside it.

    Arguments:
        chart_key: Key of the chart.
        on_view: Called after a pan or zoom with the part in view, None for the whole figure, and the tool in hand;
            before the script runs again.
    """
    key = f"{chart_key}--view"

    def moved() -> None:
        value = st.session_state[key].view
        if value is not None:
            on_view(view_of(value), tool_of(value))

    _MOUNT(
        key=key,
        data={"host": host_class(chart_key), "narrowest": 0.99 * NARROWEST},
        on_view_change=moved,
        height="content",
    )
