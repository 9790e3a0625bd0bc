"""The plane of a large test set: the dots in view where they are few enough, else binned points."""

from typing import NamedTuple

import numpy as np

from app.figures.binned import BinCounts, add_counts, outline_trace, selected_points, step_back
from app.figures.class_labels import class_labels
from app.figures.drawing import Drawing
from app.figures.points import ByClass, ByComponent, ByValue, Colouring
from app.figures.theme import Theme
from app.services import catalogue, densities
from app.services.latent_plane import binned, encoding, selection, view
from app.services.latent_plane.binned import Bins
from app.services.loading import Ref
from app.services.memory import cached
from app.widgets.latent_plane.images import Coloured, colouring_of, of_classes
from app.widgets.latent_plane.points import base_plane, mark_selected
from app.widgets.latent_plane.view import Look
from app.widgets.numbers import count


class BinnedPlane(NamedTuple):
    """The plane of a large test set.

    Attributes:
        drawing: The figure.
        in_view: Points in the part that is in view.
        each: Whether they are drawn one by one.
        cell: Side of a cell in latent units, where they are counted.
        most: The most points in a cell.
    """

    drawing: Drawing
    in_view: int
    each: bool
    cell: float
    most: int


@cached(24, "Counting the images in view")
def draw_binned(
    ref: Ref, mode: Theme, height: int, means: bool, coloured: Coloured, ellipses: bool, look: Look
) -> BinnedPlane:
    """The plane of a large test set: dots if few enough are in view, else counts; both of the classes in view."""
    shown = look.view or densities.window((ref,))
    drawn = view.drawn_window(ref, look.view, means)
    # Lines are wanted on all that is drawn, but not at the cost of their fineness on the whole plane.
    lines = shown if look.view is None else drawn
    colour, of_these = coloured.by, of_classes(ref, coloured.classes)
    around, rows = (each[of_these[each]] for each in (selection.rows_in(ref, part, means) for part in (drawn, shown)))
    in_view = len(rows)
    selected = selection.rows_inside(ref, look.outlines, means)
    selected = selected[of_these[selected]]
    placed = encoding.points(ref, means)
    each = in_view <= view.MOST_POINTS
    cell = max(shown.right - shown.left, shown.top - shown.bottom) / binned.BINS
    most = 0
    if each:
        # Those just out of view as well, unless they are too many.
        order = np.random.default_rng(0).permutation(around if len(around) <= view.MOST_POINTS else rows)
        points = {"points": placed[order], "rows": order, "colouring": colouring_of(ref, colour, order)}
        drawing = base_plane(ref, mode, height, means, coloured, ellipses, shown, lines, points)
        if look.outlines:
            mark_selected(drawing, np.isin(order, selected))
    else:
        classes = []
        if colour == "class":
            kinds = ByClass(encoding.latents(ref).labels[rows], catalogue.facts(ref).classes)
            classes = class_labels(placed[rows], kinds, mode)
        drawing = base_plane(ref, mode, height, means, coloured, ellipses, shown, lines, {"classes": classes})
        every = np.flatnonzero(of_these) if coloured.classes else None
        counted = _bin_counts(ref, binned.bin_images(ref, drawn, cell, colour, means, every), colour)
        most = int(counted.count.max())
        many = len(selected) > view.MOST_POINTS
        among = None
        if many:
            among = _bin_counts(ref, binned.bin_images(ref, drawn, cell, colour, means, selected), colour)
        add_counts(drawing, counted, mode, shown, among)
        if len(selected) and not many:
            step_back(drawing)
            drawing.add(selected_points(placed[selected], colouring_of(ref, colour, selected), mode, selected))
    if look.outlines:
        drawing.add(outline_trace(look.outlines, webgl=each or len(selected) <= view.MOST_POINTS))
    # Where another part is asked for, the browser must not keep the one that it shows.
    drawing.update(dragmode=look.tool, uirevision=repr((shown, look.revision)))
    return BinnedPlane(drawing, in_view, each, cell, most)


def _bin_counts(ref: Ref, bins: Bins, colour: str) -> BinCounts:
    """The bins as figures take them."""
    colouring: Colouring
    if bins.mean is not None:
        colouring = ByValue(bins.mean.ravel(), "ELBO (nats)", encoding.elbo_ends(ref))
    elif colour == "class":
        colouring = ByClass(bins.leading.ravel(), catalogue.facts(ref).classes)
    else:
        colouring = ByComponent(bins.leading.ravel())
    return BinCounts(bins.window, bins.count, colouring, bins.leading_count)


def binned_words(plane: BinnedPlane, images: int, colour: str) -> str:
    """How many images are in view, of how many, and how they are drawn."""
    seen = f"**{count(plane.in_view)}** of {count(images)} test images in view"
    if plane.each:
        return f"{seen}, each drawn as a dot."
    what = {
        "class": "most frequent class",
        "component": "most frequent component",
        "ELBO": "mean ELBO",
    }[colour]
    return (
        f"{seen}, all counted in cells of {plane.cell:.2g} \u00d7 {plane.cell:.2g} latent units. A cell is coloured by "
        f"its {what}; its opacity increases from 1 image to {count(plane.most)}. Zoom in to see dots: they are drawn "
        f"for up to {count(view.MOST_POINTS)} images."
    )
