"""Small pieces that Streamlit does not have: clicks and views of a figure, the window's width, a copied link."""

from app.components.copy_link import copy_link
from app.components.narrow import watch_narrow
from app.components.pick import Place, pick
from app.components.view import View, watch_view

__all__ = ["Place", "View", "copy_link", "pick", "watch_narrow", "watch_view"]
