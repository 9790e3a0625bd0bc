"""Small pieces that Streamlit does not have: clicks and views of a figure, the window, a copied link, the history."""

from app.components.copy_link import copy_link
from app.components.narrow import watch_narrow
from app.components.one_entry import one_entry
from app.components.pick import Place, pick
from app.components.view import View, watch_view

__all__ = ["Place", "View", "copy_link", "one_entry", "pick", "watch_narrow", "watch_view"]
