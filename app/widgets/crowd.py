"""The region of a latent plane in view, what was drawn on it, and the words about it."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import streamlit as st

from app import services, state
from app.components import View, watch_view
from app.figures.plane import NARROWEST
from app.widgets.latent_plane import CrowdPlane, Look, Outlines
from app.widgets.numbers import count

_OUTLINES = "_latent_outlines"
_TOOL = "_latent_tool"
_LOOKED_AT = "_latent_looked_at"
_REPORTED = "_latent_reported"
_DRAWN = "_latent_drawn"
_TURNED_BACK = "_latent_turned_back"
MOST_OUTLINES, MOST_CORNERS, FARTHEST = 50, 20_000, 1e12


def look_at(ref: services.Ref, key: str) -> Look:
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
        again=st.session_state.get(_TURNED_BACK, False),
    )


def _part_in_view(key: str) -> services.Window | None:
    """The part of the plane that the URL names, rounded as it stands there; None for the whole."""
    ends = state.window(key)
    return None if ends is None else services.Window(*ends)


def steady(look: Look, drawn_for: Hashable) -> Look:
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
        look = look._replace(again=not drawn.again)
    st.session_state[_DRAWN], st.session_state[_REPORTED] = (drawn_for, look), look.view
    return look


def show_part(key: str, part: services.Window | View | None) -> None:
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
            st.session_state[_REPORTED] = services.Window(*part)
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


def keep_outlines(ref: services.Ref, chart_key: str) -> None:
    """Keep what was just drawn with lasso or box: the figure is drawn anew, and plotly forgets it."""
    outlines, tool = outlines_of(st.session_state.get(chart_key))
    st.session_state[_OUTLINES] = (ref, outlines)
    if tool is not None:
        st.session_state[_TOOL] = tool


def outlines_of(event: Any) -> tuple[Outlines, str | None]:
    """The outlines of a figure's selection event, and the tool that drew the last of them.

    The browser is not ours: what is no outline is left out.
    """
    found, tool = [], None
    for name, kept in (("box", "select"), ("lasso", "lasso")):
        for drawn in _listed(_part(_part(event, "selection"), name)):
            x, y = _part(drawn, "x"), _part(drawn, "y")
            if not isinstance(x, list) or not isinstance(y, list) or len(x) != len(y) or len(x) > MOST_CORNERS:
                continue
            if name == "box" and len(x) == 2:
                x, y = [x[0], x[1], x[1], x[0]], [y[0], y[0], y[1], y[1]]
            if len(x) > 2 and all(_is_place(each) for each in (*x, *y)):
                found.append(tuple((float(a), float(b)) for a, b in zip(x, y, strict=True)))
                tool = kept
    return tuple(found), tool


def _listed(value: Any) -> list[Any]:
    return value[:MOST_OUTLINES] if isinstance(value, list) else []


def _is_place(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < FARTHEST


def _part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def forget_outlines() -> None:
    """Take away what was drawn with lasso and box."""
    st.session_state.pop(_OUTLINES, None)


def counted_words(plane: CrowdPlane, images: int, colour: str) -> str:
    """How many images are in view, of how many, and how they are drawn."""
    seen = f"**{count(plane.in_view)}** of {count(images)} test images in view"
    if plane.each:
        return f"{seen}, each drawn as a dot."
    what = {
        "class": "most frequent class",
        "component": "most frequent component",
        "ELBO": "mean ELBO",
    }[colour]
    return (
        f"{seen}, all counted in cells of {plane.cell:.2g} \u00d7 {plane.cell:.2g} latent units. A cell is coloured by "
        f"its {what}; its opacity increases from 1 image to {count(plane.most)}. Zoom in to see dots: they are drawn "
        f"for up to {count(services.MOST_POINTS)} images."
    )


def part_inputs(key: str, shown: services.Window, names: tuple[str, str], whole: services.Window) -> None:
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
                    show_part(key, services.Window(*ends))
                    st.rerun()
                st.error(f"Each \u201cfrom\u201d must be smaller than its \u201cto\u201d by at least {NARROWEST:g}.")
        if state.window(key) and st.button("Show the whole plane", key=f"{key}_whole", icon=":material/zoom_out_map:"):
            show_part(key, None)
            st.rerun()


def look_closer(key: str, ref: services.Ref, rows: np.ndarray, means: bool, drawn: bool) -> None:
    """Zoom to the selected images, and clear the selection."""
    if st.button("Zoom to these images", key="latent_closer", icon=":material/zoom_in:"):
        show_part(key, services.window_of(ref, rows, means))
        st.rerun()
    if drawn and st.button("Clear selection", key="latent_undrawn", icon=":material/close:"):
        forget_outlines()
        st.rerun()
