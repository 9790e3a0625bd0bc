"""A canvas on which the viewer draws with mouse, pen or finger."""

import base64
import binascii
from typing import Any

from app.frontend.sources import component, source

_MOUNT = component("draw", html=source("draw.html"), css=source("draw.css"))


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
