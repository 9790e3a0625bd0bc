"""Parts of a page that run again by themselves."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, cast

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

    @wraps(function)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        with turns.rendering():
            try:
                function(*args, **kwargs)
            except ServiceError as error:
                st.error(plain(error), icon=":material/error:")

    return cast("Callable[P, None]", st.fragment(drawn))
