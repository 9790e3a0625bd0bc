"""Whether to measure the prior's mass in holes, which takes seconds for a large test set."""

import streamlit as st

from app.services import catalogue
from app.services.loading import Ref

# Test images from which on a button asks for it.
SLOW = 3000
_WANTED = "_holes_wanted"


def holes_requested(refs: tuple[Ref, ...], key: str) -> bool:
    """Whether the holes of these checkpoints are measured: at once for small test sets, else when somebody asks.

    Arguments:
        refs: The checkpoints, each with holes to measure.
        key: Of the button, which is drawn where it is needed.
    """
    wanted: set[Ref] = st.session_state.get(_WANTED, set())
    slow = {ref for ref in refs if catalogue.facts(ref).images >= SLOW} - wanted
    if slow:
        st.button(
            "Measure the prior mass in holes",
            key=key,
            icon=":material/hourglass_empty:",
            help="Splits the test images at random into two halves, 20 times, and compares the halves. Takes seconds "
            "for 10,000 images, minutes for a million.",
            on_click=st.session_state.update,
            args=({_WANTED: wanted | slow},),
        )
    return not slow
