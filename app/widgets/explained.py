"""An image of the viewer's own in the latent space: where it lands, and what the model makes of it."""

import math

import numpy as np
import streamlit as st

from app.frontend import Spot, spot
from app.services import catalogue, densities
from app.services.explained import Explained, LogLikelihood, explained
from app.services.loading import Ref
from app.widgets import component, controls, layers, numbers, own_image, page, pictures
from app.widgets.fragment import fragment
from app.widgets.latent_plane.show import axis_words
from app.widgets.own_image import Own
from app.widgets.page import Cell


@fragment
def show_own_image(ref: Ref, chart_key: str) -> None:
    """The section: take an image, mark it on the plane, and say what the model makes of it."""
    if not own_image.can_have(ref):
        return
    # Closed at first: only then does the page cost what it did.
    with st.expander("Your own image", icon=own_image.ICON, key="latent_own_open", on_change="rerun") as box:
        if not box.open:
            return
        take, seen = st.columns([1, 2], gap="medium")
        with take:
            offered = (*own_image.ways(ref), own_image.PICK)
            way = controls.choose("Image", offered, key="latent_own", default=offered[0])
            own = own_image.choose(ref, "latent", way)
        if own is None:
            return
        with seen:
            spot(chart_key, _spot(_show(ref, own)))


def _spot(found: Explained) -> Spot:
    """Two standard deviations of the posterior on the plane."""
    variances, axes = np.linalg.eigh(found.covariance)
    longer, shorter = (2 * math.sqrt(max(0.0, float(each))) for each in variances[::-1])
    return Spot(*found.place, longer, shorter, math.degrees(math.atan2(axes[1, 1], axes[0, 1])))


def _show(ref: Ref, own: Own) -> Explained:
    """The image at once, and what the model makes of it when that is computed."""
    facts = catalogue.facts(ref)
    pair = st.container(horizontal=True)
    with pair.container(width=150):
        own_image.as_seen(ref, own)
        st.caption(f"Your image: {own_image.seen_words(ref, own)}")
    found = explained(ref, own.content)
    with pair.container(width=150):
        rebuilt = pictures.images_png(found.rebuilt, facts.binary, 1, 150)
        pictures.show(rebuilt, alt="Reconstruction of your image")
        st.caption("Reconstruction: the decoded posterior mean")
    page.metric_row([_score(found.log_likelihood), _place(ref, found)])
    if found.log_likelihood.unreliable:
        st.warning(_unreliable(found.log_likelihood), icon=":material/warning:")
    lines = [each for each in (_components(found), _outside(ref, found), layers.rebuilt_words(ref)) if each]
    st.markdown("\n\n".join(lines))
    return found


def _score(found: LogLikelihood) -> Cell:
    parts = ["nats", "exact (quadrature)" if found.error is None else f"importance sampling, S = {found.samples:,}"]
    if found.below is not None:
        parts.append(f"above {100 * found.below:.0f} % of n = {found.tested:,} test images")
    return Cell("log p(x) of your image", numbers.format_value(found.value, found.error), ", ".join(parts))


def _place(ref: Ref, found: Explained) -> Cell:
    where = numbers.signed(", ".join(f"{each:.2f}" for each in found.place))
    dimensions = len(found.mean)
    scales = (
        " and ".join(f"{each:.2g}" for each in found.scale)
        if dimensions == 2
        else f"{found.scale.min():.2g} to {found.scale.max():.2g} in {dimensions} dimensions"
    )
    return Cell("Posterior mean", f"({where})", f"{', '.join(axis_words(ref))}; standard deviations {scales}")


def _unreliable(found: LogLikelihood) -> str:
    return (
        f"The estimate of log p(x) is unreliable: k\u0302 = {found.shape:.2f} is above 0.7, with {found.ess:.1f} "
        "effective samples. It tends to be too low."
    )


def _components(found: Explained) -> str:
    if len(found.components) == 0:
        return ""
    shares = [f"**{k}** ({component.percent(share)})" for k, share in found.components]
    named = "component" if len(shares) == 1 else "components"
    return f"Responsible at its posterior mean: {named} {numbers.listed(shares)}."


def _outside(ref: Ref, found: Explained) -> str:
    window, (x, y) = densities.window((ref,)), found.place
    inside = window.left <= x <= window.right and window.bottom <= y <= window.top
    return (
        "The cross on the map is its posterior mean, the line around it two standard deviations of q(z | x)."
        if inside
        else "Its posterior mean lies outside the plane shown."
    )
