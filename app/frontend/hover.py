"""What lies under the pointer over a plotly figure, decoded in the browser: see `app/services/decoder.py`."""

from collections.abc import Callable

import streamlit as st

from app.figures.theme import COMPARED
from app.frontend.carry import Kept
from app.frontend.pick import Place, host_class, place_of
from app.frontend.sources import component

_MOUNT = component("hover", "plot", "decode")


def hover(
    chart_key: str,
    card_key: str,
    *,
    label: str,
    mark: tuple[float, float],
    decoder: Kept,
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
        decoder: The packed decoder.
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
            "decoder": decoder._asdict(),
            "inverted": inverted,
            "rim": rim,
            "colour": COMPARED,
        },
        on_pick_change=changed,
        height="content",
    )
