"""What is known of the viewer's screen before anything is drawn on it."""

import base64

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

    It travels within the page's own message. As a file Streamlit would make a JPEG of it or shrink it, which takes time
    and blurs the edges, and would have dropped it when a control moves on before the browser has asked for it.
    """
    st.image("data:image/png;base64," + base64.b64encode(png).decode(), width="stretch", alt=alt)
