"""The component in view, which the pages of pseudo-inputs and of components share through the URL."""

import contextlib

import numpy as np
import streamlit as st
from streamlit.errors import StreamlitAPIException

from app import state
from app.figures.export import Column
from app.figures.tiles import TileMap
from app.frontend import pick
from app.services import catalogue, prior_components
from app.services.loading import Ref
from app.widgets.controls import number
from app.widgets.export import csv_button
from app.widgets.numbers import format_value

COMPONENT = "component"
_LAST = "_component"
_SEEN = "_components_seen"
LEAST, LEAST_ALONE = 1e-5, 1e-8
"""The smallest shares that are written as numbers: with a standard error, and without."""


def choose_component(ref: Ref, label: str, help: str) -> int:
    """The number of the component in view, the most used one at first; 0 without a control where there is only one.

    A component of one prior has nothing to do with that of the same number in another, so another checkpoint starts
    with the component that was last in view there, at first the most used one. Where the browser's Back leads to
    another checkpoint, the address names its component.

    Arguments:
        ref: The checkpoint.
        label: Words above the control.
        help: How else a component can be chosen.
    """
    facts = catalogue.facts(ref)
    if not facts.has.several_components:
        return 0
    missing, most_used = prior_components.summary(ref).missing, int(prior_components.order(ref, "usage")[0])
    owner, visit, last = st.session_state.get(_LAST, (ref, state.visit(), most_used))
    seen: dict[Ref, int] = st.session_state.setdefault(_SEEN, {})
    if owner != ref:
        if st.session_state.get(COMPONENT, last) == last:
            st.session_state[COMPONENT] = seen.get(ref, most_used)
    elif visit != state.visit() and last != most_used and COMPONENT not in st.query_params:
        # Streamlit carries what somebody chose to another page, and lets nobody else write it into the address; what
        # came with the address it does not carry.
        st.session_state[_LAST] = ref, state.visit(), last
        with contextlib.suppress(StreamlitAPIException):
            st.query_params[COMPONENT] = str(last)
            st.rerun()
    chosen = number(label, key=COMPONENT, low=0, high=facts.info.components - 1, default=most_used, help=help)
    st.session_state[_LAST] = ref, state.visit(), chosen
    seen[ref] = chosen
    if chosen not in missing:
        return chosen
    st.caption(f"Component {chosen} is not in the mixture (removed, or never added). Shown instead: {most_used}.")
    return most_used


def show_component(k: int | None) -> None:
    """Put a component that was clicked in view; for callbacks. None, a click beside all of them, changes nothing."""
    if k is not None:
        st.session_state[COMPONENT] = k


def pick_component(key: str, where: TileMap, component: int, *, caption_share: float) -> None:
    """Mark the component in view on a picture of tiles, if it is there; a click on another one puts that in view.

    Arguments:
        key: Of the picture.
        where: Its map from cells to components.
        component: The component in view.
        caption_share: Of a cell's height, for what stands under its image; 0 of cells without.
    """
    mark = None
    if component in where.ids:
        row, column = where.cell_of(component)
        mark = (column + 0.5, row + (1 - caption_share) / 2)
    pick(key, mark=mark, on_pick=lambda place: show_component(where.index_at(place.x, place.y)))


def _one_digit(value: float) -> str:
    """A small number with its first digit, not in powers of ten: "0.00004"."""
    return np.format_float_positional(value, precision=1, fractional=False, trim="-")


def percent(share: float, se: float | None = None) -> str:
    """A share of one as a percentage, with its standard error."""
    if se is None and 0 < share < LEAST:
        least = max(share, LEAST_ALONE)
        words = f"{_one_digit(100 * least)} %"
        return words if share >= LEAST_ALONE else f"below {words}"
    if 0 < share < LEAST and (se or 0) < LEAST:
        return f"below {100 * LEAST:g} %"
    if se is None and share >= 0.9995:  # as many digits as 100 has
        return "100 %"
    return format_value(100 * share, None if se is None else 100 * se) + " %"


def component_table(ref: Ref, key: str) -> None:
    """A button that hands out what is known of every component that the mixture has."""
    facts, known = catalogue.facts(ref), prior_components.summary(ref)
    living = known.present
    columns: dict[str, Column] = {
        "component": living,
        "weight (share)": known.weights[living],
        "usage (share)": known.usage[living],
        "usage standard error (share)": known.usage_se[living],
        "dead": known.dead[living].astype(int),
        "class": [facts.classes[each] if each >= 0 else None for each in known.classes[living]],
    }
    csv_button("Save the table", columns, key=key, name=f"{facts.name}-components")
