"""What is known of the viewer's screen before anything is drawn on it."""

import streamlit as st

DESK, PHONE = 720, 350


def picture_width() -> int:
    """About how many pixels wide a page's picture is: plotly wants its height before the browser knows the width.

    Browsers on phones say "Mobi" in the name that they give themselves.

    Reference:
        https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/Browser_detection_using_the_user_agent
    """
    return PHONE if "Mobi" in (st.context.headers.get("User-Agent") or "") else DESK


def picture(png: bytes, *, alt: str) -> None:
    """Show a PNG as it is, as wide as what it stands in.

    Unless told, Streamlit makes a JPEG of it, and to a width in pixels it shrinks the file: both take time and blur the
    edges.
    """
    st.image(png, width="stretch", alt=alt, output_format="PNG")
