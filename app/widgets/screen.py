"""What is known of the viewer's screen: guessed at first, then as the browser says."""

import streamlit as st

from app.frontend import watch_narrow

DESK, PHONE = 720, 350
_NARROW = "_narrow"


def is_narrow() -> bool:
    """Whether things stand under one another, as on a phone: what the browser has said, else what its name suggests.

    Browsers on phones say "Mobi" in the name that they give themselves.

    Reference:
        https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/Browser_detection_using_the_user_agent
    """
    named = "Mobi" in (st.context.headers.get("User-Agent") or "")
    return bool(st.session_state.get(_NARROW, named))


def follow_width() -> None:
    """Draw the page anew when the browser says that its window is not as wide as assumed."""
    watch_narrow(is_narrow(), on_narrow=lambda narrow: st.session_state.update({_NARROW: narrow}))


def strip_width() -> int:
    """About how many pixels wide the cells of a strip of images are, which stands alone on its line."""
    return PHONE - 80 if is_narrow() else 960


def picture_width() -> int:
    """About how many pixels wide a page's picture is: plotly wants its height before the browser knows the width."""
    return PHONE if is_narrow() else DESK


def plane_height() -> int:
    """Pixels of the latent plane, title and axes included: about as high as wide on a phone and on a desk."""
    return 400 if is_narrow() else 680
