"""Small pieces that Streamlit does not have: clicks and views of a figure, the window, a copied link, the history."""

from app.frontend.carry import Kept, carry
from app.frontend.copy_link import copy_link
from app.frontend.cursor import CursorMap, cursor
from app.frontend.dot_image import dot_image
from app.frontend.draw import draw
from app.frontend.hover import hover
from app.frontend.morph import MorphRow, morph
from app.frontend.narrow import watch_narrow
from app.frontend.one_entry import one_entry
from app.frontend.pick import Place, pick
from app.frontend.plane_pictures import plane_pictures
from app.frontend.spot import Spot, spot
from app.frontend.view import View, watch_view

__all__ = [
    "CursorMap",
    "Kept",
    "MorphRow",
    "Place",
    "Spot",
    "View",
    "carry",
    "copy_link",
    "cursor",
    "dot_image",
    "draw",
    "hover",
    "morph",
    "one_entry",
    "pick",
    "plane_pictures",
    "spot",
    "watch_narrow",
    "watch_view",
]
