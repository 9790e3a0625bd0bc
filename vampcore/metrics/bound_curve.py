"""The importance-weighted bound L_K of each number of samples K, from one set of log-weights."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

# With fewer blocks their spread says little: then the error is that of the mean weight, by the delta method.
FEWEST_BLOCKS = 8


@dataclass(frozen=True)
class BoundCurve:
    """L_K of each of N observations, in nats.

    Attributes:
        samples: The values of K: powers of two, rising.
        bound: Mean of L_K over independent blocks of K samples.
        error: Its standard error by sampling.
    """

    samples: tuple[int, ...]
    bound: Float[Tensor, "J N"]
    error: Float[Tensor, "J N"]


@torch.no_grad()
def bound_curve(log_weights: Float[Tensor, "S N"]) -> BoundCurve:
    """L_K = E[log 1/K sum_k w_k] at K = 1, 2, 4 .. S, each from all its independent blocks of K samples.

    The error is the spread of the blocks. Where there are few, it is sd(w) / (mean(w) sqrt(n)) of the n samples in
    them, which is what log of a mean weight errs by.

    Arguments:
        log_weights: log p(x, z) - log q(z | x) of S samples for N observations.

    Raises:
        ValueError: If there is no sample.

    Reference:
        Burda, Grosse, Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016. https://arxiv.org/abs/1509.00519
    """
    if not len(log_weights):
        raise ValueError("a bound needs at least one sample")
    blocks = log_weights.double()
    samples, bounds, errors = [], [], []
    size = 1
    while True:
        samples.append(size)
        bounds.append(blocks.mean(0))
        if len(blocks) >= FEWEST_BLOCKS:
            errors.append(blocks.std(0) / math.sqrt(len(blocks)))
        else:
            errors.append(_of_mean_weight(log_weights[: size * len(blocks)].double()))
        if len(blocks) < 2:
            break
        blocks = blocks[: len(blocks) // 2 * 2]
        blocks = torch.logaddexp(blocks[::2], blocks[1::2]) - math.log(2)
        size *= 2
    like = log_weights.dtype
    return BoundCurve(tuple(samples), torch.stack(bounds).to(like), torch.stack(errors).to(like))


def _of_mean_weight(log_weights: Float[Tensor, "S N"]) -> Float[Tensor, " N"]:
    """Relative standard error of the mean weight."""
    share = (2 * log_weights.logsumexp(0) - (2 * log_weights).logsumexp(0)).exp()
    return (1 / share - 1 / len(log_weights)).clamp(min=0).sqrt()
