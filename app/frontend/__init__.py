"""Small pieces that Streamlit does not have: clicks and views of a figure, the window, a copied link, the history."""

from app.frontend.copy_link import copy_link
from app.frontend.hover import carry_decoder, hover
from app.frontend.narrow import watch_narrow
from app.frontend.one_entry import one_entry
from app.frontend.pick import Place, pick
from app.frontend.view import View, watch_view

__all__ = ["Place", "View", "carry_decoder", "copy_link", "hover", "one_entry", "pick", "watch_narrow", "watch_view"]
