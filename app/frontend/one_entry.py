"""One entry of the browser's history for each change that a viewer makes, so that Back undoes it whole."""

from pathlib import Path

import streamlit as st

_MOUNT = st.components.v2.component(
    "vampscope_one_entry",
    html="<span></span>",
    js=(Path(__file__).parent / "one_entry.js").read_text("utf-8"),
)


def one_entry() -> None:
    """Let what a run changes in the address belong to the entry of the change that started the run."""
    _MOUNT(key="one_entry", height="content")
