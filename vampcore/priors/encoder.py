"""What a prior may borrow from a model, and the aggregated posterior that comes of all of it."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.distributions import DiagNormal, DiagNormalMixture

Encoder = Callable[[Tensor], DiagNormal]


@torch.no_grad()
def aggregated_posterior(encoder: Encoder, x: Float[Tensor, "N C H W"], chunk: int = 1000) -> DiagNormalMixture:
    """q(z) = 1/N sum_n q(z | x_n): the prior that maximises the ELBO on `x`, one component an observation.

    Raises:
        ValueError: If the encoder's posteriors are flows.
    """
    parts = [encoder(part) for part in x.split(chunk)]
    if not all(isinstance(part, DiagNormal) for part in parts):
        raise ValueError("the posteriors are not normal distributions, so their mixture takes N inverse passes a point")
    normal = DiagNormal(torch.cat([part.mean for part in parts]), torch.cat([part.logvar for part in parts]))
    return DiagNormalMixture(normal, normal.mean.new_zeros(len(x)))
