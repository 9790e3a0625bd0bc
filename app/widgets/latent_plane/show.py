"""The plane on its page: points or binned points, what is in view in words, and a way to zoom by keyboard."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from app import state
from app.figures.drawing import Drawing
from app.services import catalogue, densities
from app.services.latent_plane import encoding, selection, view
from app.services.loading import Ref
from app.widgets.export import figure, saved_as
from app.widgets.latent_plane.binned import binned_words, draw_binned
from app.widgets.latent_plane.images import Coloured, of_classes
from app.widgets.latent_plane.points import draw_points
from app.widgets.latent_plane.selection import follow_outlines
from app.widgets.latent_plane.view import Look, follow_view, frozen_view, look_at, part_inputs
from app.widgets.numbers import count
from app.widgets.page import mode
from app.widgets.screen import plane_height


class Shown(NamedTuple):
    """What the plane shows.

    Attributes:
        selected: Rows of the test images inside lasso or box.
        words: How many images are in view and how they are drawn, as a sentence.
        classes: Indices of the classes in view; all if empty.
    """

    selected: np.ndarray
    words: str
    classes: tuple[int, ...] = ()


def axis_words(ref: Ref) -> tuple[str, str]:
    """Names of the two axes where their values are typed."""
    return ("z\u2081", "z\u2082") if encoding.plane(ref).exact else ("First axis", "Second axis")


def show_plane(ref: Ref, chart_key: str, view_key: str, means: bool, coloured: Coloured, ellipses: bool) -> Shown:
    """Show the plane, with every point of a small test set, and of a large one what a browser can draw.

    Arguments:
        ref: The checkpoint.
        chart_key: Key of the figure.
        view_key: Name of the region in view in the URL.
        means: Posterior means in place of samples.
        coloured: What colours the points, and which classes are in view.
        ellipses: Whether to draw the components.
    """
    look, whole = look_at(ref, view_key), densities.window((ref,))
    show = _show_binned if view.is_binned(ref) else _show_points
    with st.container(gap=None):
        shown = show(ref, chart_key, means, coloured, ellipses, look)
        follow_view(chart_key, view_key)
    words, way = st.columns([2, 1], gap="medium")
    words.caption(shown.words)
    with way:
        part_inputs(view_key, look.view or whole, axis_words(ref), whole)
    return shown


def _show_points(ref: Ref, chart_key: str, means: bool, coloured: Coloured, ellipses: bool, look: Look) -> Shown:
    """The plane with all points; the browser moves about in it by itself."""
    images = catalogue.facts(ref).images
    asked = (ref, mode(), plane_height(), means, coloured, ellipses)
    # What the browser shows is gone after a visit to another page, and when the tool bar has another camera.
    _chart(ref, chart_key, draw_points(*asked, frozen_view(look, (*asked, state.visit(), saved_as()))))
    of_these = of_classes(ref, coloured.classes)
    in_view, seen = images, f"**{count(images)}** test images"
    if coloured.classes:
        in_view = int(of_these.sum())
        seen = f"**{count(in_view)}** of {count(images)} test images, of the selected classes"
    if look.view is not None:
        in_view = int(of_these[selection.rows_in(ref, look.view, means)].sum())
        seen = f"**{count(in_view)}** of {count(images)} test images in view"
        seen += ", of the selected classes" if coloured.classes else ""
    drawn = "each drawn as a dot"
    if look.view is None:
        outside = in_view - int(of_these[selection.rows_in(ref, densities.window((ref,)), means)].sum())
        drawn += "; zoom out to see those outside the frame" if outside else ""
    return Shown(_selected(ref, means, coloured, look), f"{seen}, {drawn}.", coloured.classes)


def _show_binned(ref: Ref, chart_key: str, means: bool, coloured: Coloured, ellipses: bool, look: Look) -> Shown:
    """The plane with the points in view where they are few enough, else with their counts."""
    plane = draw_binned(ref, mode(), plane_height(), means, coloured, ellipses, look)
    _chart(ref, chart_key, plane.drawing)
    words = binned_words(plane, catalogue.facts(ref).images, coloured.by)
    words += " Only the selected classes are shown." if coloured.classes else ""
    return Shown(_selected(ref, means, coloured, look), words, coloured.classes)


def _selected(ref: Ref, means: bool, coloured: Coloured, look: Look) -> np.ndarray:
    """The rows of the test images inside an outline, of the classes in view."""
    rows = selection.rows_inside(ref, look.outlines, means)
    return rows[of_classes(ref, coloured.classes)[rows]]


def _chart(ref: Ref, chart_key: str, drawing: Drawing) -> None:
    """Show the plane; what is drawn on it with lasso or box is kept."""
    figure(
        drawing,
        key=chart_key,
        name=f"{catalogue.facts(ref).name}-latent-space",
        selectable=True,
        on_select=lambda: follow_outlines(ref, chart_key),
    )
