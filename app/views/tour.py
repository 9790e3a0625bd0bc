"""Tour: guided ways through the dashboard."""

import streamlit as st

from app.widgets import page
from app.widgets.tour import list_tours

page.page_head(
    "Tour",
    "A tour leads through the pages, from what an autoencoder does to which prior wins, and says at each step what to "
    "look at.",
)
st.caption("The buttons at the top of each page and the left and right arrow keys lead from step to step.")
list_tours()
