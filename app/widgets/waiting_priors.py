"""Which edited priors a comparison leaves out, and how to measure what they lack."""

from collections.abc import Sequence

import streamlit as st

from app.services.catalogue import metric
from app.services.loading import Ref
from app.services.saved_edits import command
from app.widgets.family import short_words
from app.widgets.numbers import listed


def say_waiting(refs: tuple[Ref, ...]) -> None:
    """That these lack log p(x), and the command that measures it; nothing where there are none."""
    lacking = [ref for ref in refs if metric(ref, "log_likelihood") is None]
    if lacking:
        commands = listed([f"`{command(ref)}`" for ref in lacking])
        st.caption(f"Left out: {_names(lacking)}, since log p(x) is not measured. To measure it: {commands}")
    if others := [ref for ref in refs if ref not in lacking]:
        st.caption(f"Left out: {_names(others)}, since log p(x) was estimated in another way than that of the others.")


def _names(refs: Sequence[Ref]) -> str:
    return listed([short_words(ref) for ref in refs])
