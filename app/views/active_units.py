"""Active units: which latent dimensions carry information, how each changes the image, and what each costs."""

import math

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app import state
from app.figures.strips import strip
from app.figures.units import SMALLEST
from app.frontend import pick
from app.services import catalogue, priors, units
from app.services.latent_plane import encoding
from app.services.loading import Ref
from app.services.units import KLParts
from app.widgets import controls, drawn, export, layers, numbers, openings, page, screen, sidebar, text
from app.widgets.family import of_top_layer, short_name
from app.widgets.few_units import few_units, lead_to_more
from app.widgets.fragment import fragment
from app.widgets.page import Cell
from app.widgets.units_table import units_table

ACTIVITY = "units_activity"
KL = "units_kl"
RANK = "units_rank"
# Pixels of an enlarged image, about twice what the screen gives it: a browser that shrinks squares keeps their edges.
ENLARGED = 168
LIMITS = {"100": 100, "1,000": 1000, "all": None}
STEPS = 11
EXAMPLES = 11, 5  # on a desk, on a phone


def by_activity(ref: Ref) -> np.ndarray:
    """Units of the top layer from the most to the least active: the order of the picture."""
    return np.argsort(-units.activity(ref)[0].activity, kind="stable")


def by_kl(parts: KLParts) -> np.ndarray:
    """Units of the top layer from the largest to the smallest KL: the order of the bars."""
    return np.argsort(-parts.kl, kind="stable")


def prior_name(ref: Ref) -> str:
    """The prior's name for people."""
    return priors.prior_name(ref.kind, ref.edited)


def images_of(ref: Ref, parts: KLParts) -> str:
    """How many images the KL is the mean of, and which, if not all."""
    facts = catalogue.facts(ref)
    if parts.n == facts.images:
        return f"n = {parts.n:,}"
    of_all = f"n = {parts.n:,}, a random sample of {facts.images:,} test images"
    return f"{of_all}, for K = {facts.info.components:,} components"


def explore(here: state.Selection) -> None:
    """Activities and KL of all units, which stay as they are, and the selected unit."""
    ref, refs = here.ref, here.experiment.refs
    picture, side = st.columns([3, 1], gap="medium")
    depth = len(catalogue.facts(ref).info.latent_dims)
    with picture:
        if depth > 1:
            st.caption(
                f"A panel for each of the {depth} layers. The prior is that of z{depth}, whose units can be selected. "
                "The layer z1 is next to the image."
            )
        for layer, panel in enumerate(st.columns(depth)):
            with panel:
                if depth > 1:
                    st.markdown(f"**z{depth - layer}**")
                export.figure(
                    drawn.activity(refs, page.mode(), layer, 460),
                    key=ACTIVITY if layer == 0 else f"{ACTIVITY}_z{depth - layer}",
                    name=f"{here.experiment.name}-active-units" + (f"-z{depth - layer}" if depth > 1 else ""),
                )
    show_counts(refs)
    bars = show_kl(ref)
    selected_unit(ref, side, picture, bars)


@fragment
def selected_unit(ref: Ref, side: Container, picture: Container, bars: Container | None) -> None:
    """The selected unit: its numbers, its marks in the charts of all, its sweep and its cost."""
    count, parts = catalogue.facts(ref).info.latent_dims[0], units.kl_per_dimension(ref)
    with side:
        rank = controls.number(
            f"Unit{of_top_layer(ref)}, by activity rank",
            key=RANK,
            low=1,
            high=count,
            default=1,
            help="1 is the most active unit of the prior in view. You can also choose a unit in a chart.",
        )
        unit = int(by_activity(ref)[rank - 1])
        show_unit(ref, unit)
    with picture:
        height = math.log10(max(float(units.activity(ref)[0].activity[unit]), SMALLEST))
        pick(ACTIVITY, mark=(rank, height), on_pick=lambda place: choose_rank(round(place.x), count))
    if bars is not None and parts is not None:
        with bars:
            mark = (int(np.flatnonzero(by_kl(parts) == unit)[0]) + 1, float(parts.kl[unit]))
            pick(KL, mark=mark, on_pick=lambda place: choose_kl(ref, parts, round(place.x)))
    show_sweep(ref, unit)
    show_without(ref, unit)


def choose_rank(rank: int, count: int) -> None:
    """Select the unit of a rank."""
    st.session_state[RANK] = min(count, max(1, rank))


