"""Small pieces that Streamlit does not have: a click anywhere in a figure, and a link that is copied."""

from app.components.copy_link import copy_link
from app.components.pick import Place, pick

__all__ = ["Place", "copy_link", "pick"]
