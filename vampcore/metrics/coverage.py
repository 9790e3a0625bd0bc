"""How a prior and the aggregated posterior cover each other: usage of components, mass levels."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vampcore.distributions import Distribution
from vampcore.metrics.chunks import Mixture, log_density, responsibilities

MASSES = (0.5, 0.8, 0.95, 0.99)
DRAWS = 20_000
DEAD_SHARE = 0.1


@torch.no_grad()
def usage(prior: Mixture, z: Float[Tensor, "N D"]) -> Float[Tensor, " K"]:
    """Mean responsibility of each component for the rows of z, one z ~ q(z | x_n) an observation; sums to one."""
    found = torch.empty_like(prior.log_weights)
    for part, shares in responsibilities(prior, z):
        found[part] = shares.mean(0)
    return found


def effective_components(usage: Float[Tensor, " K"]) -> float:
    """exp(entropy): K for equal usage, 1 where one component serves all; takes weights as well."""
    share = usage.cpu().double()
    share = share / share.sum()
    return math.exp(-torch.xlogy(share, share).sum().item())


@torch.no_grad()
def distinct_components(prior: Mixture, z: Float[Tensor, "N D"], log_p: Float[Tensor, " N"] | None = None) -> float:
    """exp(H(usage) - mean H(k | z)), the exponential of the mutual information of component and observation.

    How many components can be told apart by the observations that use them: of copies of one component, which share
    their observations, it counts one, where `effective_components` counts all. It cannot exceed N.

    Arguments:
        prior: The mixture.
        z: Samples of the posteriors, one an observation.
        log_p: The mixture's log-density there, where it is known.
    """
    used, inner = 0.0, z.new_zeros((), dtype=torch.float64)
    for _, shares in responsibilities(prior, z, log_p=log_p):
        mean = shares.double().mean(0)
        used -= torch.xlogy(mean, mean).sum().item()
        inner -= torch.xlogy(shares, shares).double().sum()
    return math.exp(max(0.0, used - inner.item() / len(z)))


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


def _quantiles(log_densities: Float[Tensor, " N"], masses: tuple[float, ...]) -> Float[Tensor, " M"]:
    if not masses or not all(0 < mass < 1 for mass in masses):
        raise ValueError(f"masses are {masses}; each lies between 0 and 1, as 0.95")
    return log_densities.quantile(1 - log_densities.new_tensor(masses))
