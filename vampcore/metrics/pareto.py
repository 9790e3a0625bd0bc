"""How heavy the tail of importance weights is: the shape of a generalised Pareto distribution fitted to it."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

UNRELIABLE = 0.7
# With fewer samples the tail has too few weights for a fit.
LEAST_SAMPLES = 25
_PRIOR_WEIGHT, _PRIOR_SHAPE = 10, 0.5


@torch.no_grad()
def pareto_k(log_weights: Float[Tensor, "S N"]) -> Float[Tensor, " N"]:
    """k-hat of each of N sets of S importance weights, from their largest min(S / 5, 3 sqrt(S)).

    Above 0.7 the estimate is unreliable. Below, nothing is proved: weights say nothing of mass that was never sampled.
    Weights that are all equal have -inf, a tail of a few weights beyond all others inf.

    Arguments:
        log_weights: Of at least `LEAST_SAMPLES` samples.

    Raises:
        ValueError: If there are fewer.

    References:
        Vehtari, Simpson, Gelman, Yao, Gabry, Pareto smoothed importance sampling. https://arxiv.org/abs/1507.02646
        Zhang, Stephens, A new and efficient estimation method for the generalized Pareto distribution, Technometrics
        51(3), 2009.
    """
    samples = len(log_weights)
    if samples < LEAST_SAMPLES:
        raise ValueError(f"the tail of {samples} weights cannot be fitted: take {LEAST_SAMPLES} samples or more")
    tail = math.ceil(min(samples / 5, 3 * math.sqrt(samples)))
    largest = log_weights.topk(tail + 1, 0).values.double()
    weights = (largest - largest[0]).exp()
    excess = (weights[:-1] - weights[-1]).flip(0)
    # Below the rounding of the weights themselves, differences are none.
    equal = excess[-1] <= 1e-12
    quartile = excess[int(tail / 4 + 0.5) - 1]
    alone = ~equal & (quartile <= 0)
    any_tail = torch.linspace(0.1, 1, tail, dtype=excess.dtype, device=excess.device).unsqueeze(-1)
    shape = _shape(torch.where(equal | alone, any_tail, excess))
    return torch.where(equal, -math.inf, torch.where(alone, math.inf, shape)).to(log_weights.dtype)


def _shape(excess: Float[Tensor, "M N"]) -> Float[Tensor, " N"]:
    """Zhang and Stephens' estimate for rising excesses, drawn a little towards 0.5 as in PSIS."""
    tail = len(excess)
    count = 30 + int(math.sqrt(tail))
    steps = 1 - (count / (torch.arange(1, count + 1, dtype=excess.dtype) - 0.5)).sqrt()
    candidates = 1 / excess[-1] + steps.to(excess)[:, None] / (3 * excess[int(tail / 4 + 0.5) - 1])
    shapes = torch.stack([torch.log1p(-each * excess).mean(0) for each in candidates])
    log_likelihood = tail * ((-candidates / shapes).log() - shapes - 1)
    best = (candidates * log_likelihood.softmax(0)).sum(0)
    shape = torch.log1p(-best * excess).mean(0)
    return (tail * shape + _PRIOR_WEIGHT * _PRIOR_SHAPE) / (tail + _PRIOR_WEIGHT)
