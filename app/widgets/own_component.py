"""A component added to an edited prior at an image of the viewer's own."""

import streamlit as st

from app.services.edits import Step
from app.services.loading import Ref
from app.widgets import edit_history, own_image


def offer_own_component(ref: Ref, share: float) -> None:
    """Draw or upload an image, and add a component at its posterior.

    Arguments:
        ref: The checkpoint.
        share: The component's weight.
    """
    if not own_image.can_have(ref):
        return
    # Its content is sent once it is open.
    with st.expander("Your own image", icon=own_image.ICON, key="edit_own_open", on_change="rerun") as box:
        if not box.open:
            return
        own = own_image.choose(ref, "edit")
        if own is not None:
            st.caption(f"As the model sees it: {own_image.seen_words(ref, own)}.")
            with st.container(width=150):
                own_image.as_seen(ref, own)
        st.button(
            "Add a component at this image",
            key="edit_do_own",
            icon=":material/add:",
            disabled=own is None,
            on_click=edit_history.add,
            args=() if own is None else (ref, Step(own.kind, weight=share, image=own.content)),
        )
