"""Latent space: where the encoder puts the test set, against the mass that the prior lays out for it."""

from typing import NamedTuple

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app import services, state, widgets
from app.figures.drawing import Drawing
from app.figures.tiles import tiles, tiles_png
from app.widgets.chosen_images import ENLARGED, chosen_images

CHART = "latent_plane"
VIEW = "latent_view"
PLACE = "latent_point"
NEIGHBOURS = 8


class Shown(NamedTuple):
    """What the plane shows: rows inside lasso or box, how many images are in view, and how they are drawn, in words."""

    chosen: np.ndarray
    in_view: int
    how: str
    words: str


def axis_words(ref: services.Ref) -> tuple[str, str]:
    """What the two axes are called where their values are typed."""
    return ("z\u2081", "z\u2082") if services.plane(ref).exact else ("First axis", "Second axis")


def densest(ref: services.Ref) -> tuple[float, float]:
    """Where the prior's density on the plane is highest: the place shown before anyone has chosen one.

    The mean of the posterior means, where the planes of many dimensions have their origin, if it has no density there.
    """
    density = services.prior_density(ref, services.window((ref,)))
    if density is None:
        return 0.0, 0.0
    row, column = np.unravel_index(int(density.log_density.argmax()), density.log_density.shape)
    return float(density.x[column]), float(density.y[row])


@widgets.fragment
def explore(ref: services.Ref) -> None:
    """Plane and controls, the place decoded, and the images chosen: all that a lasso changes."""
    picture, side = st.columns([2, 1], gap="medium")
    with side:
        mixture = services.facts(ref).is_mixture
        colours = ("class",) * bool(widgets.class_names(ref)) + ("component",) * mixture + ("ELBO",)
        colour = widgets.choose("Colour points by", colours, key="latent_colour", default=colours[0])
        means = widgets.switch(
            "Posterior means",
            key="latent_means",
            help="Off: one sample z ~ q(z | x) of each test image, the same at every visit. On: the mean of q(z | x).",
        )
        ellipses = mixture and widgets.switch(
            "Component ellipses",
            key="latent_ellipses",
            help="Two standard deviations of each component; the heavier the component, the stronger its line.",
        )
    with picture:
        shown = show_plane(ref, means, colour, ellipses)
        if words := widgets.flow_words(ref):
            st.caption(words)
        if ellipses and (many := services.facts(ref).alive) > services.MOST_SHOWN:
            st.caption(f"Ellipses of the {services.MOST_SHOWN} most used of {widgets.count(many)} components.")
    numbers = st.container()
    follow_place(ref, means, shown, picture, side)
    with numbers:
        # Last, since the holes take a moment where they were never measured.
        show_numbers(ref, means, shown)


@widgets.fragment
def follow_place(ref: services.Ref, means: bool, shown: Shown, picture: Container, side: Container) -> None:
    """The mark on the plane, which stays as it is, the place decoded, and the images chosen."""
    place = state.point(PLACE) or densest(ref)
    with picture:
        widgets.pick(CHART, mark=place, on_pick=lambda where: state.set_point(PLACE, where.x, where.y))
    with side:
        show_place(ref, place, means)
    # Not in a container of the fragment around this one: there the old images would stay beside the new ones.
    chosen_images(ref, shown.chosen, place, means, VIEW)


def show_plane(ref: services.Ref, means: bool, colour: str, ellipses: bool) -> Shown:
    """The plane, with every point of a small test set, and of a large one what a browser can draw."""
    look, whole = widgets.look_at(ref, VIEW), services.window((ref,))
    show = show_crowd if services.is_crowd(ref) else show_points
    shown = show(ref, means, colour, ellipses, look)
    widgets.follow_view(CHART, VIEW)
    words, way = st.columns([2, 1], gap="medium")
    words.caption(shown.words)
    with way:
        widgets.part_inputs(VIEW, look.view or whole, axis_words(ref), whole)
    return shown


