"""Bounds on log p(x) as pure functions of log-weights."""

import math

from jaxtyping import Float
from torch import Tensor

from vampcore.models import LogWeights


def elbo(w: LogWeights, beta: float | Tensor = 1.0) -> Float[Tensor, " N"]:
    """Evidence lower bound E_q[log p(x | z)] - beta KL(q(z | x) || p(z)), averaged over the samples.

    Arguments:
        w: Log-weights of S samples for N observations.
        beta: Weight of every layer's KL; 1 is the bound proper.

    Returns:
        One bound an observation, in nats (sums over pixels, not means).

    Raises:
        ValueError: If there is no sample.
    """
    return _checked(w).total(beta).mean(0)


def iwae_bound(w: LogWeights, beta: float | Tensor = 1.0) -> Float[Tensor, " N"]:
    """Importance-weighted bound L_S = E[log 1/S sum_s p(x, z_s) / q(z_s | x)]; the ELBO at S = 1.

    Arguments:
        w: Log-weights of S samples for N observations.
        beta: Weight of every layer's KL; 1 is the bound proper.

    Returns:
        One bound an observation, in nats (sums over pixels, not means).

    Raises:
        ValueError: If there is no sample.

    Reference:
        Burda, Grosse, Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016. https://arxiv.org/abs/1509.00519
    """
    return _checked(w).total(beta).logsumexp(0) - math.log(len(w.log_likelihood))


def _checked(w: LogWeights) -> LogWeights:
    if len(w.log_likelihood) == 0:
        raise ValueError("a bound needs at least one sample")
    return w
