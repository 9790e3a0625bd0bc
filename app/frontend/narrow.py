"""Whether the window is too narrow to put things side by side, which only the browser knows."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.frontend.sources import component

_MOUNT = component("narrow")
_KEY = "narrow"


def narrow_of(value: Any) -> bool | None:
    """What the browser sent about its window; None for anything else."""
    said = value.get("narrow") if isinstance(value, dict) else None
    return said if isinstance(said, bool) else None


def watch_narrow(assumed: bool, *, on_narrow: Callable[[bool], None]) -> None:
    """Report whether the window is narrow, where it is otherwise than assumed, at first and whenever it changes.

    Arguments:
        assumed: What the page was drawn for.
        on_narrow: Called with what it is instead, before the script runs again.
    """

    def changed() -> None:
        narrow = narrow_of(st.session_state[_KEY].width)
        if narrow is not None:
            on_narrow(narrow)

    _MOUNT(key=_KEY, data={"assumed": assumed}, on_width_change=changed, height="content")
