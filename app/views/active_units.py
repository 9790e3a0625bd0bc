"""Active units: which latent dimensions carry information, what each does to the picture, and what it is worth."""

import math
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator as Container

from app import services, state, widgets
from app.figures.strips import strip
from app.figures.theme import PRIOR_NAMES, Theme
from app.figures.units import SMALLEST, Activity, active_units, kl_per_dimension
from app.widgets.family import of_top_layer
from app.widgets.units_table import units_table

ACTIVITY = "units_activity"
KL = "units_kl"
RANK = "units_rank"
# Pixels of an enlarged image, about twice what the screen gives it: a browser that shrinks squares keeps their edges.
ENLARGED = 168
LIMITS = {"100": 100, "1,000": 1000, "all": None}
STEPS = 11
EXAMPLES = 11


def by_activity(ref: services.Ref) -> np.ndarray:
    """Units of the top layer from the most to the least active: the order of the picture."""
    return np.argsort(-services.activity(ref)[0].activity, kind="stable")


def by_kl(parts: services.KLParts) -> np.ndarray:
    """Units of the top layer from the largest to the smallest KL: the order of the bars."""
    return np.argsort(-parts.kl, kind="stable")


def prior_name(ref: services.Ref) -> str:
    """The prior's name for people."""
    kind = services.facts(ref).prior
    return PRIOR_NAMES.get(kind, kind)


@services.kept(24)
def draw_activity(refs: tuple[services.Ref, ...], mode: Theme) -> Any:
    """The activities of every layer under every prior of the experiment."""
    series = []
    for ref in refs:
        layers = services.activity(ref)
        for depth, layer in enumerate(layers):
            name = prior_name(ref) + (f", z{len(layers) - depth}" if len(layers) > 1 else "")
            series.append(Activity(name, services.facts(ref).prior, layer.activity, depth))
    return active_units(mode, series, height=460)


@services.kept(24)
def draw_kl(ref: services.Ref, mode: Theme) -> Any:
    """The KL of every unit of the top layer, and what their dependence adds."""
    parts, prior = services.kl_per_dimension(ref), services.facts(ref).prior
    if parts is None:
        return None
    return kl_per_dimension(mode, parts.kl, parts.dependence, prior=prior, name=f"of {ref.name}", height=400)


def images_of(ref: services.Ref, parts: services.KLParts) -> str:
    """How many images the KL is the mean of, and which, where they are not all."""
    facts = services.facts(ref)
    if parts.n == facts.images:
        return f"n = {parts.n:,}"
    return f"n = {parts.n:,}, a random part of {facts.images:,} test images: K = {facts.components:,}"


def explore(here: state.Selection) -> None:
    """Activities and KL of all units, which stay as they are, and the unit chosen."""
    ref, refs = here.ref, here.experiment.refs
    picture, side = st.columns([3, 1], gap="medium")
    with picture:
        if len(services.facts(ref).latent_dims) > 1:
            st.caption(
                "Two layers: z2 has the prior and units to choose; those of z1, next to the image, are only counted."
            )
        widgets.figure(draw_activity(refs, widgets.mode()), key=ACTIVITY, name=f"{here.experiment.name}-active-units")
    show_counts(refs)
    bars = show_kl(ref)
    one_of_them(ref, side, picture, bars)


@widgets.fragment
def one_of_them(ref: services.Ref, side: Container, picture: Container, bars: Container | None) -> None:
    """The unit chosen: its figures, its marks on the pictures of all, its sweep and what it costs."""
    units, parts = services.facts(ref).latent_dims[0], services.kl_per_dimension(ref)
    with side:
        rank = widgets.number(
            f"Unit{of_top_layer(ref)}, by rank of activity",
            key=RANK,
            low=1,
            high=units,
            default=1,
            help="1 is the most active unit of the prior in view. A click on a picture chooses a unit too.",
        )
        unit = int(by_activity(ref)[rank - 1])
        show_unit(ref, unit)
    with picture:
        height = math.log10(max(float(services.activity(ref)[0].activity[unit]), SMALLEST))
        widgets.pick(ACTIVITY, mark=(rank, height), on_pick=lambda place: choose_rank(round(place.x), units))
    if bars is not None and parts is not None:
        with bars:
            mark = (int(np.flatnonzero(by_kl(parts) == unit)[0]) + 1, float(parts.kl[unit]))
            widgets.pick(KL, mark=mark, on_pick=lambda place: choose_kl(ref, parts, round(place.x)))
    show_sweep(ref, unit)
    show_mute(ref, unit)


