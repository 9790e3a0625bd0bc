"""Where a prior and the aggregated posterior disagree: a map of the holes of each prior, and its mass in them."""

from typing import Any

import streamlit as st

from app import services
from app.figures import holes
from app.figures.theme import Theme
from app.widgets.export import figure
from app.widgets.family import full_name, in_columns, short_name
from app.widgets.numbers import count, format_metric
from app.widgets.page import mode, not_applicable, plane_density, plane_window


@services.kept(60)
def hole_map(ref: services.Ref, window: services.Window, theme: Theme) -> Any:
    """Where the prior has mass and no image comes from; None where one of the two has no density to draw."""
    facts, share = services.facts(ref), services.hole_share(ref)
    prior = services.prior_density(ref, window, cells=services.AGGREGATE_GRID)
    if prior is None or share is None:
        return None
    return holes.holes(
        theme,
        plane_window(window),
        plane_density(prior),
        plane_density(services.aggregate_density(ref, window)),
        alt=f"{full_name(ref)}: hatched where the plane lies inside the prior's 95 % region and "
        f"outside the data's 99 % region. Prior mass in holes: {format_metric(share)}.",
        prior=facts.prior,
        title=full_name(ref),
        axes=services.plane(ref).axis_names,
        height=430,
    )


def disagreement(refs: tuple[services.Ref, ...], windows: dict[services.Ref, services.Window]) -> None:
    """A map of the holes of each prior, and the prior's mass in them."""
    if not all(services.plane(ref).exact for ref in refs):
        st.markdown(
            "The maps are projections onto two axes, on which holes of the whole latent space can vanish. The figures "
            "count the whole space; in many dimensions they are large for every prior, because the posteriors of the "
            "test images leave most of it empty."
        )

    def card(ref: services.Ref) -> None:
        drawing, share = hole_map(ref, windows[ref], mode()), services.hole_share(ref)
        if share is None:
            not_applicable(
                f"{short_name(ref)}: the posteriors are flows, so that the density of the aggregated posterior of N "
                "images takes N inverse passes at each place.",
                "Its holes are not measured.",
            )
            return
        if drawing is None:
            not_applicable(
                f"{short_name(ref)}: a flow has no exact projection onto a plane, so there is no map.",
                "The figure below counts the whole latent space, where its density is exact.",
            )
        else:
            figure(drawing, key=f"compare_holes_{ref.prior}", name=f"{ref.experiment}-{ref.prior}-holes")
        with st.container(border=True, gap=None):
            st.metric(f"Prior mass in holes, {short_name(ref)}", format_metric(share))
            draws, images = (count(number or 0) for number in (share.samples, share.n))
            st.caption(f"in all {services.facts(ref).latent_dims[0]} dimensions; {draws} draws, {images} test images")

    in_columns(refs, card)
