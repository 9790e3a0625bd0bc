"""How a component of these pages is made of the files beside it."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer


def source(file: str) -> str:
    """The content of a file of this folder."""
    return (Path(__file__).parent / file).read_text("utf-8")


def component(name: str, *shared: str, html: str = "<span></span>", css: str | None = None) -> "ComponentRenderer":
    """What puts a component on a page.

    A component's script is given to the browser as text, so that no file of it can import another: several are one
    module in their order, of which the last has the default export.

    Arguments:
        name: Of the component, and of its own file of JavaScript.
        shared: The files of JavaScript that come before it, without their ending.
        html: Its first content.
        css: Its style.
    """
    js = "\n".join(source(f"{script}.js") for script in (*shared, name))
    return st.components.v2.component(f"vampscope_{name}", html=html, css=css, js=js)