def choose_rank(rank: int, units: int) -> None:
    """Take the unit of a rank into view."""
    st.session_state[RANK] = min(units, max(1, rank))


def choose_kl(ref: services.Ref, parts: services.KLParts, place: int) -> None:
    """Take the unit of a bar into view; the bar of the dependence is no unit."""
    order = by_kl(parts)
    if 1 <= place <= len(order):
        choose_rank(int(np.flatnonzero(by_activity(ref) == order[place - 1])[0]) + 1, len(order))


def show_unit(ref: services.Ref, unit: int) -> None:
    """The unit chosen, in figures."""
    layer, parts = services.activity(ref)[0], services.kl_per_dimension(ref)
    with st.container(border=True):
        st.markdown(
            f"**Unit {unit}**{of_top_layer(ref)}, {prior_name(ref)}" + ("" if layer.active[unit] else ", not active")
        )
        st.metric(
            "Activity A",
            widgets.format_value(float(layer.activity[unit])),
            help="Variance of its posterior mean over the test set.",
        )
        st.metric(
            "A / mean \u03c3\u00b2",
            widgets.format_value(float(layer.ratio[unit])),
            help="Over its mean posterior variance: without a unit.",
        )
        if parts is not None:
            st.metric("KL (nats/image)", widgets.format_value(float(parts.kl[unit]), float(parts.kl_se[unit])))
            if parts.n < services.facts(ref).images:
                st.caption(images_of(ref, parts))


def show_counts(refs: tuple[services.Ref, ...]) -> None:
    """Active units of each prior."""
    cells = []
    for ref in refs:
        facts = services.facts(ref)
        layers = "" if len(facts.latent_dims) == 1 else " (z1 + z2)"
        cells.append(
            widgets.Cell(prior_name(ref), services.active_label(ref), f"active units{layers}, n = {facts.images:,}")
        )
    widgets.metric_row(cells)


def show_kl(ref: services.Ref) -> Container | None:
    """The KL unit by unit, and all figures of all units as a table; gives the place of the bars, if there are any."""
    parts = services.kl_per_dimension(ref)
    st.subheader("What each unit costs", anchor=False)
    if parts is None:
        show_kl_of_a_flow(ref)
        return None
    dependence = widgets.format_value(parts.dependence, parts.dependence_se)
    total = widgets.format_value(parts.total, parts.total_se)
    # Of independent units it is no bar at all.
    hatched = f"; the hatched one, {dependence}, is what the units\u2019 dependence under the prior adds or saves"
    st.markdown(
        f"The bars add up to the KL{of_top_layer(ref)}, **{total} nats/image** ({images_of(ref, parts)})"
        + (hatched if parts.dependence or parts.dependence_se else "")
        + "."
    )
    picture, beside = st.columns([4, 3], gap="medium")
    with picture:
        widgets.figure(draw_kl(ref, widgets.mode()), key=KL, name=f"{services.facts(ref).name}-kl-per-dimension")
    with beside:
        units_table(ref)
    return picture


def show_kl_of_a_flow(ref: services.Ref) -> None:
    """The KL as a whole, where a flow has no marginal for each unit, and the table of the units."""
    whose = "prior" if not services.facts(ref).is_mixture else "posterior"
    widgets.not_applicable(
        f"The {whose} is a flow, which has no density of one unit alone, so the KL cannot be told apart by units.",
        "Shown instead: the KL as a whole, and what is known of each unit.",
    )
    layers = len(services.facts(ref).latent_dims)
    stored = [("KL", services.metric(ref, "kl"))]
    if layers > 1:
        stored += [(f"KL of z{layers - i}", services.metric(ref, "kl", layer=i)) for i in range(layers)]
    widgets.metric_row(
        [
            widgets.Cell(name, widgets.format_value(metric.value, metric.se), widgets.caption(metric))
            for name, metric in stored
            if metric is not None
        ]
    )
    units_table(ref)


