"""Latent dimensions one by one: which carry information, what they do to the picture, what they are worth."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.services.images import decode, posterior_means, reconstructions
from app.services.latent_plane.encoding import Floats
from app.services.loading import (
    DataMissing,
    Pixels,
    Ref,
    ServiceError,
    decode_means,
    loaded,
    noise,
    prior_on_device,
    several_threads,
)
from app.services.memory import cached
from app.services.originals import observations
from app.services.subsets import subset
from vampcore import metrics
from vampcore.metrics import Metric

# Images times components times dimensions of a KL that is split over dimensions. On two cores they take between 2 s
# (K = 1000) and 13 s (K = 50,000).
MOST_TERMS = 400_000_000
FEWEST_IMAGES = 100


@dataclass(frozen=True)
class LayerActivity:
    """One stochastic layer.

    Attributes:
        activity: A_i = Var_x(E_q[z_i]) over the test set, `(D,)`.
        ratio: A_i over the mean posterior variance, which does not depend on the scale of the latent space, `(D,)`.
        active: A_i > 0.01, `(D,)`.
        count: How many are active.
    """

    activity: Floats
    ratio: Floats
    active: NDArray[np.bool_]
    count: int


@dataclass(frozen=True)
class KLParts:
    """The mean KL to the prior, split over dimensions; `kl.sum() + dependence = total`, in nats an image.

    Attributes:
        kl: KL of each dimension to the prior's marginal, `(D,)`.
        kl_se: Its standard errors over images, `(D,)`.
        dependence: What the dimensions' dependence under the prior costs, or saves where it is negative.
        dependence_se: Its standard error.
        total: The KL.
        total_se: Its standard error.
        n: Images: all that are kept, or a random part of them where the prior has very many components.
    """

    kl: Floats
    kl_se: Floats
    dependence: float
    dependence_se: float
    total: float
    total_se: float
    n: int


@dataclass(frozen=True)
class Traversal:
    """A unit swept over its range with all others held: values `(steps,)`, decoded means `(steps, C, H, W)`."""

    values: Floats
    pixels: Pixels


@cached(100)
def activity(ref: Ref) -> tuple[LayerActivity, ...]:
    """Activity of every unit, top layer first, from the posteriors that are kept of the test set."""
    layers = []
    for posterior in loaded(ref).checkpoint.latents.layers:
        found = metrics.activity(posterior)
        layers.append(LayerActivity(found.activity.numpy(), found.ratio.numpy(), found.active.numpy(), found.count))
    return tuple(layers)


def active_label(ref: Ref) -> str:
    """Active units and all units, from the layer next to the data up: "34 of 40", or "16+5 of 40+40"."""
    layers = activity(ref)[::-1]
    active = "+".join(str(layer.count) for layer in layers)
    return f"{active} of " + "+".join(str(len(layer.active)) for layer in layers)


@cached(64, "Splitting the KL over dimensions")
def kl_per_dimension(ref: Ref) -> KLParts | None:
    """The top layer's KL to its prior, dimension by dimension, with the part that dimensions share.

    On a random part of the test set where the whole would take more than `MOST_TERMS`; the errors are that part's.

    None where the prior has no components or the posterior no density: then dimensions have no marginals.
    """
    model = loaded(ref)
    if not model.has.components or not model.has.posterior_density:
        return None
    with torch.inference_mode(), several_threads():
        rows = torch.tensor(subset(ref, max(FEWEST_IMAGES, MOST_TERMS // model.mixture.components.mean.numel()), 0))
        parts = metrics.kl_per_dimension(model.posterior[rows], model.mixture, noise(0))
    kl, kl_se = (each.float().numpy() for each in (parts.kl, parts.kl_se))
    return KLParts(
        kl=kl,
        kl_se=kl_se,
        dependence=float(parts.dependence),
        dependence_se=float(parts.dependence_se),
        total=float(parts.total),
        total_se=float(parts.total_se),
        n=parts.n,
    )


@cached(200)
def traverse(ref: Ref, unit: int, steps: int = 11, row: int = 0) -> Traversal:
    """One unit of the top layer swept from the 1st to the 99th percentile of its posterior means.

    Arguments:
        ref: The checkpoint.
        unit: Dimension of the top layer.
        steps: Pictures.
        row: Test image at whose posterior mean the other units stay. Layers below take the means of their priors, so
            that the images differ by the unit alone.

    Raises:
        ServiceError: If there is no such unit or image.
    """
    model = loaded(ref)
    images, units = model.posterior.mean.shape
    _check(unit, units)
    if not 0 <= row < images:
        raise ServiceError(f"there is no test image {row}: there are 0 to {images - 1}")
    mean = model.posterior.mean
    reach = model.posterior.scale[:, unit].square().mean().sqrt()
    low, high = torch.quantile(mean[:, unit], torch.tensor([0.01, 0.99])).tolist()
    values = torch.linspace(low - float(reach), high + float(reach), steps)
    z = mean[row].repeat(steps, 1)
    z[:, unit] = values
    with torch.inference_mode():
        return Traversal(values.numpy(), decode_means(model, z))


@cached(200, "Measuring without the unit")
def _reconstruction_lost(ref: Ref, unit: int, limit: int, seed: int) -> Metric:
    model = loaded(ref)
    with torch.inference_mode(), several_threads():
        x = observations(model, torch.tensor(subset(ref, limit, seed)))
        return metrics.ablate_unit(
            model.checkpoint.model, x, unit, noise(seed), prior=prior_on_device(model), seed=seed
        )


def ablate_unit(ref: Ref, unit: int, limit: int = 1000, seed: int = 0) -> Metric | None:
    """Reconstruction lost, in nats an image, when a unit is fixed at its mean; None where the data set is not on disk.

    Raises:
        ServiceError: If there is no such unit.
    """
    _check(unit, loaded(ref).posterior.mean.shape[-1])
    try:
        return _reconstruction_lost(ref, unit, limit, seed)
    except DataMissing:
        return None


@cached(100)
def with_and_without(ref: Ref, unit: int, rows: tuple[int, ...]) -> tuple[Pixels, Pixels]:
    """Reconstructions of test images, and the same with a unit at its mean over all images.

    The layers below the top keep their values, as when `ablate_unit` measures.

    Raises:
        ServiceError: If there is no such unit.
    """
    mean = loaded(ref).posterior.mean
    _check(unit, mean.shape[-1])
    z, *below = posterior_means(ref, rows)
    without = z.copy()
    without[:, unit] = float(mean[:, unit].mean())
    return reconstructions(ref, rows), decode(ref, without, tuple(below))


def _check(unit: int, units: int) -> None:
    if not 0 <= unit < units:
        raise ServiceError(f"there is no unit {unit}: the top layer has 0 to {units - 1}")
