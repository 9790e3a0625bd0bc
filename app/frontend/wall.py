"""A wall of tiles, one for each component of a prior, of which one is chosen."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import streamlit as st

from app.figures.theme import COMPARED
from app.frontend.carry import Kept
from app.frontend.sources import component, source

_MOUNT = component(
    "wall", "decode", html='<div class="wall" role="listbox" tabindex="0"></div>', css=source("wall.css")
)


def component_of(value: Any, known: Collection[int]) -> int | None:
    """The component that the browser names, one of those known; None for anything else."""
    k = value.get("component") if isinstance(value, dict) else None
    return k if isinstance(k, int) and not isinstance(k, bool) and k in known else None


def wall(
    content: Kept,
    order: Sequence[int],
    *,
    key: str,
    label: str,
    show: str,
    chosen: int,
    least: int,
    many: bool,
    on_pick: Callable[[int], None],
) -> None:
    """Show the tiles of some components; a click, a tap or an arrow key puts another one in view.

    The tile that the pointer or the keyboard is on fades from its pseudo-input to its decoded mean, or back.

    Arguments:
        content: The packed tiles, see `app.widgets.wall`.
        order: The components, as they follow each other.
        key: Of the element.
        label: Name of the keyboard's stop, which says what the keys do.
        show: "pairs", "pseudo-inputs" or "decoded".
        chosen: The component in view, whose tile has an amber rim.
        least: Pixels that a tile is wide, at least.
        many: Whether tiles stand without words and rims, and grow under the pointer.
        on_pick: Called with the chosen component before the script runs again.
    """

    def changed() -> None:
        picked = component_of(st.session_state[key].pick, order)
        if picked is not None:
            on_pick(picked)

    data = {
        "content": content._asdict(),
        "order": list(order),
        "label": label,
        "show": show,
        "chosen": chosen,
        "least": least,
        "many": many,
        "mark": COMPARED,
    }
    _MOUNT(key=key, data=data, on_pick_change=changed, height="content")
