"""Pictures of single pages that are kept for all viewers: Streamlit runs a page's own file anew in every run."""

from typing import Any

import numpy as np

from app.figures import plane, strips, tiles, usage, vectors
from app.figures.drawing import Drawing
from app.figures.theme import Theme
from app.figures.units import Activity, active_units, kl_per_dimension
from app.services import catalogue, densities, images, prior_components, priors, units
from app.services.latent_plane import encoding
from app.services.loading import Ref
from app.services.memory import cached
from app.widgets.family import COLUMN_WIDTH
from app.widgets.pictures import enlargement


@cached(300)
def prior_samples(ref: Ref, count: int, seed: int, mode: Theme, columns: int, temperature: float = 1.0) -> bytes:
    """Decoded draws of a prior as a picture for a column of `in_columns`, in so many columns of its own."""
    facts = catalogue.facts(ref)
    drawn = images.prior_samples(ref, count, seed, temperature).pixels
    enlarged = enlargement(facts.shape[-1], columns, COLUMN_WIDTH)
    return tiles.tiles_png(drawn, mode, columns=columns, binary=facts.binary, pixel=enlarged)


@cached(48)
def component_rows(
    ref: Ref, rows: tuple[int, ...], count: int, temperature: float, seed: int, mode: Theme, width: int
) -> Drawing:
    """Samples of several components as a picture `width` pixels wide, after what does not depend on the noise."""
    facts, learned = catalogue.facts(ref), prior_components.pseudo_inputs(ref)
    samples = prior_components.component_samples(ref, rows, count, temperature, seed)
    samples = samples.reshape(len(rows), count, *facts.shape)
    fixed, names = [prior_components.component_images(ref)[list(rows)]], ["mean"]
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


@cached(24)
def component_usage(ref: Ref, mode: Theme) -> Drawing:
    """Weight and usage. The figure does not depend on the component in view, which a ring marks in the browser."""
    known, prior = prior_components.summary(ref), ref.kind
    living = known.present
    weights, used = known.weights[living], known.usage[living]
    return usage.usage(mode, weights, used, prior=prior, ids=living, effective=known.effective)


@cached(100)
def component_posterior(ref: Ref, component: int, mode: Theme) -> Drawing:
    """A component's ellipse over the prior's contours."""
    flat, window = densities.prior_on_plane(ref), densities.window((ref,))
    k = slice(component, component + 1)
    drawing = plane.plane(
        mode,
        window,
        alt=f"Component {component} at two standard deviations over the contours of the prior's mass.",
        prior_density=densities.prior_density(ref, window),
        components=plane.Components(flat.mean[k], flat.covariance[k], np.ones(1), highlighted=(0,), centres=False),
        prior=ref.kind,
        axes=encoding.plane(ref).axis_names,
        height=250,
    )
    return plane.bare(drawing)


@cached(24)
def activity(refs: tuple[Ref, ...], mode: Theme, layer: int, height: int) -> Any:
    """The activities of one layer of every model of an experiment; layer 0 is the top one."""
    series = [
        Activity(priors.prior_name(ref.kind, ref.edited), ref.kind, found[layer].activity)
        for ref in refs
        if layer < len(found := units.activity(ref))
    ]
    return active_units(mode, series, height=height)


@cached(24)
def unit_kl(ref: Ref, mode: Theme) -> Any:
    """The KL of every unit of the top layer, and the correction for their dependence."""
    parts, prior = units.kl_per_dimension(ref), ref.kind
    if parts is None:
        return None
    dependence = parts.dependence if catalogue.facts(ref).has.several_components else None
    return kl_per_dimension(mode, parts.kl, dependence, prior=prior, name=f"of {ref.name}")