@widgets.fragment
def show_sweep(ref: services.Ref, unit: int) -> None:
    """The unit swept through its range, all others held."""
    facts = services.facts(ref)
    st.subheader(f"What unit {unit} does", anchor=False)
    lower = "" if len(facts.latent_dims) == 1 else " Layers below are drawn from their priors, given these."
    row = widgets.number("From test image", key="units_image", low=0, high=facts.images - 1, width=220)
    st.markdown(
        f"Unit {unit} goes through the range of its posterior means; all other units of its layer stay at the "
        f"posterior mean of test image {row}.{lower}"
    )
    sweep = services.traverse(ref, unit, STEPS, row)
    drawing = strip(
        sweep.pixels[None],
        widgets.mode(),
        columns=[widgets.signed(f"{value:.2f}") for value in sweep.values],
        axis=f"value of unit {unit} (latent units)",
        alt=f"Decoded means while unit {unit} goes from {sweep.values[0]:.2f} to {sweep.values[-1]:.2f}",
        binary=facts.binary,
        pixel=max(1, ENLARGED // facts.shape[2]),
    )
    widgets.figure(drawing, key="units_sweep", name=f"unit-{unit}-sweep")


@widgets.fragment
def show_mute(ref: services.Ref, unit: int) -> None:
    """The unit fixed at its mean for every image: what reconstructions lose, and how they look."""
    facts, latents = services.facts(ref), services.latents(ref)
    st.subheader(f"Without unit {unit}", anchor=False)
    words, way = st.columns([3, 1], gap="medium", vertical_alignment="bottom")
    with way:
        limits = [words for words, images in LIMITS.items() if images is None or images < facts.images]
        usual = "1,000" if "1,000" in limits else "all"
        limit = widgets.choose("Measured on", limits, key="units_limit", default=usual, help="Random test images.")
    cost = services.mute(ref, unit, LIMITS[limit] or facts.images)
    with words:
        if cost is None:
            st.markdown("What muting costs is measured on test images, which are not on disk.")
            widgets.data_notice(ref, key="units_download")
        else:
            widgets.metric_row([cost])
    # Along the unit, so that the first and the last are the images that it says most about.
    along = np.argsort(latents.mean[:, unit], kind="stable")
    rows = along[np.linspace(0.01 * facts.images, 0.99 * facts.images - 1, EXAMPLES).astype(int)]
    z = latents.mean[rows]
    muted = z.copy()
    muted[:, unit] = latents.mean[:, unit].mean()
    drawing = strip(
        np.stack([services.decode(ref, z), services.decode(ref, muted)]),
        widgets.mode(),
        columns=[str(row) for row in rows],
        rows=("as it is", "muted"),
        axis=f"test image, by its mean of unit {unit}",
        alt=f"Reconstructions of {len(rows)} test images as they are, and with unit {unit} muted",
        binary=facts.binary,
        pixel=max(1, ENLARGED // facts.shape[2]),
    )
    widgets.figure(drawing, key="units_muted", name=f"unit-{unit}-muted")


widgets.page_head(
    "Active units",
    "Look for units below the line: whatever the image, they say the same, so the model does without them.",
)
widgets.part_notice(state.selected().experiment.refs)
explore(state.selected())
widgets.explain(
    """
**Active.** A unit\u2019s activity is the variance of its posterior mean over the test set, A = Var(E[z | x]). A unit
above 0.01 is called active (Burda et al., 2016). That line depends on the scale of the latent space; A over the mean
posterior variance does not: it compares what the image changes with what the encoder leaves open.

**Two layers** are counted from the one next to the data up: \u201c16+5\u201d is 16 units of z1 and 5 of z2. KL, sweep
and muting belong to the top layer, where the prior lives.

**KL per unit** compares the posterior of one unit with the prior\u2019s exact marginal for it. Under a mixture the
units depend on each other, for which the last bar accounts: E[\u03a3 log p(z\u1d62) \u2212 log p(z)]. It is below 0
where the marginals alone ask for too much, and 0 for a standard normal. A flow, as prior or as posterior, has no exact
marginals: its KL stands as a whole, and means and variances of a posterior that is one are those of 256 samples.

**A sweep** goes from the 1st to the 99th percentile of the unit\u2019s posterior means, and one posterior standard
deviation further on each side.

**Muting** sets the unit to its mean for every image. The cost is the log-likelihood of the images that their
reconstructions lose, paired image by image, in nats; it is near 0 for a unit that is not active.
"""
)
