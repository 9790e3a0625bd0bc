"""Where a prior and the aggregated posterior disagree: a map of the holes of each prior, and samples from them."""

from typing import Any

import streamlit as st

from app.figures import holes, tiles
from app.figures.theme import Theme
from app.records import Window
from app.services import catalogue, densities, hole_mass
from app.services.latent_plane import encoding
from app.services.loading import Ref
from app.services.memory import cached
from app.widgets import pictures
from app.widgets.export import figure
from app.widgets.family import COLUMN_WIDTH, full_name, in_columns, short_name, short_words
from app.widgets.flows import NO_AGGREGATE, NO_PROJECTION
from app.widgets.hole_request import holes_requested
from app.widgets.numbers import count, format_value
from app.widgets.page import mode, not_applicable, progress

SAMPLES = 12
COLUMNS = 6


@cached(60)
def hole_map(ref: Ref, window: Window, theme: Theme) -> Any:
    """Where the prior has mass and no test image is encoded; None where one of the two has no density to draw."""
    facts = catalogue.facts(ref)
    prior = densities.prior_density(ref, window, cells=densities.AGGREGATE_GRID)
    if prior is None or not facts.has.posterior_density:
        return None
    return holes.holes(
        theme,
        window,
        prior,
        densities.aggregate_density(ref, window),
        alt=f"{full_name(ref)}: hatched where the plane lies inside the prior's 95 % region and "
        "outside the data's 99 % region.",
        prior=facts.prior,
        title=full_name(ref),
        axes=encoding.plane(ref).axis_names,
        height=430,
    )


@cached(60)
def hole_pictures(ref: Ref, theme: Theme) -> tuple[bytes | None, bytes]:
    """Decoded samples of the prior from its holes, None where none fell there, and from outside them."""
    facts, found = catalogue.facts(ref), hole_mass.hole_samples(ref, SAMPLES)
    assert found is not None
    pixel = pictures.enlargement(facts.shape[-1], COLUMNS, COLUMN_WIDTH)
    inside, outside = (
        tiles.tiles_png(each.pixels, theme, columns=COLUMNS, binary=facts.binary, pixel=pixel)
        if len(each.pixels)
        else None
        for each in (found.inside, found.outside)
    )
    return inside, outside or b""


def disagreement(refs: tuple[Ref, ...], windows: dict[Ref, Window]) -> None:
    """A map of the holes of each prior, samples from them, and the prior's mass in them where it means something."""
    if not all(encoding.plane(ref).exact for ref in refs):
        st.markdown(
            "These maps are projections onto two axes. A hole of the whole latent space can vanish on them, so no "
            "mass is given: in many dimensions the posteriors of any test set leave most of the space empty."
        )

    measurable = tuple(ref for ref in refs if catalogue.facts(ref).has.holes)
    measured = bool(measurable) and holes_requested(measurable, "compare_measure_holes")

    def card(ref: Ref) -> None:
        if not catalogue.facts(ref).has.posterior_density:
            not_applicable(f"{short_words(ref)}: {NO_AGGREGATE}", "Holes are not measured.")
            return
        drawing = hole_map(ref, windows[ref], mode())
        if drawing is None:
            not_applicable(f"{short_words(ref)}: {NO_PROJECTION}", "There is no map.")
            return
        figure(drawing, key=f"compare_holes_{ref.prior}", name=f"{ref.experiment}-{ref.prior}-holes")
        if catalogue.facts(ref).has.holes:
            if measured:
                show_mass(ref)
            show_samples(ref)

    in_columns(refs, card)


def show_mass(ref: Ref) -> None:
    """The prior's mass in holes minus the floor, with the spread over half-splits, or why there is no such number."""
    with progress(f"Measuring the holes of {short_words(ref)}"):
        found = hole_mass.measured_holes(ref)
    if found is None:
        return
    floor, excess = (100 * each.value for each in (found.floor, found.excess))
    if found.floor.value > hole_mass.MOST_FLOOR:
        st.caption(
            f"No number: of {count(found.floor.n or 0)} test images, one half has {floor:.0f} % of its mass in the "
            "holes of the other half."
        )
        return
    se = 100 * (found.excess.se or 0.0)
    with st.container(border=True, gap=None):
        st.metric(f"Prior mass in holes, minus the floor, {short_words(ref)}", f"{format_value(excess, se)} %")
        st.caption(
            f"Lower is better. n = {count(found.excess.n or 0)} test images; \u00b1 the spread over 20 random "
            f"half-splits, {count(found.excess.samples or 0)} draws each; floor {floor:.1f} %, "
            "the other half of the same data"
        )


def show_samples(ref: Ref) -> None:
    """Samples of the prior from the hatched region beside samples from outside it."""
    found = hole_mass.hole_samples(ref, SAMPLES)
    if found is None:
        return
    inside, outside = hole_pictures(ref, mode())
    if inside is None:
        st.caption(f"None of {count(found.draws)} samples of the prior lies in the hatched region.")
    else:
        # Without their share: with few test images that is mostly the floor.
        st.caption("Samples from the hatched region")
        pictures.show(inside, alt=f"{short_name(ref)}: {len(found.inside.z)} samples from the hatched region")
    st.caption("Samples from outside it")
    pictures.show(outside, alt=f"{short_name(ref)}: {len(found.outside.z)} samples from outside the hatched region")
