"""Parts of a page that run again by themselves."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from app.services import turns
from app.services.loading import ServiceError
from app.widgets.text import plain

P = ParamSpec("P")


def fragment(function: Callable[P, None]) -> Callable[P, None]:
    """Streamlit's fragment, which is drawn in turn with the other viewers' pages.

    What cannot be shown is said in one line, in the place of the rest of the part.
    What a control does not change belongs outside of the fragment that the control is in: a part of a page runs whole.
    A fragment may fill containers that were made outside of it. One within another may fill containers of that one: in
    those of the page what it put there before would stay beside the new.
    """
    return st.fragment(_in_turn(function))


def ticking(function: Callable[P, None], seconds: float | None) -> Callable[P, None]:
    """A fragment that also runs again by itself.

    How often is decided where the whole page runs: to change it from inside, run the page again.

    Arguments:
        function: What it draws.
        seconds: Between two runs; None for a fragment that waits for its controls.
    """
    return st.fragment(_in_turn(function), run_every=seconds)


def _in_turn(function: Callable[P, None]) -> Callable[P, None]:
    @wraps(function)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        with turns.rendering():
            try:
                function(*args, **kwargs)
            except ServiceError as error:
                st.error(plain(error), icon=":material/error:")

    return drawn