def choose_kl(ref: Ref, parts: KLParts, place: int) -> None:
    """Select the unit of a bar; the bar of the dependence is no unit."""
    order = by_kl(parts)
    if 1 <= place <= len(order):
        choose_rank(int(np.flatnonzero(by_activity(ref) == order[place - 1])[0]) + 1, len(order))


def show_unit(ref: Ref, unit: int) -> None:
    """The selected unit, in numbers."""
    layer, parts = units.activity(ref)[0], units.kl_per_dimension(ref)
    with st.container(border=True):
        st.markdown(
            f"**Unit {unit}**{of_top_layer(ref)}, {text.plain(prior_name(ref))}"
            + ("" if layer.active[unit] else ", not active")
        )
        st.metric(
            "Activity A",
            numbers.format_value(float(layer.activity[unit])),
            help="Variance of its posterior mean over the test set, in squared latent units.",
        )
        st.metric(
            "A / mean \u03c3\u00b2",
            numbers.format_value(float(layer.ratio[unit])),
            help="Activity divided by its mean posterior variance; has no unit.",
        )
        if parts is not None:
            st.metric("KL (nats/image)", numbers.format_value(float(parts.kl[unit]), float(parts.kl_se[unit])))
            if parts.n < catalogue.facts(ref).images:
                st.caption(images_of(ref, parts))


def show_counts(refs: tuple[Ref, ...]) -> None:
    """Active units of each prior."""
    cells = []
    for ref in refs:
        facts = catalogue.facts(ref)
        both = "" if len(facts.info.latent_dims) == 1 else " (z1 + z2)"
        cells.append(
            Cell(
                text.plain(prior_name(ref)),
                units.active_label(ref),
                f"active units{both}, n = {facts.images:,}",
            )
        )
    page.metric_row(cells)


def show_kl(ref: Ref) -> Container | None:
    """The KL unit by unit, and the numbers of all units as a table; gives the container of the bars, if any."""
    facts, parts = catalogue.facts(ref), units.kl_per_dimension(ref)
    st.header("KL of each unit", anchor=False)
    show_kl_of_layers(ref)
    if parts is None:
        whose = "prior" if not facts.has.components else "posterior"
        page.not_applicable(
            f"The {whose} is a flow, which has no density for a single unit, so the KL cannot be split over the units.",
            "Shown instead: the KL as a whole, and the activity of each unit.",
        )
        units_table(ref)
        return None
    total = numbers.format_value(parts.total, parts.total_se)
    hatched = ""
    if facts.has.several_components:
        dependence = numbers.format_value(parts.dependence, parts.dependence_se)
        hatched = f"; the hatched bar corrects for dependence between units ({dependence} nats/image)"
    st.markdown(
        f"The bars add up to the KL{of_top_layer(ref)}, **{total} nats/image** ({images_of(ref, parts)}, one sample "
        f"each){hatched}."
    )
    picture, beside = st.columns([4, 3], gap="medium")
    with picture:
        export.figure(drawn.unit_kl(ref, page.mode()), key=KL, name=f"{facts.name}-kl-per-dimension")
    with beside:
        units_table(ref)
    return picture


def show_kl_of_layers(ref: Ref) -> None:
    """The stored KL of each layer and of all, which is their sum; of one layer only where it has no bars."""
    depth = len(catalogue.facts(ref).info.latent_dims)
    stored = [("KL", catalogue.metric(ref, "kl"))]
    if depth > 1:
        each = [(f"KL of z{depth - i}", catalogue.metric(ref, "kl", layer=i)) for i in range(depth)]
        stored = [*each, ("KL of all layers, the sum", catalogue.metric(ref, "kl"))]
    elif units.kl_per_dimension(ref) is not None:
        return
    page.metric_row(
        [
            Cell(name, numbers.format_value(metric.value, metric.se), numbers.caption(metric))
            for name, metric in stored
            if metric is not None
        ]
    )


