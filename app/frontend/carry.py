"""Bytes that a browser keeps: fetched from an address where the server has one, else carried by the page."""

import contextlib
from typing import NamedTuple

from streamlit.errors import StreamlitDuplicateElementKey

from app.frontend.sources import component

_MOUNT = component("carry", "decode")


class Kept(NamedTuple):
    """What components name such bytes by.

    Attributes:
        digest: 16 letters that no other content has.
        address: Where the browser fetches it; None where `carry` brings it.
    """

    digest: str
    address: str | None


def carry(sent: bytes, digest: str) -> None:
    """Bring bytes to the browser as data, where the server has no address for them.

    Call it on the page itself, not in a fragment: then they are sent once, and not again while the page is open. The
    same bytes of another checkpoint are there already.
    """
    with contextlib.suppress(StreamlitDuplicateElementKey):
        _MOUNT(key=f"content-{digest}", data=digest.encode() + sent, height="content")
