"""What the server's process is told once, whatever page is opened first."""

import sys

import streamlit as st

HAND_OVER = 1e-3
"""Seconds after which a thread that draws lets one that waits go on; Python takes 5 ms."""


@st.cache_resource(show_spinner=False)
def hand_over_soon() -> None:
    """Let the thread that sends go on soon: it loses the interpreter with every message that it writes.

    The page that is being drawn then keeps it for as long as Python's switch interval, message after message.
    """
    sys.setswitchinterval(HAND_OVER)
