"""Whether somebody still waits for what a page computes."""

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType


def stop_if_left() -> None:
    """End this run where its viewer has closed the page; start it again where they have changed a control.

    Streamlit keeps the session of a closed page for two minutes, and lets a run go on to its end before it runs a
    fragment whose control was changed.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return
    if exists() and not get_instance().is_active_session(context.session_id):
        st.stop()
    if is_requested(context.script_requests):
        # The whole page: the fragment alone would leave undone what this run has not reached.
        st.rerun()


def is_requested(requests: object) -> bool:
    """Whether another run waits for this one to end."""
    state = getattr(requests, "_state", ScriptRequestType.CONTINUE)
    return state is not ScriptRequestType.CONTINUE
