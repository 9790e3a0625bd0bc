"""The region of the plane in view: kept in the URL, followed in the browser, typed by keyboard."""

from collections.abc import Hashable
from typing import NamedTuple

import streamlit as st

from app import state
from app.figures.plane import NARROWEST
from app.frontend import View, watch_view
from app.records import Window
from app.services.latent_plane.selection import Outlines
from app.services.loading import Ref

_OUTLINES = "_latent_outlines"
_TOOL = "_latent_tool"
_LOOKED_AT = "_latent_looked_at"
_REPORTED = "_latent_reported"
_DRAWN = "_latent_drawn"
_TURNED_BACK = "_latent_turned_back"


class Look(NamedTuple):
    """How somebody looks at a plane.

    Attributes:
        view: The part in view; None for the whole.
        outlines: What was drawn with lasso or box.
        tool: What the pointer does: pan, zoom, lasso or select.
        revision: Changes when a figure is drawn with the ends that it had: the browser, which would keep its own, sees
            another figure.
    """

    view: Window | None = None
    outlines: Outlines = ()
    tool: str = "pan"
    revision: bool = False


def look_at(ref: Ref, key: str) -> Look:
    """How this session looks at the plane of a checkpoint: the part in view is in the URL under `key`.

    A part of one model's plane is nothing on another's: a new model is seen whole.
    """
    if st.session_state.setdefault(_LOOKED_AT, ref) != ref:
        st.session_state[_LOOKED_AT] = ref
        show_part(key, None)
    owner, outlines = st.session_state.get(_OUTLINES, (None, ()))
    return Look(
        _part_in_view(key),
        outlines if owner == ref else (),
        st.session_state.get(_TOOL, "pan"),
        revision=st.session_state.get(_TURNED_BACK, False),
    )


def _part_in_view(key: str) -> Window | None:
    """The part of the plane that the URL names, rounded as it stands there; None for the whole."""
    ends = state.window(key)
    return None if ends is None else Window(*ends)


def frozen_view(look: Look, drawn_for: Hashable) -> Look:
    """How a figure of all points is drawn, which a browser moves about in and draws outlines on by itself.

    Drawn with other ends it would be another figure and start afresh. So it stays as it was drawn while people move or
    choose, until something else about it changes, or the address leads elsewhere. Then it is drawn as they look at it.

    Arguments:
        look: How somebody looks at it now.
        drawn_for: All else that the figure depends on.
    """
    before, drawn = st.session_state.get(_DRAWN, (None, look))
    if before == drawn_for:
        # Where the browser put the axes back, it put them to the ends that the figure was drawn with.
        moved = look.view == st.session_state.get(_REPORTED) and (look.view is not None or drawn.view is None)
        if moved and drawn.outlines in ((), look.outlines):
            return drawn
        look = look._replace(revision=not drawn.revision)
    st.session_state[_DRAWN], st.session_state[_REPORTED] = (drawn_for, look), look.view
    return look


def show_part(key: str, part: Window | View | None) -> None:
    """Look at a part of the plane from the next run on; at the whole if None."""
    if part is None:
        state.clear_point(key)
    else:
        state.set_window(key, part.left, part.right, part.bottom, part.top)


def follow_view(chart_key: str, key: str) -> None:
    """Put the part in view into the URL after each pan and zoom of the plane's figure."""

    def viewed(part: View | None, tool: str) -> None:
        if part is not None and max(map(abs, part)) > state.FARTHEST:
            part = None
        st.session_state[_TOOL] = tool
        if part is not None and not state.is_part(part.left, part.right, part.bottom, part.top):
            # Drawn anew at the nearest that can be drawn, also where that is what was drawn before.
            st.session_state[_REPORTED] = Window(*part)
            st.session_state[_TURNED_BACK] = not st.session_state.get(_TURNED_BACK, False)
            show_part(key, _widened(part))
            return
        show_part(key, part)
        st.session_state[_REPORTED] = _part_in_view(key)

    watch_view(chart_key, on_view=viewed)


def _widened(part: View) -> View:
    """The part with sides long enough to be drawn, around the same middle."""
    x, y = (part.left + part.right) / 2, (part.bottom + part.top) / 2
    half_width, half_height = (max(side, NARROWEST) / 2 for side in (part.right - part.left, part.top - part.bottom))
    return View(x - half_width, x + half_width, y - half_height, y + half_height)


def keep_outlines(ref: Ref, outlines: Outlines, tool: str | None) -> None:
    """Keep what was just drawn with lasso or box: the figure is drawn anew, and plotly forgets it.

    Arguments:
        ref: The checkpoint on whose plane it was drawn.
        outlines: All outlines that are drawn now.
        tool: What drew the last of them; None leaves the tool in hand.
    """
    st.session_state[_OUTLINES] = (ref, outlines)
    if tool is not None:
        st.session_state[_TOOL] = tool


def forget_outlines() -> None:
    """Take away what was drawn with lasso and box."""
    st.session_state.pop(_OUTLINES, None)


def part_inputs(key: str, shown: Window, names: tuple[str, str], whole: Window) -> None:
    """Zoom by keyboard: the four ends of a region of the plane, and a button for the whole.

    Arguments:
        key: Name of the part in the URL.
        shown: What is in view.
        names: Of the two axes.
        whole: The whole plane; the ends may lie up to its side beyond it.
    """
    side = whole.right - whole.left
    with st.popover("Zoom region", icon=":material/crop_free:"):
        with st.form(f"{key}-form", border=False):
            left, right = st.columns(2)
            ends = [
                column.number_input(
                    f"{name} {end}",
                    value=min(high, max(low, value)),
                    min_value=low,
                    max_value=high,
                    format="%.4f",
                )
                for column, name, end, value, low, high in (
                    (left, names[0], "from", shown.left, whole.left - side, whole.right + side),
                    (right, names[0], "to", shown.right, whole.left - side, whole.right + side),
                    (left, names[1], "from", shown.bottom, whole.bottom - side, whole.top + side),
                    (right, names[1], "to", shown.top, whole.bottom - side, whole.top + side),
                )
            ]
            if st.form_submit_button("Zoom to this region"):
                if state.is_part(*ends):
                    show_part(key, Window(*ends))
                    st.rerun()
                st.error(f"Each \u201cfrom\u201d must be smaller than its \u201cto\u201d by at least {NARROWEST:g}.")
        if state.window(key) and st.button("Show the whole plane", key=f"{key}_whole", icon=":material/zoom_out_map:"):
            show_part(key, None)
            st.rerun()
