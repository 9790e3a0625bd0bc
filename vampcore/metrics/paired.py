"""The paired difference of two models: one observation at a time, so that what both find hard cancels."""

import math

from jaxtyping import Float
from torch import Tensor

from vampcore.metrics.metric import Metric


def paired_difference(
    name: str,
    one: Float[Tensor, " N"],
    other: Float[Tensor, " M"],
    samples: int | None = None,
    seed: int = 0,
) -> Metric | None:
    """Mean of `other - one` over the observations that both have, with the standard error of that mean.

    The error is over observations. What another training seed would change is not in it.

    Arguments:
        name: What was measured; `_difference` is appended.
        one: A value for each observation in nats, NaN where it was not measured.
        other: The same of the other model, in the same order.
        samples: Latent samples an observation, for the record.
        seed: Of the noise, for the record.

    Returns:
        The difference, its `n` the observations that both have; None where there is none.

    Raises:
        ValueError: If the two are not of equally many observations.
    """
    if one.shape != other.shape:
        raise ValueError(f"a paired difference needs the same observations, not {len(one)} and {len(other)}")
    known = (one.isfinite() & other.isfinite()).cpu()
    each = other.detach().cpu().double()[known] - one.detach().cpu().double()[known]
    n = len(each)
    if n == 0:
        return None
    se = (each.std() / math.sqrt(n)).item() if n > 1 else None
    return Metric(f"{name}_difference", each.mean().item(), "nats/image", se, n, samples, seed=seed)