@fragment
def show_sweep(ref: Ref, unit: int) -> None:
    """The unit swept through its range, all others fixed."""
    facts = catalogue.facts(ref)
    st.header(f"What unit {unit} does", anchor=False)
    row = controls.number("From test image", key="units_image", low=0, high=facts.images - 1, width=220)
    st.markdown(
        f"Unit {unit} goes through the range of its posterior means; all other units{of_top_layer(ref)} stay at the "
        f"posterior mean of test image {row}. {layers.mean_words(ref)}".rstrip()
    )
    sweep = units.traverse(ref, unit, STEPS, row)
    drawing = strip(
        sweep.pixels[None],
        page.mode(),
        columns=[numbers.signed(f"{value:.2f}") for value in sweep.values],
        axis=f"value of unit {unit} (latent units)",
        alt=f"Decoded means while unit {unit} goes from {sweep.values[0]:.2f} to {sweep.values[-1]:.2f}",
        binary=facts.binary,
        pixel=max(1, ENLARGED // facts.shape[2]),
        width=screen.strip_width(),
    )
    export.figure(drawing, key="units_sweep", name=f"unit-{unit}-sweep")


@fragment
def show_without(ref: Ref, unit: int) -> None:
    """The unit fixed at its mean for every image: the reconstruction lost, and example images."""
    facts, latents = catalogue.facts(ref), encoding.latents(ref)
    st.header(f"Without unit {unit}", anchor=False)
    words, way = st.columns([3, 1], gap="medium", vertical_alignment="bottom")
    with way:
        limits = [words for words, images in LIMITS.items() if images is None or images < facts.images]
        usual = "1,000" if "1,000" in limits else "all"
        limit = controls.choose("Measured on", limits, key="units_limit", default=usual, help="Random test images.")
    cost = units.ablate_unit(ref, unit, LIMITS[limit] or facts.images)
    with words:
        if cost is None:
            lacking = "the reconstruction lost cannot be measured without the original images"
            sidebar.data_notice(ref, key="units_download", consequence=lacking)
        else:
            page.metric_row([cost])
    # Along the unit, so that the first and the last are the images with its smallest and largest values.
    along = np.argsort(latents.mean[:, unit], kind="stable")
    rows = along[np.linspace(0.01 * facts.images, 0.99 * facts.images - 1, EXAMPLES[screen.is_narrow()]).astype(int)]
    rebuilt, without = units.with_and_without(ref, unit, tuple(int(row) for row in rows))
    drawing = strip(
        np.stack([rebuilt, without]),
        page.mode(),
        columns=[str(row) for row in rows],
        rows=("reconstruction", "without this unit"),
        axis="test image, by the unit's mean",
        alt=f"Reconstructions of {len(rows)} test images, and the same without unit {unit}",
        binary=facts.binary,
        pixel=max(1, ENLARGED // facts.shape[2]),
        width=screen.strip_width(),
    )
    export.figure(drawing, key="units_without", name=f"without-unit-{unit}")
    if said := layers.rebuilt_words(ref):
        st.caption(f"{said} Without unit {unit} of z{len(facts.info.latent_dims)}, the layers below keep their values.")


here = state.selected()
counts = {short_name(ref): units.active_label(ref) for ref in here.experiment.refs}
few = few_units(here.experiment.refs)
page.page_head("Active units", openings.active_units(counts, few), "active unit", "posterior", "nat")
if few:
    lead_to_more()
sidebar.part_notice(here.experiment.refs)
explore(here)
page.explain(
    """
**Active.** The activity of a unit is the variance of its posterior mean over the test set, A = Var(E[z | x]). A unit
with A above 0.01 is called active (Burda et al., 2016). This threshold depends on the scale of the latent space; the
ratio of A to the mean posterior variance does not. This ratio compares how much the image changes the unit with how
uncertain the encoder is about it.

**Two layers** are counted from the one next to the data up: \u201c16+5 of 40+40\u201d means 16 active units of z1 and
5 of z2, of 40 each. The bars, the sweep and the comparison without a unit belong to z2, the layer of the prior.

**KL of each unit** compares the posterior of one unit with the prior\u2019s exact marginal for it. Under a mixture the
units depend on each other, which the last bar corrects for: E[\u03a3 log p(z\u1d62) \u2212 log p(z)]. It is
negative if the KLs of the marginals add up to more than the KL. A standard normal needs no correction. A flow, as prior
or as posterior, has no exact marginals, so its KL is shown as a whole. Means and variances of a posterior that is a
flow are those of 256 samples.

**A sweep** goes from the 1st to the 99th percentile of the unit\u2019s posterior means, plus one posterior standard
deviation on each side.

**Without a unit** means that the unit is set to its mean for every image. \u201cReconstruction lost\u201d is the
decrease of the images\u2019 log-likelihood, paired image by image, in nats; it is near 0 for a unit that is not active.
"""
)
