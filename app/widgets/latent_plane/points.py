"""The plane with a dot for each test image, and what it shares with the binned plane."""

from typing import Any

import numpy as np

from app.figures.binned import outline_trace
from app.figures.class_labels import add_legend
from app.figures.drawing import Drawing
from app.figures.plane import Components, left_room, plane
from app.figures.points import POINTS, others
from app.figures.theme import CLASS_COLOURS, Theme
from app.records import Window
from app.services import catalogue, densities, prior_components, priors
from app.services.latent_plane import encoding, selection
from app.services.loading import Ref
from app.services.memory import cached
from app.widgets.latent_plane.images import Coloured, class_names, colouring_of, of_classes, shuffled
from app.widgets.latent_plane.view import Look
from app.widgets.screen import picture_width

# Pixels above the plane, which the bar of the values needs: with fewer it would push the plane down.
TOP = 50
# About how many pixels wide the plane is on a desk.
WIDTH = 640


@cached(24)
def draw_points(
    ref: Ref, mode: Theme, height: int, means: bool, coloured: Coloured, ellipses: bool, look: Look
) -> Drawing:
    """Draw the plane, which depends neither on the point clicked nor, where `frozen_view` says so, on the view."""
    order = shuffled(catalogue.facts(ref).images)
    shown = of_classes(ref, coloured.classes)[order]
    others_order, order = order[~shown], order[shown]
    placed = encoding.points(ref, means)
    points = {"points": placed[order], "rows": order, "colouring": colouring_of(ref, coloured.by, order)}
    whole = densities.window((ref,))
    drawing = base_plane(ref, mode, height, means, coloured, ellipses, look.view or whole, whole, points)
    if len(others_order):
        drawing.data.insert(0, others(placed[others_order], mode))
    drawing.update(dragmode=look.tool, uirevision=look.revision)
    if look.outlines:
        mark_selected(drawing, np.isin(order, selection.rows_inside(ref, look.outlines, means)))
        drawing.add(outline_trace(look.outlines, webgl=True))
    return drawing


def mark_selected(drawing: Drawing, selected: np.ndarray) -> None:
    """Mark points of the plane as those inside an outline: one truth value each."""
    trace = next(each for each in drawing.data if each.get("name") == POINTS)
    trace["selectedpoints"] = np.flatnonzero(selected).tolist()


def base_plane(
    ref: Ref,
    mode: Theme,
    height: int,
    means: bool,
    coloured: Coloured,
    ellipses: bool,
    shown: Window,
    lines: Window,
    points: dict[str, Any],
) -> Drawing:
    """Draw the plane with the prior's contours and ellipses, and with the points or class names that are given."""
    facts, prior_density, components = catalogue.facts(ref), densities.prior_density(ref, lines), None
    colour, names = coloured.by, class_names(ref)
    kind = "Posterior means" if means else "Samples of the posterior"
    held = "" if prior_density is None else ", and the contours that hold 50, 80, 95 and 99 % of the prior's mass"
    if ellipses and facts.has.components:
        mixture = densities.prior_on_plane(ref)
        weights = np.exp(mixture.log_weights)
        if facts.alive > prior_components.MOST_SHOWN:
            # What weighs nothing is not drawn, and the others keep their numbers.
            shown_ones = prior_components.most_used(ref)
            weights[np.setdiff1d(np.arange(len(weights)), shown_ones)] = 0
        components = Components(mixture.mean, mixture.covariance, weights)
    drawing = plane(
        mode,
        shown,
        alt=f"{kind} of {facts.images:,} test images on the latent plane of {ref.name}, coloured by {colour}{held}.",
        prior_density=prior_density,
        components=components,
        prior=facts.prior,
        # The bar of the values stands where the name would, on a line as high.
        title="\u00a0" if colour == "ELBO" else priors.prior_name(facts.prior, ref.edited),
        axes=encoding.plane(ref).axis_names,
        height=height,
        **points,
    )
    # The frame stays as wide as around the whole plane, whose labels may be longer than those of a part.
    left = max(left_room(shown), left_room(densities.window((ref,))))
    drawing.update(margin={"t": TOP, "l": left})
    if colour == "class" and len(names) > len(CLASS_COLOURS):
        add_legend(drawing, names, coloured.classes or range(len(names)), min(WIDTH, picture_width()))
    return drawing
