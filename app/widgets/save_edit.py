"""Saving an edited prior as a model: its name, the button, the way to it, and to its log p(x)."""

from urllib.parse import urlencode

import streamlit as st

from app.frontend.links import Link, links
from app.services import catalogue, saved_edits
from app.services.edits import Steps
from app.services.loading import Ref, ServiceError
from app.widgets import page
from app.widgets.text import plain

_SAVED = "_edit_saved"
OFF = (
    "Saving an edited prior is off on this server. Whoever runs it turns it on with the variable "
    "`VAMPSCOPE_TRAIN=local` "
    "(`make app` does so on one\u2019s own machine)."
)
HELP = (
    "Saves a new model of this experiment in the folder of runs: this prior with the encoder and decoder as trained. "
    "The ELBO is measured at once, log p(x) is not."
)


def offer(ref: Ref, steps: Steps) -> None:
    """Save the prior as it is edited, where this server may; else say in a sentence why not."""
    if not steps:
        return
    if not saved_edits.may_save():
        st.caption(OFF)
        return
    usual = saved_edits.usual_name(ref)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the new model", usual, key=f"edit_name_{usual}", max_chars=40, width=200)
        wanted = st.button("Save as a model", key="edit_save", icon=":material/save:", help=HELP)
    if wanted:
        try:
            with page.progress("Saving") as report:
                found = saved_edits.save(ref, steps, name, lambda done, all_: report(done / all_, "measuring"))
        except ServiceError as error:
            st.error(plain(error), icon=":material/error:")
            return
        st.session_state[_SAVED] = ref, steps, found
        st.rerun()  # the sidebar lists it now
    _show_saved(ref, steps)


def _show_saved(ref: Ref, steps: Steps) -> None:
    """The model that this edit was saved as, if it was."""
    if _SAVED not in st.session_state or st.session_state[_SAVED][:2] != (ref, steps):
        return
    found: Ref = st.session_state[_SAVED][2]
    st.success(f"Saved as {plain(found.name)}.", icon=":material/check:")
    score = catalogue.metric(found, "log_likelihood")
    if score is None:
        st.caption("Its log p(x) is not measured yet. This command does it:")
        st.code(saved_edits.command(found), language="bash", wrap_lines=True)
        _offer_to_measure(ref, steps, found)
    else:
        page.metric_row([score])
    address = urlencode({"experiment": found.experiment, "prior": found.prior})
    links("Saved model", [Link("Open it in Overview", f"./?{address}", primary=True)], key="edit_saved_link")


def _offer_to_measure(ref: Ref, steps: Steps, found: Ref) -> None:
    """A button that measures log p(x) of the saved model, where that takes no longer than a page may."""
    seconds = saved_edits.seconds_to_measure(found)
    if seconds > saved_edits.MOST_SECONDS:
        return
    words = f"Takes about {max(1, round(seconds))} s here; what is measured is stored in the model."
    if not st.button("Measure log p(x)", key="edit_score", icon=":material/hourglass_empty:", help=words):
        return
    try:
        with page.progress("Measuring log p(x)") as report:
            scored = saved_edits.measure(
                found, lambda done, all_: report(done / all_, "sampling" if done < all_ else "integrating")
            )
    except ServiceError as error:
        st.error(plain(error), icon=":material/error:")
        return
    st.session_state[_SAVED] = ref, steps, scored
    st.rerun()
