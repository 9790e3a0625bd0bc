"""The prior's mass in holes beyond what the data themselves show from one half to the other.

A finite test set leaves gaps anywhere: half of the same data lies to some share in the holes of the other half. That
share is the floor. It falls as the number of observations grows, and is taken off.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from vampcore.distributions import DiagNormal, DiagNormalMixture, Distribution
from vampcore.metrics.chunks import Mixture, log_density
from vampcore.metrics.coverage import mass_levels
from vampcore.metrics.metric import Metric

SPLITS, DRAWS_A_SPLIT = 20, 1000
PRIOR_MASS, AGGREGATE_MASS = 0.95, 0.99


@dataclass(frozen=True)
class HoleExcess:
    """Mass in holes, over random splits of the observations into two halves.

    Attributes:
        excess: The prior's mass in the holes of one half, minus the floor. Its `se` is the standard deviation over
            splits, each of which draws its samples and mass levels anew; `samples` counts the draws of a split.
        floor: The mass of the other half's aggregated posterior in the same holes.
    """

    excess: Metric
    floor: Metric


@torch.no_grad()
def hole_excess(
    prior: Mixture | Distribution,
    posterior: DiagNormal,
    splits: int = SPLITS,
    draws: int = DRAWS_A_SPLIT,
    generator: torch.Generator | None = None,
    split: str = "test",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> HoleExcess:
    """The prior's mass in holes minus that of the data, see `HoleExcess`.

    A hole lies inside the 95 % region of a density and outside the 99 % region of one half's aggregated posterior. Both
    the prior and the other half's aggregated posterior are held against the same half, so that n is the same.

    Arguments:
        prior: p.
        posterior: q(z | x_n), one normal an observation.
        splits: Random splits into halves, two or more.
        draws: Draws from each density in each split.
        generator: Source of the splits and the draws.
        split: Part of the data set, for the record.
        seed: Of the draws, for the record.
        progress: Called with the splits done and their number.

    Raises:
        ValueError: If there are fewer than two splits, or fewer than four observations.
    """
    n = len(posterior.mean)
    if splits < 2 or n < 4:
        raise ValueError(f"the mass in holes needs two splits and four observations, not {splits} and {n}")
    beyond, floors = [], []
    for done in range(splits):
        order = torch.randperm(n, generator=generator)
        one, other = (_aggregate(posterior[rows]) for rows in (order[: n // 2], order[n // 2 :]))
        level = mass_levels(one, (AGGREGATE_MASS,), generator, draws)
        floor = _mass_outside(other, one, level, draws, generator)
        beyond.append(_mass_outside(prior, one, level, draws, generator) - floor)
        floors.append(floor)
        if progress is not None:
            progress(done + 1, splits)

    def metric(name: str, values: list[Tensor]) -> Metric:
        each = torch.stack(values).double().cpu()
        return Metric(name, each.mean().item(), "share", each.std().item(), n, draws, split, seed=seed)

    return HoleExcess(metric("hole_excess", beyond), metric("hole_floor", floors))


def _aggregate(posterior: DiagNormal) -> DiagNormalMixture:
    return DiagNormalMixture(posterior, posterior.mean.new_zeros(len(posterior.mean)))


def _mass_outside(
    density: Mixture | Distribution, data: Mixture, level: Tensor, draws: int, generator: torch.Generator | None
) -> Tensor:
    """The share of a density's draws inside its own 95 % region where the data's density is below a level."""
    z = density.sample((draws,), generator)
    own = log_density(density, z)
    inside = own > own.quantile(1 - PRIOR_MASS)
    return (inside & (log_density(data, z) < level)).float().mean()
