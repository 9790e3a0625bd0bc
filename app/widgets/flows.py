"""What a page says where the prior or the posteriors are flows."""

import streamlit as st

from app.services import catalogue
from app.services.loading import Ref

NO_AGGREGATE = (
    "the posteriors are flows, so the density of the aggregated posterior takes N inverse passes at each point."
)
NO_DENSITY = (
    "This prior is a flow without a density on the plane. The image is decoded from the clicked point on the plane."
)
NO_PROJECTION = "a flow has no exact projection onto a plane."


def say_flow(ref: Ref) -> None:
    """Say in a line what a picture of this checkpoint's plane leaves out because of a flow; nothing without one."""
    facts, words = catalogue.facts(ref), []
    if not facts.has.plane_density:
        words.append("No contours: this prior is a flow, which has no exact projection onto a plane.")
    if not facts.has.posterior_density:
        words.append(
            "The posteriors are flows. Their means and standard deviations are stored (from 256 samples an image); a "
            "dot is a sample of the normal distribution with these."
        )
    if words:
        st.caption(" ".join(words))
