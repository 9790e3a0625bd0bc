"""ELBO surgery: what the KL of a model's top layer is made of.

Reference:
    Hoffman, Johnson, ELBO surgery: yet another way to carve up the variational evidence lower bound, NIPS workshop on
    Advances in Approximate Bayesian Inference, 2016.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.distributions import DiagNormalMixture, Distribution
from vampcore.metrics.chunks import log_density, observations_at_once
from vampcore.metrics.metric import Metric, mean_metric
from vampcore.models import VAE, LogWeights
from vampcore.priors import aggregated_posterior

SATURATED = 0.95


@dataclass(frozen=True)
class Surgery:
    """Two ways to cut one ELBO; every part is estimated from the same draws, so that the parts add up.

    average_kl = mutual_information + marginal_kl, of the top layer; 0 <= mutual information <= log N.
    elbo = reconstruction + posterior_entropy - cross_entropy, over all layers.

    Both information terms depend on N: compare them at equal N only. Standard errors are over images.

    Attributes:
        average_kl: mean_n KL(q(z | x_n) || p(z)).
        mutual_information: I_q[n, z] = E[log q(z | x_n) - log q(z)].
        marginal_kl: KL(q(z) || p(z)) = E[log q(z) - log p(z)].
        reconstruction: E_q log p(x | z).
        posterior_entropy: -E log q, differential, so that it may be negative.
        cross_entropy: -E_q log p(z), to the prior.
        n: Components of q(z): all observations of the split, also where the outer average is over a subset.
    """

    average_kl: Metric
    mutual_information: Metric
    marginal_kl: Metric
    reconstruction: Metric
    posterior_entropy: Metric
    cross_entropy: Metric
    n: int

    @property
    def log_n(self) -> float:
        """The most that the mutual information can be."""
        return math.log(self.n)

    @property
    def saturation(self) -> float:
        """Mutual information as a share of log N; 0 for a single observation."""
        return self.mutual_information.value / self.log_n if self.n > 1 else 0.0

    @property
    def saturated(self) -> bool:
        """Whether N is too small: the mutual information is then a lower bound, the marginal KL an upper one."""
        return self.saturation > SATURATED


@torch.no_grad()
def elbo_surgery(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    samples: int = 1,
    generator: torch.Generator | None = None,
    prior: Distribution | None = None,
    chunk: int | None = None,
    outer: int | None = None,
    split: str = "test",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Surgery:
    """Cuts the ELBO on a split, with z ~ q(z | x_n) and q(z) the mixture of all N posteriors.

    Arguments:
        model: In evaluation mode.
        x: The whole split.
        samples: Draws an observation.
        generator: Source of the subset and of the noise.
        prior: p(z); built once from the model if None.
        chunk: Observations at once; chosen from their size if None.
        outer: Observations, drawn at random, of the outer average (`n` of every part); all if None.
        split: Part of the data set that `x` is, for the record.
        seed: Of the noise and the subset, for the record.
        progress: Called with the observations done and their number.

    Raises:
        ValueError: If there is no draw, or the posteriors are flows, whose aggregate takes N inverse passes a point.
    """
    if samples < 1 or (outer is not None and outer < 1) or len(x) == 0:
        raise ValueError("ELBO surgery needs at least one observation and one sample")
    prior = model.prior(model.encoder) if prior is None else prior
    aggregate = aggregated_posterior(model.encoder, x)
    chosen = x if outer is None or outer >= len(x) else x[_subset(x, outer, generator)]
    chunk = chunk or observations_at_once(x, samples, model.bytes_per_number)
    parts: list[Tensor] = []
    for part in chosen.split(chunk):
        parts.append(_cut(model(part, samples, prior=prior, generator=generator), aggregate))
        if progress is not None:
            progress(sum(each.shape[-1] for each in parts), len(chosen))

    def metric(name: str, values: Tensor) -> Metric:
        return dataclasses.replace(mean_metric(name, values, samples=samples), split=split, seed=seed)

    average, information, marginal, reconstruction, entropy, cross_entropy = torch.cat(parts, -1)
    return Surgery(
        metric("average_kl", average),
        metric("mutual_information", information),
        metric("marginal_kl", marginal),
        metric("reconstruction", reconstruction),
        metric("posterior_entropy", entropy),
        metric("cross_entropy", cross_entropy),
        len(x),
    )


def _cut(w: LogWeights, aggregate: DiagNormalMixture) -> Float[Tensor, "6 N"]:
    """The parts of a surgery, in the order of its fields, of each observation."""
    top = w.layers[0]
    log_aggregate = log_density(aggregate, top.z.flatten(0, 1)).view_as(top.log_q)
    log_q = torch.stack([layer.log_q for layer in w.layers]).sum(0)
    log_p = torch.stack([layer.log_p for layer in w.layers]).sum(0)
    cuts = [top.kl, top.log_q - log_aggregate, log_aggregate - top.log_p, w.log_likelihood, -log_q, -log_p]
    return torch.stack(cuts).mean(1)


def _subset(x: Tensor, size: int, generator: torch.Generator | None) -> Tensor:
    where = x.device if generator is None else generator.device
    return torch.randperm(len(x), generator=generator, device=where)[:size].to(x.device)