def show_points(ref: services.Ref, means: bool, colour: str, ellipses: bool, look: widgets.Look) -> Shown:
    """The plane with all points; the browser moves about in it by itself."""
    images = services.facts(ref).images
    asked = (ref, widgets.mode(), widgets.plane_height(), means, colour, ellipses)
    # What the browser shows is gone after a visit to another page, and when the tool bar has another camera.
    chart(ref, widgets.draw(*asked, widgets.steady(look, (*asked, state.visit(), widgets.saved_as()))))
    in_view, seen = images, f"**{widgets.count(images)}** test images"
    if look.view is not None:
        in_view = len(services.rows_in(ref, look.view, means))
        seen = f"**{widgets.count(in_view)}** of {widgets.count(images)} test images in view"
    chosen = services.rows_inside(ref, look.outlines, means)
    return Shown(chosen, in_view, "each drawn as a point", f"{seen}, each drawn as a point.")


def show_crowd(ref: services.Ref, means: bool, colour: str, ellipses: bool, look: widgets.Look) -> Shown:
    """The plane with the points in view where they are few enough, else with their counts."""
    plane = widgets.draw_crowd(ref, widgets.mode(), widgets.plane_height(), means, colour, ellipses, look)
    chart(ref, plane.drawing)
    how = "each drawn as a point" if plane.each else "counted in cells"
    words = widgets.counted_words(plane, services.facts(ref).images, colour)
    return Shown(services.rows_inside(ref, look.outlines, means), plane.in_view, how, words)


def chart(ref: services.Ref, drawing: Drawing) -> None:
    """Show the plane; what is drawn on it with lasso or box is kept."""
    widgets.figure(
        drawing,
        key=CHART,
        name=f"{services.facts(ref).name}-latent-space",
        selectable=True,
        on_select=lambda: widgets.keep_outlines(ref, CHART),
    )


