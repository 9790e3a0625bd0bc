"""The plane with a dot for each test image, and what it shares with the binned plane."""

from typing import Any

import numpy as np

from app import services
from app.figures.binned import outline_trace
from app.figures.class_labels import add_legend
from app.figures.drawing import Drawing
from app.figures.plane import Components, plane
from app.figures.points import POINTS, others
from app.figures.theme import CLASS_COLOURS, Theme
from app.widgets.latent_plane.images import Coloured, class_names, colouring_of, of_classes, shuffled
from app.widgets.latent_plane.view import Look
from app.widgets.screen import picture_width

# Pixels above the plane, which the bar of the values needs: with fewer it would push the plane down.
TOP = 50
# About how many pixels wide the plane is on a desk.
WIDTH = 640


@services.cached(24)
def draw_points(
    ref: services.Ref, mode: Theme, height: int, means: bool, coloured: Coloured, ellipses: bool, look: Look
) -> Drawing:
    """Draw the plane, which depends neither on the point clicked nor, where `frozen_view` says so, on the view."""
    order = shuffled(services.facts(ref).images)
    shown = of_classes(ref, coloured.classes)[order]
    others_order, order = order[~shown], order[shown]
    placed = services.points(ref, means)
    points = {"points": placed[order], "rows": order, "colouring": colouring_of(ref, coloured.by, order)}
    whole = services.window((ref,))
    drawing = base_plane(ref, mode, height, means, coloured, ellipses, look.view or whole, whole, points)
    if len(others_order):
        drawing.data.insert(0, others(placed[others_order], mode))
    drawing.update(dragmode=look.tool, uirevision=look.revision)
    if look.outlines:
        mark_selected(drawing, np.isin(order, services.rows_inside(ref, look.outlines, means)))
        drawing.add(outline_trace(look.outlines, webgl=True))
    return drawing


def mark_selected(drawing: Drawing, selected: np.ndarray) -> None:
    """Mark points of the plane as those inside an outline: one truth value each."""
    trace = next(each for each in drawing.data if each.get("name") == POINTS)
    trace["selectedpoints"] = np.flatnonzero(selected).tolist()


def base_plane(
    ref: services.Ref,
    mode: Theme,
    height: int,
    means: bool,
    coloured: Coloured,
    ellipses: bool,
    shown: services.Window,
    lines: services.Window,
    points: dict[str, Any],
) -> Drawing:
    """Draw the plane with the prior's contours and ellipses, and with the points or class names that are given."""
    facts, prior_density, components = services.facts(ref), services.prior_density(ref, lines), None
    colour, names = coloured.by, class_names(ref)
    kind = "Posterior means" if means else "Samples of the posterior"
    held = "" if prior_density is None else ", and the contours that hold 50, 80, 95 and 99 % of the prior's mass"
    if ellipses and facts.has.components:
        mixture = services.prior_on_plane(ref)
        weights = np.exp(mixture.log_weights)
        if facts.alive > services.MOST_SHOWN:
            # What weighs nothing is not drawn, and the others keep their numbers.
            shown_ones = services.most_used(ref)
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
        title="\u00a0" if colour == "ELBO" else services.prior_name(facts.prior),
        axes=services.plane(ref).axis_names,
        height=height,
        **points,
    )
    drawing.update(margin={"t": TOP})
    if colour == "class" and len(names) > len(CLASS_COLOURS):
        add_legend(drawing, names, coloured.classes or range(len(names)), mode, min(WIDTH, picture_width()))
    return drawing
