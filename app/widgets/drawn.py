"""Pictures of single pages that are kept for all viewers: Streamlit runs a page's own file anew in every run."""

from typing import Any

import numpy as np

from app import services
from app.figures import plane, strips, tiles, usage, vectors
from app.figures.drawing import Drawing
from app.figures.theme import Theme
from app.figures.units import Activity, active_units, kl_per_dimension
from app.widgets.family import COLUMN_WIDTH
from app.widgets.pictures import enlargement


@services.cached(300)
def prior_samples(
    ref: services.Ref, count: int, seed: int, mode: Theme, columns: int, temperature: float = 1.0
) -> bytes:
    """Decoded draws of a prior as a picture for a column of `in_columns`, in so many columns of its own."""
    facts = services.facts(ref)
    drawn = services.prior_samples(ref, count, seed, temperature).pixels
    enlarged = enlargement(facts.shape[-1], columns, COLUMN_WIDTH)
    return tiles.tiles_png(drawn, mode, columns=columns, binary=facts.binary, pixel=enlarged)


@services.cached(48)
def component_rows(
    ref: services.Ref, rows: tuple[int, ...], count: int, temperature: float, seed: int, mode: Theme, width: int
) -> Drawing:
    """Samples of several components as a picture `width` pixels wide, after what does not depend on the noise."""
    facts, learned = services.facts(ref), services.pseudo_inputs(ref)
    samples = services.component_samples(ref, rows, count, temperature, seed)
    samples = samples.reshape(len(rows), count, *facts.shape)
    fixed, names = [services.component_images(ref)[list(rows)]], ["mean"]
    if learned is not None:
        fixed, names = [learned[list(rows)], *fixed], ["u", *names]
    aspect = vectors.aspect(facts.shape)
    return strips.strip(
        np.concatenate([np.stack(fixed, 1), samples], 1),
        mode,
        columns=[*names, *(f"{i + 1}" for i in range(count))],
        rows=[f"{k}" for k in rows],
        axis="",
        alt=f"Decoded samples of components {', '.join(map(str, rows))} at temperature {temperature:g}.",
        binary=facts.binary,
        height=round(width * aspect * len(rows) / (len(names) + count)) + 10,
    )


@services.cached(24)
def component_usage(ref: services.Ref, mode: Theme) -> Drawing:
    """Weight and usage. The figure does not depend on the component in view, which a ring marks in the browser."""
    known, prior = services.components(ref), services.facts(ref).prior
    living = np.flatnonzero(known.alive)
    weights, used = known.weights[living], known.usage[living]
    return usage.usage(mode, weights, used, prior=prior, ids=living, effective=known.effective, height=380)


@services.cached(100)
def component_posterior(ref: services.Ref, component: int, mode: Theme) -> Drawing:
    """A component's ellipse over the prior's contours."""
    flat, window = services.prior_on_plane(ref), services.window((ref,))
    k = slice(component, component + 1)
    return plane.plane(
        mode,
        window,
        alt=f"Component {component} at two standard deviations over the contours of the prior's mass.",
        prior_density=services.prior_density(ref, window),
        components=plane.Components(flat.mean[k], flat.covariance[k], np.ones(1), highlighted=(0,), centres=False),
        prior=services.facts(ref).prior,
        axes=services.plane(ref).axis_names,
        height=300,
    )


@services.cached(24)
def activity(refs: tuple[services.Ref, ...], mode: Theme) -> Any:
    """The activities of every layer of every model of an experiment."""
    series = []
    for ref in refs:
        layers, prior = services.activity(ref), services.facts(ref).prior
        for depth, layer in enumerate(layers):
            name = services.prior_name(prior) + (f", z{len(layers) - depth}" if len(layers) > 1 else "")
            series.append(Activity(name, prior, layer.activity, depth))
    return active_units(mode, series, height=460)


@services.cached(24)
def unit_kl(ref: services.Ref, mode: Theme) -> Any:
    """The KL of every unit of the top layer, and the correction for their dependence."""
    parts, prior = services.kl_per_dimension(ref), services.facts(ref).prior
    if parts is None:
        return None
    dependence = parts.dependence if services.facts(ref).has.several_components else None
    return kl_per_dimension(mode, parts.kl, dependence, prior=prior, name=f"of {ref.name}", height=400)
