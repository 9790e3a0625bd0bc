"""What is known of the viewer's screen before anything is drawn on it."""

from typing import Literal

import streamlit as st

DESK, PHONE = 720, 350


def picture_width() -> int:
    """About how many pixels wide a page's picture is: plotly wants its height before the browser knows the width.

    Browsers on phones say "Mobi" in the name that they give themselves.

    Reference:
        https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/Browser_detection_using_the_user_agent
    """
    return PHONE if "Mobi" in (st.context.headers.get("User-Agent") or "") else DESK


def picture(png: bytes, *, alt: str, width: int | Literal["stretch"] = "stretch") -> None:
    """Show a PNG as it is: unless told, Streamlit makes a JPEG of it, which takes time and blurs the edges."""
    st.image(png, width=width, alt=alt, output_format="PNG")
