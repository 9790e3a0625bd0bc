"""Tour: guided ways through the dashboard."""

from app.widgets import page
from app.widgets.tour import list_tours

page.page_head(
    "Tour",
    "Each step of a tour opens a page and says what to look at. Go on with the buttons at the top of the page or with "
    "the left and right arrow keys.",
)
list_tours()
