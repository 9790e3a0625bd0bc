"""The ELBO and its parts, and the log-likelihood by importance sampling."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.compiling import Compiled, can_compile
from vampcore.distributions import Distribution, around
from vampcore.metrics.chunks import samples_at_once
from vampcore.metrics.pareto import LEAST_SAMPLES, pareto_k
from vampcore.models import VAE

# Compiling takes about 10 s and halves the time of a sample.
SAMPLES_WORTH_COMPILING = 4_000_000


@dataclass(frozen=True)
class Bound:
    """The ELBO of each observation and its parts, in nats: elbo = reconstruction - sum of kl over layers."""

    elbo: Float[Tensor, " N"]
    reconstruction: Float[Tensor, " N"]
    kl: Float[Tensor, "L N"]
    samples: int


@dataclass(frozen=True)
class ImportanceEstimate:
    """log p(x) of each observation by importance sampling, in nats.

    A lower bound in expectation. How low depends on what q misses, which no diagnostic of its own samples shows.

    Attributes:
        log_likelihood: log 1/S sum_s p(x, z_s) / q(z_s | x).
        ess: Effective sample size, (sum w)^2 / sum w^2, of 1 to S.
        samples: S.
        pareto_k: Shape of the weights' tail; None with too few samples for a fit.
    """

    log_likelihood: Float[Tensor, " N"]
    ess: Float[Tensor, " N"]
    samples: int
    pareto_k: Float[Tensor, " N"] | None = None


@torch.no_grad()
def bound(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    samples: int = 1,
    chunk: int | None = None,
    generator: torch.Generator | None = None,
    prior: Distribution | None = None,
) -> Bound:
    """The ELBO, E_q[log p(x | z)] and each layer's KL, averaged over `samples` draws an observation.

    Arguments:
        model: In evaluation mode.
        x: Observations.
        samples: Draws an observation.
        chunk: Observations at once; chosen from their size if None.
        generator: Source of the noise.
        prior: p(z); built once from the model if None.
    """
    prior = model.prior(model.encoder) if prior is None else prior
    chunk = chunk or max(1, min(2000, samples_at_once(x, model.bytes_per_number) // samples))
    parts = [model(part, samples, prior=prior, generator=generator) for part in x.split(chunk)]
    reconstruction = torch.cat([w.log_likelihood.mean(0) for w in parts])
    kl = torch.cat([torch.stack([layer.kl.mean(0) for layer in w.layers]) for w in parts], -1)
    return Bound(reconstruction - kl.sum(0), reconstruction, kl, samples)


@torch.no_grad()
def log_likelihood(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    samples: int = 5000,
    chunk: int | None = None,
    generator: torch.Generator | None = None,
    prior: Distribution | None = None,
    progress: Callable[[int, int], None] | None = None,
    compile: bool | None = None,
) -> ImportanceEstimate:
    """log p(x) by importance sampling with the posterior as proposal.

    Arguments:
        model: In evaluation mode.
        x: Observations.
        samples: S, importance samples an observation.
        chunk: Samples decoded at once, over all observations of a step; chosen from the device, its free memory and
            the size of an observation if None.
        generator: Source of the noise; which sample takes which of it depends on `chunk`.
        prior: p(z); built once from the model if None.
        progress: Called with the observations done and their number.
        compile: Compile the log-weights; where it pays and can be had if None.

    Raises:
        ValueError: If `samples` is not positive.

    Reference:
        Burda, Grosse, Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016. https://arxiv.org/abs/1509.00519
    """
    if samples < 1:
        raise ValueError("importance sampling needs at least one sample")
    prior = model.prior(model.encoder) if prior is None else prior
    chunk = chunk or samples_at_once(x, model.bytes_per_number)
    images = max(1, chunk // samples)
    # Equal parts, so that compiled code meets few shapes.
    draws = math.ceil(samples / math.ceil(samples / chunk))
    pays = len(x) * samples >= SAMPLES_WORTH_COMPILING and can_compile(x.device)
    log_weights = Compiled(_log_weights) if (pays if compile is None else compile) else _log_weights
    log_p, ess, shapes = [], [], []
    for part in x.split(images):
        weights = []
        density = around(prior, model.encoder(part)) if len(part) == 1 else prior
        for done in range(0, samples, draws):
            noise = model.noise(len(part), min(draws, samples - done), generator)
            regular = len(part) == images and noise[0].shape[0] == draws
            weights.append((log_weights if regular else _log_weights)(model, part, noise, density))
        log_w = torch.cat(weights)
        log_p.append(log_w.logsumexp(0) - math.log(samples))
        ess.append((2 * log_w.logsumexp(0) - (2 * log_w).logsumexp(0)).exp())
        if samples >= LEAST_SAMPLES:
            shapes.append(pareto_k(log_w))
        if progress is not None:
            progress(sum(len(done) for done in log_p), len(x))
    return ImportanceEstimate(torch.cat(log_p), torch.cat(ess), samples, torch.cat(shapes) if shapes else None)


def _log_weights(
    model: VAE, x: Float[Tensor, "N C H W"], noise: tuple[Float[Tensor, "S N D"], ...], prior: Distribution
) -> Float[Tensor, "S N"]:
    return model(x, prior=prior, noise=noise).total()
