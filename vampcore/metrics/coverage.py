"""How a prior and the aggregated posterior cover each other: usage of components, mass levels, holes."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vampcore.distributions import Distribution
from vampcore.metrics.chunks import Mixture, log_density, responsibilities
from vampcore.metrics.metric import Metric

MASSES = (0.5, 0.8, 0.95, 0.99)
DRAWS = 20_000
PRIOR_MASS, AGGREGATE_MASS = 0.95, 0.99
DEAD_SHARE = 0.1


@torch.no_grad()
def usage(prior: Mixture, z: Float[Tensor, "N D"]) -> Float[Tensor, " K"]:
    """Mean responsibility of each component for the rows of z, one z ~ q(z | x_n) an observation; sums to one.

    Arguments:
        prior: The mixture.
        z: Samples of the posteriors.
    """
    found = torch.empty_like(prior.log_weights)
    for part, shares in responsibilities(prior, z):
        found[part] = shares.mean(0)
    return found


def effective_components(usage: Float[Tensor, " K"]) -> float:
    """exp(entropy): K for equal usage, 1 where one component serves all; takes weights as well."""
    share = usage.cpu().double()
    share = share / share.sum()
    return math.exp(-torch.xlogy(share, share).sum().item())


def dead(usage: Float[Tensor, " K"]) -> Bool[Tensor, " K"]:
    """Components used less than a tenth of the equal share 1 / K."""
    return usage < DEAD_SHARE / len(usage)


@torch.no_grad()
def mass_levels(
    density: Mixture | Distribution,
    masses: tuple[float, ...] = MASSES,
    generator: torch.Generator | None = None,
    draws: int = DRAWS,
) -> Float[Tensor, " M"]:
    """Log-density thresholds: the places above the level of mass a hold a share a of the density's mass.

    The level is the (1 - a) quantile of the log-density over the density's own draws.

    Arguments:
        density: In the latent space, or projected onto a plane.
        masses: Shares between 0 and 1.
        generator: Source of the draws.
        draws: Their number.
    """
    return _quantiles(log_density(density, density.sample((draws,), generator)), masses)


@dataclass(frozen=True)
class Holes:
    """Where the prior expects data and there is none: inside its 95 % region, outside the other's 99 % region.

    Attributes:
        share: The prior's mass there, with its binomial standard error; `samples` counts the draws from the prior.
        prior_level: Log-density at the edge of the prior's 95 % region.
        aggregate_level: Log-density at the edge of the aggregated posterior's 99 % region.
    """

    share: Metric
    prior_level: float
    aggregate_level: float

    def at(
        self, log_prior: Float[Tensor, "*places"], log_aggregate: Float[Tensor, "*places"]
    ) -> Bool[Tensor, "*places"]:
        """Which places lie in a hole, by the two log-densities there."""
        return (log_prior > self.prior_level) & (log_aggregate < self.aggregate_level)


@torch.no_grad()
def holes(
    prior: Mixture | Distribution,
    aggregate: Mixture,
    generator: torch.Generator | None = None,
    draws: int = DRAWS,
    split: str = "test",
    seed: int = 0,
) -> Holes:
    """The prior's mass in holes, both densities in the same space (the latent space, or projected onto one plane).

    Arguments:
        prior: p.
        aggregate: The aggregated posterior.
        generator: Source of the draws from both.
        draws: Draws from each.
        split: Part of the data set that made the aggregated posterior, for the record.
        seed: Of the draws, for the record.
    """
    z = prior.sample((draws,), generator)
    log_prior = log_density(prior, z)
    prior_level = _quantiles(log_prior, (PRIOR_MASS,)).item()
    aggregate_level = mass_levels(aggregate, (AGGREGATE_MASS,), generator, draws).item()
    inside = (log_prior > prior_level) & (log_density(aggregate, z) < aggregate_level)
    share = inside.float().mean().item()
    se = math.sqrt(share * (1 - share) / draws)
    n = len(aggregate.log_weights)
    metric = Metric("hole_share", share, "share", se, n, draws, split, seed=seed, device=z.device.type)
    return Holes(metric, prior_level, aggregate_level)


def _quantiles(log_densities: Float[Tensor, " N"], masses: tuple[float, ...]) -> Float[Tensor, " M"]:
    if not masses or not all(0 < mass < 1 for mass in masses):
        raise ValueError(f"masses are {masses}; each lies between 0 and 1, as 0.95")
    return log_densities.quantile(1 - log_densities.new_tensor(masses))
