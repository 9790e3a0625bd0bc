"""Tour: guided ways through the dashboard."""

from app import widgets
from app.widgets.tour import list_tours

widgets.page_head(
    "Tour",
    "Each step of a tour opens a page and says what to look at. Go on with the buttons at the top of the page or with "
    "the left and right arrow keys.",
)
list_tours()
