"""Small pieces that Streamlit does not have: a click anywhere in a figure, what of it is in view, a copied link."""

from app.components.copy_link import copy_link
from app.components.pick import Place, pick
from app.components.view import View, watch_view

__all__ = ["Place", "View", "copy_link", "pick", "watch_view"]
