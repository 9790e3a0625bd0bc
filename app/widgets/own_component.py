"""A component added to an edited prior: at a test image, or at an image of the viewer's own."""

import streamlit as st

from app.services import catalogue
from app.services.edits import Step
from app.services.loading import Ref
from app.widgets import controls, edit_history, own_image


def add_component(ref: Ref) -> None:
    """Choose, draw or upload an image, and add a component at its posterior."""
    offered = (own_image.PICK, *own_image.ways(ref))
    way = controls.choose("Image", offered, key="edit_own", default=offered[0]) if len(offered) > 1 else offered[0]
    own, row = None, None
    if way == own_image.PICK:
        row = controls.number("Test image", key="edit_image", low=0, high=catalogue.facts(ref).images - 1, width=130)
    else:
        take, seen = st.columns([2, 1], gap="small")
        with take:
            own = own_image.choose(ref, "edit", way)
        words = st.empty()  # so that the button stays in its place, and is never there twice
        if own is not None:
            with seen.container(width=112):
                own_image.as_seen(ref, own)
            words.caption(f"As the model sees it: {own_image.seen_words(ref, own)}.")
    amount, act = st.columns(2, vertical_alignment="bottom")
    with amount:
        share = edit_history.weight("edit_share", "The other weights keep their proportions.")
    step = None
    if row is not None:
        step = Step("image", number=row, weight=share)
    elif own is not None:
        step = Step(own.kind, weight=share, image=own.content)
    with act:
        edit_history.step_button(ref, "Add it", step, "add", key="edit_do_add")
