"""Images in the plane: switches, what the browser is given for them, and what they are in words."""

import streamlit as st

from app import frontend
from app.figures.points import POINTS
from app.services import catalogue, cursor, decoder
from app.services.loading import Ref
from app.widgets.controls import switch
from app.widgets.kept import bring, kept
from app.widgets.latent_plane.images import Coloured
from app.widgets.page import is_inverted


def bring_pictures(ref: Ref) -> None:
    """Send what the images need with the page where the server has no address for it; outside of fragments."""
    if not catalogue.is_vector(catalogue.facts(ref).shape):
        bring("means", ref, cursor.packed_means(ref))
        bring("originals", ref, cursor.packed_originals(ref))


def show_dot_images(ref: Ref, chart_key: str, trace: str = POINTS) -> None:
    """Show the image of a dot that is pointed at, where the server has addresses for images.

    Arguments:
        ref: The checkpoint.
        chart_key: Key of the chart.
        trace: Name of the trace of the dots, see `frontend.dot_image`.
    """
    means = cursor.packed_means(ref)
    images = kept("image", ref, means)
    if images.address is not None and not catalogue.is_vector(catalogue.facts(ref).shape):
        frontend.dot_image(chart_key, trace=trace, images=images, inverted=is_inverted(ref))


def picture_switches(ref: Ref) -> tuple[bool, bool]:
    """Whether to show images at the points, and what places decode to behind them."""
    if catalogue.is_vector(catalogue.facts(ref).shape):
        return False, False
    able = decoder.packed(ref) is not None
    images = (able or cursor.packed_originals(ref) is not None) and switch(
        "Images at the dots",
        key="latent_images",
        default=True,
        help=f"Some of {cursor.MOST:,} test images, where none covers another; zoom in to see more of them.",
    )
    ground = able and switch(
        "Decoded places behind the dots",
        key="latent_ground",
        help="What the decoder makes of a grid of places, also of those where there is no dot.",
    )
    return images, ground


def show_pictures(ref: Ref, chart_key: str, images: bool, ground: bool, means: bool, coloured: Coloured) -> None:
    """Draw the images that are switched on, and say what they are.

    Arguments:
        ref: The checkpoint.
        chart_key: Key of the plane's figure.
        images: Whether to show test images at their points.
        ground: Whether to show what places decode to.
        means: Whether points are posterior means.
        coloured: The classes in view.
    """
    if not images and not ground:
        return
    facts, originals, packed = catalogue.facts(ref), cursor.packed_originals(ref), decoder.packed(ref)
    frontend.plane_pictures(
        chart_key,
        shape=facts.shape,
        inverted=is_inverted(ref),
        images=images,
        ground=ground,
        samples=not means,
        classes=coloured.classes,
        means=kept("means", ref, cursor.packed_means(ref)),
        originals=None if originals is None else kept("originals", ref, originals),
        decoder=None if packed is None else kept("decoder", ref, packed),
    )
    words = []
    if images:
        what = "Test images" if originals else "Reconstructions of test images, which are not at hand,"
        words.append(f"{what} stand at their dots where there is room; zoom in for more.")
    if ground:
        words.append("The faint images behind the dots are decoded places.")
    st.caption(" ".join(words))
