"""Present mode, for a stage: the sidebar folded, headings and figures larger. `?present` turns it on."""

import streamlit as st

KEY = "present"


def is_presenting() -> bool:
    """Whether the present mode is on, by its switch, or by the URL before there is one."""
    if KEY in st.session_state:
        return bool(st.session_state[KEY])
    return st.query_params.get(KEY, "false").lower() in ("", "true")


def spell_out() -> None:
    """Write `?present` as its switch reads it, and start the run afresh."""
    if KEY not in st.session_state and st.query_params.get(KEY) == "":
        st.query_params[KEY] = "true"
        st.rerun()
