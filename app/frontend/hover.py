"""What lies under the pointer over a plotly figure, decoded in the browser: see `app/services/decoder.py`."""

from collections.abc import Callable

import streamlit as st

from app.figures.theme import COMPARED
from app.frontend.pick import Place, host_class, place_of
from app.frontend.sources import javascript

_MOUNT = st.components.v2.component("vampscope_hover", html="<span></span>", js=javascript("plot", "decode", "hover"))
_CARRY = st.components.v2.component("vampscope_carry", html="<span></span>", js=javascript("decode", "carry"))


def carry_decoder(sent: bytes, digest: str) -> None:
    """Bring a decoder to the browser as data, where the server has no address for it.

    Call it on the page itself, not in a fragment: then it is sent once, and not again while its page is open.

    Arguments:
        sent: The packed decoder.
        digest: Its digest, 16 letters.
    """
    _CARRY(key=f"decoder-{digest}", data=digest.encode() + sent, height="content")


def hover(
    chart_key: str,
    card_key: str,
    *,
    label: str,
    mark: tuple[float, float],
    digest: str,
    address: str | None,
    inverted: bool,
    rim: int,
    on_pick: Callable[[Place], None],
) -> None:
    """Decode what lies under the pointer over the figure shown by `st.plotly_chart(key=chart_key)`.

    The image covers that of the container `card_key` for as long as the pointer is on the figure. The figure gets a
    stop for the keyboard: arrows move a cursor by a hundredth of what is in view, with Shift by a tenth, and Enter
    picks its place. A tap decodes at once.

    Arguments:
        chart_key: Key of the chart, whose first axes have to be linear.
        card_key: Key of the container, in which the first picture is the decoded one.
        label: Name of the keyboard's stop, which says what the keys do.
        mark: Where the keyboard's cursor begins.
        digest: Of the decoder.
        address: Where the browser fetches it; None where `carry_decoder` brings it.
        inverted: Whether black and white change places.
        rim: Transparent pixels around the picture, in those of the image.
        on_pick: Called with the place of Enter before the script runs again.
    """
    key = f"{chart_key}--hover"

    def changed() -> None:
        place = place_of(st.session_state[key].pick)
        if place is not None:
            on_pick(place)

    _MOUNT(
        key=key,
        data={
            "host": host_class(chart_key),
            "card": host_class(card_key),
            "label": label,
            "mark": {"x": float(mark[0]), "y": float(mark[1])},
            "digest": digest,
            "address": address,
            "inverted": inverted,
            "rim": rim,
            "colour": COMPARED,
        },
        on_pick_change=changed,
        height="content",
    )
