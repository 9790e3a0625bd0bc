"""A canvas on which the viewer draws with mouse, pen or finger."""

import base64
import binascii
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent

_MOUNT = st.components.v2.component(
    "vampscope_draw",
    html=(_HERE / "draw.html").read_text("utf-8"),
    css=(_HERE / "draw.css").read_text("utf-8"),
    js=(_HERE / "draw.js").read_text("utf-8"),
)


def ink_of(value: Any, count: int) -> bytes | None:
    """What the browser sent as a drawing of so many pixels; None for anything else."""
    try:
        found = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (ValueError, binascii.Error):
        return None
    return found if len(found) == count else None


def draw(*, key: str, label: str, size: tuple[int, int], inverted: bool) -> bytes | None:
    """Offer a canvas, which keeps what is drawn on it while the page runs again.

    Arguments:
        key: Of the element.
        label: What a screen reader says of it. Name the keyboard's way there.
        size: Height and width of the drawing that is returned.
        inverted: Whether ink is dark on light; else light on dark.

    Returns:
        A byte for each pixel, row by row, 255 of ink; None before the first stroke, and after Clear.
    """
    height, width = size
    data = {"label": label, "width": width, "height": height, "inverted": inverted}
    result = _MOUNT(key=key, data=data, on_ink_change=lambda: None, height="content")
    return ink_of(result.ink, height * width)
