"""The true posterior of an image under one prior, beside q(z | x) and the weighted q, and what they miss."""

import pandas as pd
import streamlit as st

from app.figures.posterior import posterior_map
from app.services import availability, posterior_maps
from app.services.latent_plane import encoding
from app.services.loading import Ref
from app.services.posterior_maps import PosteriorMaps
from app.widgets import controls, export, family, numbers, page
from app.widgets.fragment import fragment

PRIOR, WEIGHTED = "likelihood_posterior", "likelihood_weighted"
SAMPLES = ("2", "20", "100")
# Standard errors below it are not written.
SMALLEST_ERROR = 5e-5


def show_posteriors(refs: tuple[Ref, ...], row: int) -> None:
    """The section, where the latent space is a plane that can be integrated over.

    Arguments:
        refs: Priors that keep the latents of the same images.
        row: The image that the page looks at.
    """
    drawable = tuple(ref for ref in refs if posterior_maps.can_draw(ref))
    if not drawable or not availability.has_data(drawable[0]):
        return
    st.header("The true posterior", anchor=False)
    _maps(drawable, row)


@fragment
def _maps(refs: tuple[Ref, ...], row: int) -> None:
    words = {ref.prior: family.short_name(ref) for ref in refs}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = controls.choose_one(
            "Posterior under", tuple(words), key=PRIOR, default=refs[-1].prior, names=words, width=220
        )
        samples = int(controls.choose("Samples K of the weighted q", SAMPLES, key=WEIGHTED, default="20"))
    ref = next(each for each in refs if each.prior == chosen)
    shown = posterior_maps.posterior_maps(ref, row, samples)
    if shown is None:
        st.caption(
            f"The posterior of image {numbers.count(row)} under {family.short_words(ref)} is too narrow for a grid "
            "over all of its mass, so there is no map."
        )
    else:
        _row_of_maps(ref, row, samples, shown)
    found = {each: posterior_maps.posterior_maps(each, row, samples) for each in refs}
    _table({each: one for each, one in found.items() if one is not None}, samples)


def _row_of_maps(ref: Ref, row: int, samples: int, shown: PosteriorMaps) -> None:
    parts = (
        ("p(z | x), true", shown.posterior, None),
        ("q(z | x)", shown.q, shown.posterior),
        (f"weighted q, K = {samples}", shown.weighted, shown.posterior),
    )
    for place, (column, (title, density, truth)) in enumerate(zip(st.columns(3), parts, strict=True)):
        drawing = posterior_map(
            page.mode(),
            shown.window,
            density,
            title=title,
            alt=f"{title} of test image {row} under {family.full_name(ref)}: lines around 50, 80, 95 and 99 % of it",
            prior=ref.kind,
            truth=truth,
            axes=encoding.plane(ref).axis_names,
        )
        with column:
            export.figure(
                drawing, key=f"likelihood_map{place}", name=f"{ref.experiment}-{ref.prior}-{row}-posterior{place}"
            )
    st.caption(
        f"Test image {numbers.count(row)}. Lines around 50, 80, 95 and 99 % of each density, on the same axes; dotted: "
        f"95 % of the true posterior. Grid of {numbers.count(shown.cells)} cells, with {_share(shown.at_edge)} of the "
        "true posterior at its edge."
    )


def _table(found: dict[Ref, PosteriorMaps], samples: int) -> None:
    """What q and the weighted q miss under each prior."""
    if not found:
        return
    rows: dict[str, list[str]] = {
        "log p(x), exact (nats)": [numbers.signed(f"{one.log_likelihood:,.2f}") for one in found.values()]
    }
    for name, distances in (
        ("q", [one.of_q for one in found.values()]),
        (f"weighted q, K = {samples}", [one.of_weighted for one in found.values()]),
    ):
        rows[f"KL({name} \u2016 p(z | x)) (nats)"] = [_estimate(each.kl, each.kl_error) for each in distances]
        rows[f"total variation, {name} to p(z | x)"] = [
            _estimate(each.total_variation, each.total_variation_error) for each in distances
        ]
    st.table(pd.DataFrame.from_dict(rows, orient="index", columns=[family.short_words(ref) for ref in found]))
    st.caption(
        "KL(q \u2016 p(z | x)) is log p(x) \u2212 ELBO of this image, in expectation over q: the ELBO of one sample z "
        "differs. Of the weighted q: \u00b1 one standard error from "
        f"n = {numbers.count(posterior_maps.SUMS)} sums of weights, where it is at least 0.0001."
    )


def _estimate(value: float, error: float) -> str:
    if error >= SMALLEST_ERROR or value >= 1:
        return numbers.format_value(value, error if error >= SMALLEST_ERROR else None)
    return f"{value:.3f}" if value >= 5e-4 else f"<{numbers.NO_BREAK}0.001"


def _share(share: float) -> str:
    return "less than 0.0001 %" if share < 1e-6 else f"{100 * share:.1g} %"
