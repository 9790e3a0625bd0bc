"""The scores of all priors of an experiment as a table, stored or measured now."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from app.services import availability, catalogue, scores, spread, units
from app.services.loading import Ref
from app.services.scores import Metric
from app.widgets import seeds
from app.widgets.family import of_top_layer, short_words
from app.widgets.numbers import BOUNDS, count, direction, estimator, format_value, label, unbroken
from app.widgets.screen import is_narrow
from app.widgets.sidebar import data_notice

SCORES = ("log_likelihood", "bits_per_dimension", "elbo")

Get = Callable[[Ref, str, int | None], Metric | None]


def table(refs: tuple[Ref, ...], get: Get, absent: str, images: int) -> pd.DataFrame:
    """Scores and the parts of the ELBO in rows, priors in columns, as people read them.

    The KL is split by layer, so that rows add up: KL of z2 = mutual information + marginal KL, and KL of both layers =
    KL of z2 + KL of z1. What is only a bound says so in its cell.

    Arguments:
        refs: The priors.
        get: A metric of a prior by name and layer, None for the model as a whole.
        absent: What stands in a cell whose metric was not measured.
        images: N, the components of the aggregated posterior, on which mutual information depends.
    """
    rows: dict[str, list[str]] = {}

    def add(words: str, name: str, layer: int | None = None) -> None:
        found = [get(ref, name, layer) for ref in refs]
        if any(found):
            rows[words] = [absent if each is None else cell(ref, each) for ref, each in zip(refs, found, strict=True)]

    def cell(ref: Ref, metric: Metric) -> str:
        information = get(ref, "mutual_information", None)
        bound = BOUNDS[scores.bound_of(metric, information, images)]
        return bound + format_value(metric.value, metric.se)

    for name in SCORES:
        unit = "" if name == "bits_per_dimension" else "nats/image, "
        add(f"{label(name)} ({unit}{direction(name)})", name)
        if name == "log_likelihood" and (estimates := [get(ref, name, None) for ref in refs]) and any(estimates):
            rows["Estimator"] = [absent if each is None else basis(each) for each in estimates]
    add("Reconstruction (nats/image)", "reconstruction")
    layers = len(catalogue.facts(refs[0]).info.latent_dims)
    top = of_top_layer(refs[0])
    add(f"KL{top} (nats/image)", "kl", 0 if layers > 1 else None)
    add(f"of which mutual information{top} (nats/image)", "mutual_information")
    add(f"of which marginal KL{top} (nats/image)", "marginal_kl")
    for layer in range(1, layers):
        add(f"KL of z{layers - layer} (nats/image)", "kl", layer)
    if layers > 1:
        add("KL of all layers (nats/image)", "kl")
    add("Median effective samples (importance sampling)", "ess_median")
    return pd.DataFrame.from_dict(rows, orient="index", columns=[short_words(ref) for ref in refs])


def basis(metric: Metric) -> str:
    """How log p(x) was estimated, and for how many images: "importance sampling, S = 5,000, n = 10,000"."""
    images = "" if metric.n is None else f", n = {count(metric.n)}"
    return unbroken(estimator(metric) + images)


def stored(refs: tuple[Ref, ...]) -> pd.DataFrame:
    """The table of what the checkpoints hold, with active units and effective components."""
    images = catalogue.facts(refs[0]).test_images
    found = table(refs, catalogue.metric, "not evaluated", images)
    trained = [spread.score_spread(ref) for ref in refs]
    if any(trained):
        name = next(label(each.name) for ref in refs if (each := scores.score(ref)))
        cells = ["one training" if each is None else seeds.mean_words(each) for each in trained]
        found.loc[f"{name} over all trainings (nats/image)"] = cells
    found.loc["Active units"] = [units.active_label(ref) for ref in refs]
    effective = [scores.effective_label(ref) for ref in refs]
    if any(effective):
        found.loc["Effective components (of K)"] = [each or "1" for each in effective]
    return found


def show_table(found: pd.DataFrame) -> None:
    """The table; in a narrow window one prior under the other, since it would be cut off there."""
    if not is_narrow():
        st.table(found, border="horizontal")
        return
    for prior in found.columns:
        st.table(found[[prior]], border="horizontal")


def say_stored(refs: tuple[Ref, ...]) -> None:
    """What the stored table was computed from."""
    images = catalogue.facts(refs[0]).test_images
    parts = estimated_parts(refs)
    but = (
        f" log p(x) was estimated on a random subset ({parts}) and extended to all images by their ELBO."
        if parts
        else ""
    )
    st.caption(
        f"Stored with the checkpoints, from all {count(images)} test images; \u00b1 one standard error over "
        f"images.{but} Effective components: exp of the entropy of their usage; it depends on the number of images."
    )
    say_ceiling(refs, catalogue.metric, images)


def say_ceiling(refs: tuple[Ref, ...], get: Get, images: int) -> None:
    """Say for which priors the mutual information is near the most that so many images can show."""
    near = [short_words(ref) for ref in refs if scores.saturated(get(ref, "mutual_information", None), images)]
    if near:
        st.caption(
            f"{', '.join(near)}: mutual information is near its ceiling, log N = {np.log(images):.2f} for N = "
            f"{count(images)} images. It is a lower bound (\u2265), and the marginal KL an upper bound (\u2264): they "
            "cannot rank the priors."
        )


def estimated_parts(refs: tuple[Ref, ...]) -> str:
    """For how many test images log p(x) was estimated, for each prior where those are not all: "SG 400"."""
    parts = ((ref, catalogue.estimated_part(ref)) for ref in refs)
    return ", ".join(f"{short_words(ref)} {count(part)}" for ref, part in parts if part is not None)


def say_not_measured(refs: tuple[Ref, ...]) -> None:
    """Why nothing can be measured now, and what to do about it."""
    if not availability.has_data(refs[0]):
        data_notice(
            refs[0], key="compare_download", consequence="no scores can be measured without the original images"
        )
        return
    st.info(
        "These checkpoints store latents of different test images, so they cannot be measured on the same images. Copy "
        "the complete checkpoints with `python -m vampcore reduce CHECKPOINT --images N --out FOLDER`, with one N for "
        "all.",
        icon=":material/filter_alt:",
    )


def layer_of(ref: Ref, metric: Metric) -> str | None:
    """The name of the stochastic layer of a metric, z1 next to the data; None for the model as a whole."""
    return None if metric.layer is None else f"z{len(catalogue.facts(ref).info.latent_dims) - metric.layer}"
