"""Latent space: where the encoder puts the test set, and where the prior has its mass."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app import state
from app.figures.tiles import tiles, tiles_png
from app.frontend import pick
from app.services import catalogue, densities, hole_mass, images, prior_components
from app.services.images import DecodedPlace
from app.services.latent_plane import encoding
from app.services.loading import Ref
from app.services.scores import Metric
from app.widgets import (
    component,
    controls,
    explained,
    export,
    flows,
    layers,
    numbers,
    openings,
    page,
    pictures,
    screen,
    sidebar,
    typicality,
)
from app.widgets.fragment import fragment
from app.widgets.hole_request import holes_requested
from app.widgets.latent_plane import hover
from app.widgets.latent_plane import pictures as plane_pictures
from app.widgets.latent_plane.images import Coloured, class_names, described, has_no_legend, image_table
from app.widgets.latent_plane.selection import ENLARGED, selected_images
from app.widgets.latent_plane.show import Shown, axis_words, show_plane
from app.widgets.morph import morph_between_places
from app.widgets.page import Cell

CHART = "latent_plane"
VIEW = "latent_view"
PLACE = "latent_point"
DECODED = "latent_decoded"
START = "latent_from"
NEIGHBOURS = 8


def densest(ref: Ref) -> tuple[float, float]:
    """Where the prior's density on the plane is highest: the point shown first.

    Without a density, the mean of the posterior means, the origin of a plane of many dimensions.
    """
    density = densities.prior_density(ref, densities.window((ref,)))
    if density is None:
        return 0.0, 0.0
    row, column = np.unravel_index(int(density.log_density.argmax()), density.log_density.shape)
    return float(density.x[column]), float(density.y[row])


@fragment
def explore(ref: Ref) -> None:
    """Plane and controls, the decoded point, and the selected images: all that a lasso changes."""
    picture, side = st.columns([2, 1], gap="medium")
    with side:
        mixture = catalogue.facts(ref).has.components
        colours = ("class",) * bool(class_names(ref)) + ("component",) * mixture + ("ELBO",)
        colour = controls.choose("Colour dots by", colours, key="latent_colour", default=colours[0])
        coloured = Coloured(colour, classes_in_view(ref))
        means = controls.switch(
            "Posterior means",
            key="latent_means",
            help="Off: one sample z ~ q(z | x) for each test image, the same at every visit. On: the mean of q(z | x).",
        )
        ellipses = mixture and controls.switch(
            "Component ellipses",
            key="latent_ellipses",
            help="Two standard deviations of each component; a heavier component has a stronger line.",
        )
        images, ground = plane_pictures.picture_switches(ref)
    with picture:
        shown = show_plane(ref, CHART, VIEW, means, coloured, ellipses)
        with st.container(gap=None):
            plane_pictures.show_dot_images(ref, CHART)
            plane_pictures.show_pictures(ref, CHART, images, ground, means, coloured)
        if has_no_legend(ref, coloured):
            st.caption("Too many classes for a legend. Point at a dot to see its class, or select classes.")
        flows.say_flow(ref)
        if ellipses and (many := catalogue.facts(ref).alive) > prior_components.MOST_SHOWN:
            st.caption(
                f"Ellipses show the {prior_components.MOST_SHOWN} most used of {numbers.count(many)} components."
            )
        # On a phone the point stands between the map and the numbers.
        below = None if screen.is_narrow() else st.container()
    below = below or st.container()
    follow_place(ref, means, shown, picture, side)
    with below:
        # Last, since holes that were never measured take a moment.
        show_numbers(ref, means)


def classes_in_view(ref: Ref) -> tuple[int, ...]:
    """The classes to show, by index; none of them for all."""
    names = class_names(ref)
    if len(names) < 2:
        return ()
    chosen = controls.choose_many("Classes", names, key="latent_classes", help="Shows only these; all if empty.")
    return tuple(names.index(name) for name in chosen)


@fragment
def follow_place(ref: Ref, means: bool, shown: Shown, picture: Container, side: Container) -> None:
    """The mark on the plane, which stays as it is, the decoded point, and the selected images."""
    place = state.point(PLACE) or densest(ref)
    with picture:
        pick(CHART, mark=place, on_pick=lambda where: state.set_point(PLACE, where.x, where.y))
    with side:
        show_place(ref, place, means)
        hover.hover_on_plane(ref, CHART, DECODED, place, PLACE)
    morph_between_places(ref, place, key=START)
    # Not in a container of the fragment around this one: there the old images would stay beside the new ones.
    selected_images(ref, shown.selected, place, means, VIEW, shown.classes)


def show_place(ref: Ref, place: tuple[float, float], means: bool) -> None:
    """A point decoded, its density under the prior, and the test images nearest to it."""
    facts, mode, window = catalogue.facts(ref), page.mode(), densities.window((ref,))
    exact = encoding.plane(ref).exact
    with st.container(border=True):
        decoded_here, nearest, below = st.container(key=DECODED), st.container(), st.container()
        with below:
            on_plane = not exact and controls.switch(
                "Neighbours on the plane",
                key="latent_on_plane",
                help=f"Off: nearest in all {facts.info.latent_dims[0]} dimensions. On: nearest on the plane shown, "
                "which ignores all other directions.",
            )
        found = images.decode_place(ref, *place, NEIGHBOURS, means, on_plane)
        with decoded_here:
            first = (
                ", the centre of the plane" if found.log_density is None else ", near the densest point of the prior"
            )
            # Adding 0 turns a rounded -0.0 into 0.0.
            where = numbers.signed(", ".join(f"{round(value, 2) + 0:.2f}" for value in place))
            st.markdown(f"**Decoded at ({where})**" + ("" if state.point(PLACE) else first))
            if typicality.is_outside(found):
                st.warning(typicality.OUTSIDE_WORDS, icon=":material/explore_off:")
            if not (window.left <= place[0] <= window.right and window.bottom <= place[1] <= window.top):
                st.caption("This point lies outside the plane shown.")
            lines = typicality.density_words(found, "" if exact else " on the plane")
            if facts.has.several_components and found.responsibility is not None:
                share = component.percent(found.responsibility)
                lines.append(f"Component **{found.component}**, responsibility **{share}**")
            decoded, said = st.columns(2, vertical_alignment="center")
            with decoded:
                enlarged = max(1, 3 * ENLARGED // facts.shape[2])
                picture = tiles_png(found.pixels, mode, binary=facts.binary, pixel=enlarged)
                pictures.show(picture, alt=f"Decoded mean at ({where})")
            said.markdown(numbers.unbroken("\n\n".join(lines)))
            if words := layers.mean_words(ref):
                st.caption(words)
            st.caption(hover.hover_words(ref))
        with nearest:
            show_nearest(ref, found, means, on_plane)
        # Its content is sent once it is open: most people click, and every click would send it again.
        icon = ":material/keyboard:"
        with (
            below,
            st.popover("Enter coordinates", icon=icon, width="stretch", key="latent_typed", on_change="rerun") as typed,
        ):
            if typed.open:
                low, high = (window.left, window.bottom), (window.right, window.top)
                controls.place_inputs(PLACE, place, low, high, axis_words(ref))
                if state.point(PLACE) and st.button("Back to the first point", key="latent_back"):
                    state.clear_point(PLACE)
                    st.rerun()


def show_nearest(ref: Ref, found: DecodedPlace, means: bool, on_plane: bool) -> None:
    """The test images nearest to the point, and in which space."""
    rows, facts = found.rows, catalogue.facts(ref)
    near_images = images.from_test_set(ref, tuple(int(row) for row in rows))
    names, labels = class_names(ref), encoding.latents(ref).labels
    kind = "images (reconstructions)" if not near_images.originals else "images"
    if encoding.plane(ref).exact:
        space = "by posterior mean" if means else "by sample"
    elif on_plane:
        space = "on the plane, by " + ("posterior mean" if means else "sample")
    else:
        space = f"in all {facts.info.latent_dims[0]} dimensions, by posterior mean"
    near, far = (numbers.format_value(float(found.distances[i])) for i in (0, -1))
    st.caption(f"The {len(rows)} nearest test {kind} {space}: {near} to {far} latent units away")
    drawing, _ = tiles(
        near_images.pixels,
        page.mode(),
        alt=f"The {len(rows)} test images nearest to the point",
        columns=4,
        hover=described(ref, rows),
        captions=[names[labels[row]] for row in rows] if names else None,
        binary=facts.binary,
        pixel=max(1, ENLARGED // facts.shape[2]),
        height=165 if names else 130,
    )
    export.figure(drawing, key="latent_nearest", name=f"{facts.name}-nearest-images")


def show_numbers(ref: Ref, means: bool) -> None:
    """What belongs to the picture in numbers, and its points to take away."""
    facts, where = catalogue.facts(ref), encoding.plane(ref)
    of = (
        "it is the latent space itself" if where.exact else f"of the variance in {facts.info.latent_dims[0]} dimensions"
    )
    figures = st.container()
    with st.container(horizontal=True):
        measures_holes = facts.has.holes and holes_requested((ref,), "latent_holes")
        every = np.arange(facts.images)
        export.csv_button(
            "Points (CSV)",
            lambda: image_table(ref, means, every),
            key="latent_points_csv",
            name=f"{facts.name}-points",
        )
    cells: list[Metric | Cell] = [Cell("The plane holds", f"{100 * where.share:.0f} %", of)]
    elbo = catalogue.metric(ref, "elbo")
    holes = hole_mass.hole_share(ref) if measures_holes else None
    cells += [each for each in (elbo, holes) if each]
    with figures:
        page.metric_row(cells)


here = state.selected().ref
page.page_head(
    "Latent space",
    openings.latent_space(densities.share_inside(here)),
    "prior",
    "posterior",
    "ELBO",
    *(("responsibility",) if catalogue.facts(here).has.several_components else ()),
)
sidebar.part_notice((here,))
hover.bring_decoder(here)
plane_pictures.bring_pictures(here)
explore(here)
explained.show_own_image(here, CHART)
page.explain(
    """