def show_place(ref: services.Ref, place: tuple[float, float], means: bool) -> None:
    """What the decoder makes of a place, what the prior thinks of it, and which test images lie there."""
    facts, mode, window = services.facts(ref), widgets.mode(), services.window((ref,))
    found = services.decode_place(ref, *place)
    first = ", the middle of the plane" if found.log_density is None else ", the prior\u2019s densest place on a grid"
    with st.container(border=True):
        # Adding 0 turns a rounded -0.0 into 0.0.
        where = widgets.signed(", ".join(f"{round(value, 2) + 0:.2f}" for value in place))
        st.markdown(f"**Decoded at ({where})**" + ("" if state.point(PLACE) else first))
        if not (window.left <= place[0] <= window.right and window.bottom <= place[1] <= window.top):
            st.caption("This place lies outside the plane shown.")
        lines = density_words(found, "" if services.plane(ref).exact else " on the plane")
        if facts.has_components and found.responsibility is not None:
            share = widgets.percent(found.responsibility)
            lines.append(f"Component **{found.component}**, responsibility **{share}**")
        decoded, said = st.columns(2, vertical_alignment="center")
        with decoded:
            picture = tiles_png(found.pixels, mode, binary=facts.binary, pixel=max(1, 3 * ENLARGED // facts.shape[2]))
            widgets.picture(picture, alt=f"Decoded mean at ({where})")
        said.markdown("\n\n".join(lines))
        show_nearest(ref, services.nearest(ref, place, NEIGHBOURS, means)[0])
        # What is in it is sent once it is open: most people click, and every click would send it again.
        icon = ":material/keyboard:"
        with st.popover("Type a place", icon=icon, width="stretch", key="latent_typed", on_change="rerun") as typed:
            if typed.open:
                low, high = (window.left, window.bottom), (window.right, window.top)
                widgets.place_inputs(PLACE, place, low, high, axis_words(ref))
                if state.point(PLACE) and st.button("Back to the first place", key="latent_back"):
                    state.clear_point(PLACE)
                    st.rerun()


def density_words(found: services.Place, where: str) -> list[str]:
    """What the prior thinks of a place; `where` are words for what its density is of."""
    if found.log_density is None or found.mass is None:
        return ["This prior, a flow, has no closed density on the plane; decoded is the point of the plane itself."]
    less = f"**{100 - 100 * found.mass:.0f} %**" if found.mass < 1 else "Less than **1 %**"
    return [
        f"Log-density{where} **{widgets.signed(f'{found.log_density:,.2f}')} nats**",
        f"{less} of the prior\u2019s mass lies at less dense places",
    ]


def show_nearest(ref: services.Ref, rows: np.ndarray) -> None:
    """The test images whose points lie nearest to the place."""
    facts, images = services.facts(ref), services.test_images(ref, tuple(int(row) for row in rows))
    names, labels = widgets.class_names(ref), services.latents(ref).labels
    kind = "images" if images.originals else "images (reconstructed)"
    st.caption(f"The {len(rows)} test {kind} nearest" + ("" if services.plane(ref).exact else " on the plane"))
    drawing, _ = tiles(
        images.pixels,
        widgets.mode(),
        alt=f"The {len(rows)} test images nearest to the place",
        columns=4,
        hover=widgets.described(ref, rows),
        captions=[names[labels[row]] for row in rows] if names else None,
        binary=facts.binary,
        pixel=max(1, ENLARGED // facts.shape[2]),
        height=165 if names else 130,
    )
    widgets.figure(drawing, key="latent_nearest", name=f"{facts.name}-nearest-images")


def show_numbers(ref: services.Ref, means: bool, shown: Shown) -> None:
    """What the picture holds, in figures."""
    facts, where = services.facts(ref), services.plane(ref)
    of = "it is the latent space itself" if where.exact else f"of the variance in {facts.latent_dims[0]} dimensions"
    drawn = "z ~ q(z | x)" if facts.posterior == "normal" else "of the normal"
    each = "posterior mean of each" if means else f"one sample {drawn} of each"
    if shown.in_view < facts.images or services.is_crowd(ref):
        each = f"of {widgets.count(facts.images)}, {shown.how}"
    cells: list[services.Metric | widgets.Cell] = [
        widgets.Cell("Test images shown", widgets.count(shown.in_view), each),
        widgets.Cell("The plane holds", f"{100 * where.share:.0f} %", of),
    ]
    elbo = services.metric(ref, "elbo")
    cells += [elbo] if elbo else []
    if where.exact and facts.posterior == "normal" and (not services.is_crowd(ref) or asked_for_holes(ref)):
        holes = services.hole_share(ref)
        cells += [holes] if holes else []
    widgets.metric_row(cells)
    every = np.arange(facts.images)
    widgets.csv_button(
        "Points (CSV)",
        lambda: widgets.image_table(ref, means, every),
        key="latent_points_csv",
        name=f"{facts.name}-points",
    )


def asked_for_holes(ref: services.Ref) -> bool:
    """Whether the mass in holes is wanted: of a large test set it takes minutes, so a button asks for it."""
    wanted = st.session_state.setdefault("_latent_holes", set())
    if ref not in wanted and st.button(
        "Measure the prior mass in holes",
        key="latent_holes",
        icon=":material/hourglass_empty:",
        help="Meets 4,000 draws with the posterior of every test image, which takes minutes for a million.",
    ):
        wanted.add(ref)
    return ref in wanted


widgets.page_head(
    "Latent space",
    "Look for room inside the prior\u2019s lines that holds no points: the prior expects images there, and none come.",
)
widgets.part_notice((state.selected().ref,))
explore(state.selected().ref)
widgets.explain(
    """
**Points** are the test set as the encoder sees it. Each image x has a posterior q(z | x); one sample z of it is drawn,
with a fixed seed, so that all points together are draws from the aggregated posterior, q(z) = 1/N \u03a3 q(z | x).

**Lines** hold 50, 80, 95 and 99 % of the prior\u2019s mass. Where they hold no points, the prior wastes mass, and
samples from there have no counterpart in the data (holes). Where points lie outside, the prior calls data unlikely.

**Of more than 20,000 test images** the plane shows counts, all images counted: the opacity of a cell rises with the
logarithm of its count. Once few enough are in view, each is a point. Lasso, box and distance choose among all images.

**In more than two dimensions** the plane is that of the first two principal axes of the posterior means. Points and
prior are projected onto it exactly: the lines are those of the prior\u2019s marginal on the plane, not of a slice. A
prior that is a flow has no such marginal and shows no lines; where it has two dimensions, its density is exact.

**A click** decodes the place: the most likely point of the latent space above it, under the component that is most
responsible. How much of the prior\u2019s mass lies at less dense places is counted on 20,000 draws of it.

**Prior mass in holes** lies inside the prior\u2019s own 95 % region and outside the 99 % region of the aggregated
posterior of these N images. Fewer images and sharper posteriors leave more holes; in many dimensions nearly all is a
hole for any N, so the figure stands here for two dimensions only.
"""
)
