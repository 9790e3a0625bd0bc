"""The plane of the latent space page: all dots of a small test set; of a large one, counts or the dots in view."""

from typing import Any, NamedTuple

import numpy as np

from app import services
from app.figures import crowd
from app.figures.class_labels import MOST_IN_LEGEND, add_legend, class_labels
from app.figures.drawing import Drawing
from app.figures.plane import Components, plane
from app.figures.points import POINTS, ByClass, ByComponent, ByValue, Colouring, others
from app.figures.theme import CLASS_COLOURS, Theme
from app.widgets.page import plane_window, prior_lines
from app.widgets.screen import picture_width

# Pixels above the plane, which the bar of the values needs: with fewer it would push the plane down.
TOP = 50
# About how many pixels wide the plane is on a desk.
WIDTH = 640

Outlines = tuple[tuple[tuple[float, float], ...], ...]
"""The corners of each outline drawn on the plane."""


class Look(NamedTuple):
    """How somebody looks at a plane.

    Attributes:
        view: The part in view; None for the whole.
        outlines: What was drawn with lasso or box.
        tool: What the pointer does: pan, zoom, lasso or select.
        again: Changes when a figure is drawn with the ends that it had: the browser, which would keep its own, sees
            another figure.
    """

    view: services.Window | None = None
    outlines: Outlines = ()
    tool: str = "pan"
    again: bool = False


class Coloured(NamedTuple):
    """What colours a plane, and which classes are in view.

    Attributes:
        by: "class", "component" or "ELBO".
        classes: Indices of the classes in view; all if empty.
    """

    by: str
    classes: tuple[int, ...] = ()


class CrowdPlane(NamedTuple):
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


def class_names(ref: services.Ref) -> tuple[str, ...]:
    """Names of the classes where every image has one, else ()."""
    return services.facts(ref).classes if int(services.latents(ref).labels.min()) >= 0 else ()


@services.kept(16)
def of_classes(ref: services.Ref, classes: tuple[int, ...]) -> np.ndarray:
    """The test images of some classes, of all if empty: one truth value each."""
    labels = services.latents(ref).labels
    return np.isin(labels, classes) if classes else np.ones(len(labels), bool)


@services.kept(4)
def shuffled(images: int) -> np.ndarray:
    """Rows in a fixed random order, so that no class covers the others because it comes last in the data set."""
    return np.random.default_rng(0).permutation(images)


def colouring_of(ref: services.Ref, colour: str, rows: np.ndarray) -> Colouring:
    """What colours the points of some images."""
    if colour == "class":
        return ByClass(services.latents(ref).labels[rows], services.facts(ref).classes)
    if colour == "component":
        return ByComponent(services.components_of_images(ref).component[rows])
    return ByValue(services.latents(ref).elbo[rows], "ELBO (nats)", services.elbo_ends(ref))


@services.kept(24)
def draw(
    ref: services.Ref, mode: Theme, height: int, means: bool, coloured: Coloured, ellipses: bool, look: Look
) -> Drawing:
    """The plane. It does not depend on the point clicked, nor, as long as `steady` says so, on the region in view."""
    order = shuffled(services.facts(ref).images)
    shown = of_classes(ref, coloured.classes)[order]
    others_order, order = order[~shown], order[shown]
    placed = services.points(ref, means)
    points = {"points": placed[order], "rows": order, "colouring": colouring_of(ref, coloured.by, order)}
    whole = services.window((ref,))
    drawing = _plane(ref, mode, height, means, coloured, ellipses, look.view or whole, whole, points)
    if len(others_order):
        drawing.data.insert(0, others(placed[others_order], mode))
    drawing.update(dragmode=look.tool, uirevision=look.again)
    if look.outlines:
        _choose(drawing, np.isin(order, services.rows_inside(ref, look.outlines, means)))
        drawing.add(crowd.outline_trace(look.outlines, webgl=True))
    return drawing


@services.kept(24, "Counting the images in view")
def draw_crowd(
    ref: services.Ref, mode: Theme, height: int, means: bool, coloured: Coloured, ellipses: bool, look: Look
) -> CrowdPlane:
    """The plane of a large test set: dots if few enough are in view, else counts; both of the classes in view."""
    shown = look.view or services.window((ref,))
    drawn = services.drawn_window(ref, look.view, means)
    # Lines are wanted on all that is drawn, but not at the cost of their fineness on the whole plane.
    lines = shown if look.view is None else drawn
    colour, of_these = coloured.by, of_classes(ref, coloured.classes)
    around, rows = (each[of_these[each]] for each in (services.rows_in(ref, part, means) for part in (drawn, shown)))
    in_view = len(rows)
    chosen = services.rows_inside(ref, look.outlines, means)
    chosen = chosen[of_these[chosen]]
    placed = services.points(ref, means)
    each = in_view <= services.MOST_POINTS
    cell = max(shown.right - shown.left, shown.top - shown.bottom) / services.CELLS
    most = 0
    if each:
        # Those just out of view as well, unless they are too many.
        order = np.random.default_rng(0).permutation(around if len(around) <= services.MOST_POINTS else rows)
        points = {"points": placed[order], "rows": order, "colouring": colouring_of(ref, colour, order)}
        drawing = _plane(ref, mode, height, means, coloured, ellipses, shown, lines, points)
        if look.outlines:
            _choose(drawing, np.isin(order, chosen))
    else:
        classes = []
        if colour == "class":
            kinds = ByClass(services.latents(ref).labels[rows], services.facts(ref).classes)
            classes = class_labels(placed[rows], kinds, mode)
        drawing = _plane(ref, mode, height, means, coloured, ellipses, shown, lines, {"classes": classes})
        every = np.flatnonzero(of_these) if coloured.classes else None
        counted = _counted(ref, services.count_cells(ref, drawn, cell, colour, means, every), colour)
        most = int(counted.count.max())
        many = len(chosen) > services.MOST_POINTS
        among = None
        if many:
            among = _counted(ref, services.count_cells(ref, drawn, cell, colour, means, chosen), colour)
        crowd.add_counts(drawing, counted, mode, plane_window(shown), among)
        if len(chosen) and not many:
            crowd.step_back(drawing)
            drawing.add(crowd.chosen_points(placed[chosen], colouring_of(ref, colour, chosen), mode, chosen))
    if look.outlines:
        drawing.add(crowd.outline_trace(look.outlines, webgl=each or len(chosen) <= services.MOST_POINTS))
    # Where another part is asked for, the browser must not keep the one that it shows.
    drawing.update(dragmode=look.tool, uirevision=repr((shown, look.again)))
    return CrowdPlane(drawing, in_view, each, cell, most)


