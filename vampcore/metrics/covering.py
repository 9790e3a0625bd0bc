"""log p(x) by importance sampling with a proposal that covers more than q(z | x): refined for each image, widened."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.distributions import LOG_2PI, DiagNormal, Distribution, around
from vampcore.metrics.chunks import samples_at_once
from vampcore.metrics.pareto import LEAST_SAMPLES, pareto_k
from vampcore.models import VAE
from vampcore.models.vae import LowerLayer

STEPS, DRAWS_A_STEP = 150, 8
LEARNING_RATE = 0.05
WIDENED = 1.15
BLOCKS = 8
# The gradients of a sample take about so many times its memory.
GRADIENTS = 4


@dataclass(frozen=True)
class CoveringEstimate:
    """log p(x) of each observation in nats; a lower bound in expectation, as with any proposal.

    Attributes:
        log_likelihood: log of the mean weight.
        error: Its standard error by sampling, from eight independent blocks of the samples.
        ess: Effective sample size, (sum w)^2 / sum w^2, of 1 to S.
        pareto_k: Shape of the weights' tail; None with too few samples for a fit.
        samples: S.
    """

    log_likelihood: Float[Tensor, " N"]
    error: Float[Tensor, " N"]
    ess: Float[Tensor, " N"]
    pareto_k: Float[Tensor, " N"] | None
    samples: int


class _Offset(NamedTuple):
    """What is added to a layer's posterior of each observation: to its mean, in its scales, and to its log-variance."""

    mean: Float[Tensor, "N D"]
    logvar: Float[Tensor, "N D"]


class _Sampled(NamedTuple):
    """Samples of the top layer, log p(x, z), and their log-density under the refined posterior and the widened one."""

    z: Float[Tensor, "S N D"]
    log_joint: Float[Tensor, "S N"]
    log_refined: Float[Tensor, "S N"]
    log_widened: Float[Tensor, "S N"]


def can_cover(model: VAE, x: Float[Tensor, "N C H W"]) -> bool:
    """Whether a model's posteriors are normals, whose means and variances can be refined; a flow's are not."""
    return isinstance(model.encoder(x[:1]), DiagNormal)


def covering(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    samples: int = 5000,
    generator: torch.Generator | None = None,
    prior: Distribution | None = None,
    progress: Callable[[int, int], None] | None = None,
    steps: int = STEPS,
) -> CoveringEstimate:
    """log p(x) with samples from a refined posterior and from that widened, half from each, with balance weights.

    Mean and log-variance of each observation start at those of q(z | x) and ascend its own ELBO, without the bounds of
    the encoder's log-variance: 150 steps of Adam with 8 draws. Of a lower layer, whose posterior depends on the samples
    above, a shift of mean and log-variance is refined. A sample's weight is p(x, z) / (r(z) / 2 + w(z) / 2), where w
    has 1.15 times the scales of r in every layer.

    Arguments:
        model: In evaluation mode, its posteriors normals.
        x: Observations.
        samples: S, an even number.
        generator: Source of the noise.
        prior: p(z); built once from the model if None.
        progress: Called with the observations done and their number.
        steps: Of the refinement; 0 widens q(z | x) only.

    Raises:
        ValueError: If a posterior is a flow, or S is not even or less than 16.

    Reference:
        Veach, Guibas, Optimally combining sampling techniques for Monte Carlo rendering, SIGGRAPH 1995: the balance
        heuristic.
    """
    found = [
        _estimate(model, one, built, offsets, samples, generator)
        for one, built, offsets in _one_by_one(model, x, samples, generator, prior, progress, steps)
    ]
    log_p, error, ess = (
        torch.cat([getattr(each, name) for each in found]) for name in ("log_likelihood", "error", "ess")
    )
    shapes = [each.pareto_k for each in found if each.pareto_k is not None]
    return CoveringEstimate(log_p, error, ess, torch.cat(shapes) if shapes else None, samples)


def covering_draws(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    samples: int,
    kept: int,
    generator: torch.Generator | None = None,
    prior: Distribution | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Float[Tensor, "R N D"], Float[Tensor, "R N"]]:
    """The samples of `covering` in the top layer, resampled by their weights to `kept` of each observation.

    Arguments:
        model: In evaluation mode, its posteriors normals.
        x: Observations.
        samples: Of the proposal, an even number.
        kept: R, the samples that are kept.
        generator: Source of the noise.
        prior: p(z); built once from the model if None.
        progress: Called with the observations done and their number.

    Returns:
        The samples, and the log of their weights, which sum to one: a sample that was kept more than once has all its
        weight at its first place, and none at the others.

    Raises:
        ValueError: If a posterior is a flow, or `samples` is not even or less than 16.
    """
    drawn, weights = [], []
    for one, built, offsets in _one_by_one(model, x, samples, generator, prior, progress, STEPS):
        z, log_w = _weighted(model, one, built, offsets, samples, generator)
        chosen = torch.multinomial(log_w[:, 0].softmax(0).cpu(), kept, replacement=True, generator=generator)
        distinct, count = chosen.unique(return_counts=True)
        share = count.new_zeros(kept).index_copy(0, torch.arange(len(count)), count).double() / kept
        places = torch.cat([distinct, distinct[:1].expand(kept - len(distinct))])
        drawn.append(z[places.to(z.device)])
        weights.append(share.log().unsqueeze(-1).to(z.device))
    return torch.cat(drawn, 1), torch.cat(weights, 1)