**Dots** are the test images as the encoder sees them. Each image x has a posterior q(z | x). The page draws one sample
z from it, with a fixed seed; all samples together are samples of the aggregated posterior,
q(z) = 1/N \u03a3 q(z | x). The share inside the 99 % contour is that of these samples, of 10,000 images at most.

**Contours** hold 50, 80, 95 and 99 % of the prior\u2019s mass. An empty region inside them is a hole: samples from it
may resemble no test image. The prior gives low probability to dots outside all contours.

**More than 20,000 test images** are shown as counts, with all images counted: the opacity of a cell increases with the
logarithm of its count. When few enough are in view, each is a dot. Lasso, box and distance always select from all
images.

**In more than two dimensions** the plane is spanned by the first two principal axes of the posterior means. Dots and
prior are projected onto it exactly: the contours are those of the prior\u2019s marginal on the plane, not of a slice. A
prior that is a flow has no such marginal and no contours; in two dimensions its density is exact.

**A click or a tap** decodes a point of the plane. In more than two dimensions this is the most likely point of the
latent space above it, under the component with the highest responsibility. The nearest test images are those whose
posterior means are nearest to that point in all dimensions, or on the plane. \u201cMore typical than\u201d compares
the density at the point with the density at 20,000 samples of the prior, on the plane.

**Your own image** is drawn, uploaded or picked. A drawing is scaled and centred by its mass as MNIST\u2019s digits
are. An upload is scaled to the model\u2019s size and cropped at its middle. log p(x) is exact by quadrature in two
dimensions. Elsewhere it is estimated by importance sampling from q(z | x), and unreliable where k\u0302 is above 0.7.
The responsibilities p(k | z) are those at the posterior mean.

**Prior mass in holes** lies inside the prior\u2019s own 95 % region and outside the 99 % region of the aggregated
posterior of these N images. Fewer images and narrower posteriors give more holes. In many dimensions nearly everything
is a hole for any N, so the number is shown for two dimensions only.
"""
)
