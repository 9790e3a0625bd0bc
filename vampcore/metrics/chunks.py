"""How much is computed at once, so that memory stays bounded however large the data set and the mixture are."""

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.distributions import DiagNormalMixture, NormalMixture

Mixture = DiagNormalMixture | NormalMixture

# Pairs of a place and a component: 2 ** 21 in float64 are 16 MiB, and a few such tensors live together.
PAIRS_AT_ONCE = 2**21
# Numbers that a decoder returns: 2 ** 24 in float32 are 64 MiB.
DECODED_AT_ONCE = 2**24


def rows_at_once(pairs_per_row: int) -> int:
    """Places in one step, when each is met by `pairs_per_row` components (or components times dimensions)."""
    return max(1, PAIRS_AT_ONCE // pairs_per_row)


def observations_at_once(x: Float[Tensor, "N C H W"], samples: int) -> int:
    """Observations in one step, when each is decoded from `samples` samples."""
    return max(1, min(2000, DECODED_AT_ONCE // (samples * x[0].numel())))


@torch.no_grad()
def log_density(mixture: Mixture, z: Float[Tensor, "N D"], chunk: int | None = None) -> Float[Tensor, " N"]:
    """log p(z) of each row in nats, a chunk of rows at a time.

    Arguments:
        mixture: The density: one component, or the 10,000 of an aggregated posterior.
        z: Places.
        chunk: Rows at once; chosen from the number of components if None.
    """
    chunk = chunk or rows_at_once(mixture.log_weights.shape[-1])
    return torch.cat([mixture.log_prob(part) for part in z.split(chunk)])