def _one_by_one(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    samples: int,
    generator: torch.Generator | None,
    prior: Distribution | None,
    progress: Callable[[int, int], None] | None,
    steps: int,
) -> Iterator[tuple[Float[Tensor, "1 C H W"], Distribution, list[_Offset]]]:
    """Each observation with the prior and its own refinement.

    Raises:
        ValueError: See `covering`.
    """
    if samples < 2 * BLOCKS or samples % 2:
        raise ValueError(f"a covering estimate takes an even number of samples, {2 * BLOCKS} or more")
    if not can_cover(model, x):
        raise ValueError("only normal posteriors can be refined")
    with torch.no_grad():
        prior = model.prior(model.encoder) if prior is None else prior
    at_once = max(1, samples_at_once(x, GRADIENTS * model.bytes_per_number) // DRAWS_A_STEP)
    done = 0
    for part in x.split(at_once):
        offsets = _refined(model, part, prior, steps, generator)
        for n in range(len(part)):
            yield part[n : n + 1], prior, [_Offset(mean[n : n + 1], logvar[n : n + 1]) for mean, logvar in offsets]
            done += 1
            if progress is not None:
                progress(done, len(x))


def _refined(
    model: VAE, x: Float[Tensor, "N C H W"], prior: Distribution, steps: int, generator: torch.Generator | None
) -> list[_Offset]:
    """The offsets that maximise the ELBO of each observation; the step size falls to 0."""
    layers = (cast(LowerLayer, model.encoder), *model.lower_layers())
    numbers = [x.new_zeros(len(x), layer.latent_dim, requires_grad=True) for layer in layers for _ in range(2)]
    offsets = [_Offset(numbers[2 * i], numbers[2 * i + 1]) for i in range(len(layers))]
    optimiser = torch.optim.Adam(numbers, LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / max(1, steps))
    with torch.no_grad():
        top = model.encoder(x)
    for _ in range(steps):
        noise = model.noise(len(x), DRAWS_A_STEP, generator)
        with torch.enable_grad():
            drawn = _sample(model, x, prior, top, offsets, noise, 1.0)
            loss = -(drawn.log_joint - drawn.log_refined).mean(0).sum()
            gradients = torch.autograd.grad(loss, numbers)
        for number, gradient in zip(numbers, gradients, strict=True):
            # An observation whose draws ran away stays where it is.
            number.grad = gradient.nan_to_num(0.0, 0.0, 0.0)
        optimiser.step()
        schedule.step()
    return [_Offset(mean.detach(), logvar.detach()) for mean, logvar in offsets]


@torch.no_grad()
def _estimate(
    model: VAE,
    x: Float[Tensor, "1 C H W"],
    prior: Distribution,
    offsets: list[_Offset],
    samples: int,
    generator: torch.Generator | None,
) -> CoveringEstimate:
    """log p(x) of one observation."""
    log_w = _weighted(model, x, prior, offsets, samples, generator)[1]
    total = log_w.logsumexp(0)
    relative = (log_w - total).exp() * samples
    # Sample i of each half is in block i mod 8.
    blocks = torch.arange(samples // 2, device=x.device).remainder(BLOCKS).repeat(2)
    means = relative.new_zeros(BLOCKS, 1).index_add_(0, blocks, relative) / blocks.bincount().unsqueeze(-1)
    error = means.std(0) / math.sqrt(BLOCKS)
    ess = (2 * total - (2 * log_w).logsumexp(0)).exp()
    shape = pareto_k(log_w) if samples >= LEAST_SAMPLES else None
    return CoveringEstimate(total - math.log(samples), error, ess, shape, samples)


@torch.no_grad()
def _weighted(
    model: VAE,
    x: Float[Tensor, "1 C H W"],
    prior: Distribution,
    offsets: list[_Offset],
    samples: int,
    generator: torch.Generator | None,
) -> tuple[Float[Tensor, "S 1 D"], Float[Tensor, "S 1"]]:
    """Samples of the top layer for one observation, and their log-weights."""
    top = cast(DiagNormal, model.encoder(x))
    density = around(prior, DiagNormal(top.mean + offsets[0].mean * top.scale, top.logvar + offsets[0].logvar))
    at_once = samples_at_once(x, model.bytes_per_number)
    drawn, weights = [], []
    for width in (1.0, WIDENED):
        for start in range(0, samples // 2, at_once):
            noise = model.noise(1, min(at_once, samples // 2 - start), generator)
            found = _sample(model, x, density, top, offsets, noise, width)
            drawn.append(found.z)
            weights.append(found.log_joint - torch.logaddexp(found.log_refined, found.log_widened) + math.log(2))
    return torch.cat(drawn), torch.cat(weights).double()


def _sample(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    prior: Distribution,
    top: DiagNormal,
    offsets: list[_Offset],
    noise: tuple[Float[Tensor, "S N D"], ...],
    width: float,
) -> _Sampled:
    """Samples of the refined posterior with `width` times its scales, and their densities."""
    above: list[Tensor] = []
    joint, refined, widened = [], [], []
    layers = (None, *model.lower_layers())
    for layer, offset, epsilon in zip(layers, offsets, noise, strict=True):
        q = top if layer is None else layer.posterior(x, *above)
        logvar, step = q.logvar + offset.logvar, width * epsilon
        z = q.mean + offset.mean * q.scale + (0.5 * logvar).exp() * step
        joint.append((prior if layer is None else layer.prior(*above)).log_prob(z))
        refined.append(-0.5 * (LOG_2PI + logvar + step.square()).sum(-1))
        wide = 2 * math.log(WIDENED) + step.square() / WIDENED**2
        widened.append(-0.5 * (LOG_2PI + logvar + wide).sum(-1))
        above.append(z)
    joint.append(model.decoder(*above).log_prob(x))
    densities = (torch.stack(each).sum(0) for each in (joint, refined, widened))
    return _Sampled(above[0], *densities)
