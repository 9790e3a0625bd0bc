"""What each latent dimension costs and is worth: its share of the KL, and the reconstruction lost without it."""

import dataclasses
import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.distributions import LOG_2PI, DiagNormal, DiagNormalMixture, Distribution
from vampcore.metrics.chunks import observations_at_once, rows_at_once
from vampcore.metrics.metric import Metric, mean_metric
from vampcore.models import VAE


@dataclass(frozen=True)
class KLPerDimension:
    """The KL to a mixture, one bar a dimension and one for the dependence between them; nats an image.

    kl.sum() + dependence = total, since all come from the same draws.

    Attributes:
        kl: KL(q_i || p_i) with the mixture's exact one-dimensional marginals p_i, averaged over observations.
        kl_se: Its standard errors over observations.
        dependence: E_q[sum_i log p_i(z_i) - log p(z)]: what the dimensions' dependence under the prior costs, or saves
            where it is negative; 0 for a prior whose dimensions are independent.
        dependence_se: Its standard error.
        total: KL(q || p).
        total_se: Its standard error.
        n: Observations.
        samples: Draws an observation.
    """

    kl: Float[Tensor, " D"]
    kl_se: Float[Tensor, " D"]
    dependence: Float[Tensor, ""]
    dependence_se: Float[Tensor, ""]
    total: Float[Tensor, ""]
    total_se: Float[Tensor, ""]
    n: int
    samples: int


@torch.no_grad()
def kl_per_dimension(
    posterior: DiagNormal,
    prior: DiagNormalMixture,
    generator: torch.Generator | None = None,
    samples: int = 1,
    chunk: int | None = None,
) -> KLPerDimension:
    """Splits the top layer's KL into its dimensions and the dependence between them.

    Arguments:
        posterior: q(z | x_n), one normal an observation.
        prior: p(z).
        generator: Source of the noise.
        samples: Draws an observation.
        chunk: Observations at once; chosen from the size of the mixture if None.

    Raises:
        ValueError: If there are fewer than two observations (no standard error).
    """
    n, dimensions = posterior.mean.shape
    if n < 2:
        raise ValueError("the KL of each dimension needs at least two observations")
    z = posterior.sample((samples,), generator)
    chunk = chunk or rows_at_once(samples * dimensions * len(prior.components.mean))
    parts = [_bars(posterior[i : i + chunk], prior, z[:, i : i + chunk]) for i in range(0, n, chunk)]
    bars = torch.cat(parts).cpu().double()
    values = torch.cat([bars, bars.sum(-1, keepdim=True)], -1)
    mean, se = values.mean(0), values.std(0) / math.sqrt(n)
    return KLPerDimension(mean[:-2], se[:-2], mean[-2], se[-2], mean[-1], se[-1], n, samples)


def _bars(posterior: DiagNormal, prior: DiagNormalMixture, z: Float[Tensor, "S N D"]) -> Float[Tensor, "N bars"]:
    """The D dimensions and the dependence, of each observation."""
    each = DiagNormal(posterior.mean.unsqueeze(-1), posterior.logvar.unsqueeze(-1))
    log_q = each.log_prob(z.unsqueeze(-1))
    log_p = _log_marginals(prior, z)
    dependence = log_p.sum(-1) - prior.log_prob(z)
    return torch.cat([(log_q - log_p).mean(0), dependence.mean(0).unsqueeze(-1)], -1)


def _log_marginals(prior: DiagNormalMixture, z: Float[Tensor, "*s D"]) -> Float[Tensor, "*s D"]:
    """log p_i(z_i), where p_i = sum_k w_k N(mean_ki, scale_ki)."""
    normal = prior.components
    squared = (z.unsqueeze(-2) - normal.mean).square() * (-normal.logvar).exp()
    return (prior.log_weights.unsqueeze(-1) - 0.5 * (LOG_2PI + normal.logvar + squared)).logsumexp(-2)


@torch.no_grad()
def ablate_unit(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    unit: int,
    generator: torch.Generator | None = None,
    samples: int = 1,
    layer: int = 0,
    prior: Distribution | None = None,
    chunk: int | None = None,
    seed: int = 0,
) -> Metric:
    """Reconstruction lost when one unit says the same for every observation, in nats an image.

    The samples of all layers are drawn once and decoded twice: as they are, and with z_unit set to its mean posterior
    mean over `x`. The loss is paired, image by image, so that its error is that of the difference.

    Arguments:
        model: In evaluation mode.
        x: Observations.
        unit: Index of the unit in its layer.
        generator: Source of the noise.
        samples: Latent samples an observation.
        layer: Stochastic layer, 0 the top.
        prior: p(z); built once from the model if None.
        chunk: Observations at once; chosen from their size if None.
        seed: Of the noise, for the record.

    Raises:
        ValueError: If there is no such layer or unit.
    """
    if not 0 <= layer <= len(model.layers):
        raise ValueError(f"layer is {layer}; the model has {1 + len(model.layers)}, counted from 0 at the top")
    prior = model.prior(model.encoder) if prior is None else prior
    chunk = chunk or observations_at_once(x, samples, model.bytes_per_number)
    parts = [model(part, samples, prior=prior, generator=generator) for part in x.split(chunk)]
    means = torch.cat([w.layers[layer].mean.mean(0) for w in parts])
    dimensions = means.shape[-1]
    if not 0 <= unit < dimensions:
        raise ValueError(f"unit is {unit}; the layer has {dimensions}, counted from 0")
    silent = means[:, unit].mean()
    lost = []
    for part, w in zip(x.split(chunk), parts, strict=True):
        z = [each.z for each in w.layers]
        z[layer] = z[layer].clone()
        z[layer][..., unit] = silent
        lost.append((w.log_likelihood - model.decoder(*z).log_prob(part)).mean(0))
    metric = mean_metric("reconstruction_lost", torch.cat(lost), samples=samples)
    return dataclasses.replace(metric, layer=layer, seed=seed)