def _choose(drawing: Drawing, chosen: np.ndarray) -> None:
    """Mark points of the plane as those inside an outline: one truth value each."""
    trace = next(each for each in drawing.data if each.get("name") == POINTS)
    trace["selectedpoints"] = np.flatnonzero(chosen).tolist()


def image_table(ref: services.Ref, means: bool, rows: np.ndarray) -> dict[str, np.ndarray]:
    """What is known of some test images, a row each; names carry units.

    Their position is what the plane shows, a sample or the posterior mean: x and y on the plane, z1 to zD in all.
    """
    latents = services.latents(ref)
    names, where = class_names(ref), services.points(ref, means)[rows]
    columns: dict[str, np.ndarray] = {"image": rows, "number in the data set": latents.ids[rows]}
    files = services.image_names(ref)
    if files is not None:
        columns["file"] = np.array([files[row] for row in rows.tolist()])
    if names:
        columns["class"] = np.array(names)[latents.labels[rows]]
    columns |= {"x (latent units)": where[:, 0], "y (latent units)": where[:, 1]}
    z = (latents.mean if means else latents.sample)[rows]
    columns |= {f"z{dimension + 1} (latent units)": z[:, dimension] for dimension in range(z.shape[1])}
    if services.facts(ref).is_mixture:
        assigned = services.components_of_images(ref)
        columns |= {"component": assigned.component[rows], "responsibility": assigned.responsibility[rows]}
    columns["elbo (nats)"] = latents.elbo[rows]
    if latents.log_likelihood is not None:
        columns["log_likelihood (nats)"] = latents.log_likelihood[rows]
    return columns


def described(ref: services.Ref, rows: np.ndarray) -> list[str]:
    """What hovering over an image says: its number, class, component (not of a flow, which has none) and ELBO."""
    latents, names = services.latents(ref), class_names(ref)
    kinds = [f"\nclass {names[label]}" for label in latents.labels[rows]] if names else [""] * len(rows)
    if services.facts(ref).is_mixture:
        components = services.components_of_images(ref).component[rows]
        kinds = [f"{kind}\ncomponent {k}" for kind, k in zip(kinds, components, strict=True)]
    told = zip(rows, kinds, latents.elbo[rows], strict=True)
    return [f"image {row}{kind}\nelbo (nats) {elbo:.1f}" for row, kind, elbo in told]


def _counted(ref: services.Ref, cells: services.Cells, colour: str) -> crowd.Counted:
    """The cells as figures take them."""
    colouring: Colouring
    if cells.mean is not None:
        colouring = ByValue(cells.mean.ravel(), "ELBO (nats)", services.elbo_ends(ref))
    elif colour == "class":
        colouring = ByClass(cells.leading.ravel(), services.facts(ref).classes)
    else:
        colouring = ByComponent(cells.leading.ravel())
    return crowd.Counted(plane_window(cells.window), cells.count, colouring, cells.leading_count)


def _plane(
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
    facts, prior_density, components = services.facts(ref), prior_lines(ref, lines), None
    colour, names = coloured.by, class_names(ref)
    kind = "Posterior means" if means else "Samples of the posterior"
    held = "" if prior_density is None else ", and the contours that hold 50, 80, 95 and 99 % of the prior's mass"
    if ellipses and facts.is_mixture:
        mixture = services.prior_on_plane(ref)
        weights = np.exp(mixture.log_weights)
        if facts.alive > services.MOST_SHOWN:
            # What weighs nothing is not drawn, and the others keep their numbers.
            shown_ones = services.most_used(ref)
            weights[np.setdiff1d(np.arange(len(weights)), shown_ones)] = 0
        components = Components(mixture.mean, mixture.covariance, weights)
    drawing = plane(
        mode,
        plane_window(shown),
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


def has_no_legend(ref: services.Ref, coloured: Coloured) -> bool:
    """Whether there are too many classes for a legend."""
    return coloured.by == "class" and len(coloured.classes or class_names(ref)) > MOST_IN_LEGEND
