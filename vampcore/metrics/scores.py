"""log p(x) of a set of observations: the score that is shown, and the estimates beside it."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vampcore.distributions import Distribution
from vampcore.metrics.covering import covering
from vampcore.metrics.likelihood import ImportanceEstimate, log_likelihood
from vampcore.metrics.metric import Metric, difference_estimate, mean_metric
from vampcore.metrics.pareto import UNRELIABLE
from vampcore.metrics.plane import QuadratureError
from vampcore.metrics.quadrature import can_integrate, quadrature
from vampcore.models import VAE

FEW_EFFECTIVE_SAMPLES = 10
# Where a fit is infinite.
MOST_SHAPE = 10.0


@dataclass(frozen=True)
class Scores:
    """log p(x) in nats, by one estimator or by several; never the largest of them an observation.

    Attributes:
        metrics: `log_likelihood` names its `estimator`; the other entries stand beside it.
        log_likelihood: Of each observation, as shown; NaN where it was not estimated.
        log_likelihood_is: By importance sampling with q(z | x), where another estimate is shown.
        refusal: Why the integral over a latent plane does not hold, where there is one and it does not.
    """

    metrics: tuple[Metric, ...]
    log_likelihood: Float[Tensor, " N"]
    log_likelihood_is: Float[Tensor, " N"] | None = None
    refusal: str | None = None


@dataclass(frozen=True)
class Integral:
    """log p(x) by quadrature, with its metric; neither where the integral does not hold, and why."""

    metric: Metric | None = None
    log_likelihood: Float[Tensor, " N"] | None = None
    refusal: str | None = None


@torch.no_grad()
def score(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    elbo: Float[Tensor, " N"],
    chosen: Bool[Tensor, " N"],
    samples: int,
    prior: Distribution,
    generator: torch.Generator,
    progress: Callable[[int, int], None] | None = None,
) -> Scores:
    """The scores of a model: the integral where it has two latent dimensions, else importance sampling.

    Arguments:
        model: In evaluation mode.
        x: Observations.
        elbo: Of each.
        chosen: Those whose log p(x) importance sampling estimates; an integral is of all.
        samples: S.
        prior: p(z).
        generator: Source of the noise.
        progress: Called with the observations estimated and their number.
    """
    estimate = log_likelihood(model, x[chosen], samples, None, generator, prior, progress)
    by_sampling = elbo.new_full((len(x),), math.nan, dtype=estimate.log_likelihood.dtype)
    by_sampling[chosen] = estimate.log_likelihood
    mean = difference_estimate("log_likelihood", estimate.log_likelihood, chosen, elbo, samples, "is")
    integral = integrate(model, x, prior) if can_integrate(model, x) else Integral()
    if integral.metric is None or integral.log_likelihood is None:
        return Scores((mean, *diagnostics(estimate)), by_sampling, refusal=integral.refusal)
    metrics = (integral.metric, dataclasses.replace(mean, name="log_likelihood_is"), *diagnostics(estimate))
    return Scores(metrics, integral.log_likelihood, by_sampling)


def integrate(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    prior: Distribution | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Integral:
    """log p(x) of a model with two latent dimensions, exact to the tolerance of `quadrature`, or why it is not.

    Arguments:
        model: In evaluation mode; one for which `can_integrate` holds.
        x: Observations.
        prior: p(z); built once from the model if None.
        progress: Called with the observations done and their number.
    """
    try:
        found = quadrature(model, x, prior, progress)
    except QuadratureError as error:
        return Integral(refusal=str(error))
    if not found.passed:
        change = torch.maximum(found.by_halving, found.by_window).max().item()
        return Integral(refusal=f"a finer grid or a larger window changes an image by {change:.2g} nats")
    mean = dataclasses.replace(mean_metric("log_likelihood", found.log_likelihood), estimator="quadrature")
    return Integral(mean, found.log_likelihood.to(x.dtype))


def cover(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    chosen: Bool[Tensor, " N"],
    control: Float[Tensor, " N"],
    samples: int,
    prior: Distribution | None = None,
    generator: torch.Generator | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[tuple[Metric, ...], Float[Tensor, " N"]]:
    """The covering estimate of some observations: its metrics for all of `x`, and its values, NaN at the others.

    Arguments:
        model: In evaluation mode; one for which `can_cover` holds.
        x: Observations.
        chosen: Two or more of them, drawn at random.
        control: A like quantity that is known of all, best log p(x) by importance sampling with q.
        samples: S, an even number.
        prior: p(z); built once from the model if None.
        generator: Source of the noise.
        progress: Called with the observations done and their number.
    """
    found = covering(model, x[chosen], samples, generator, prior, progress)
    values = control.new_full((len(x),), math.nan, dtype=found.log_likelihood.dtype)
    values[chosen] = found.log_likelihood
    mean = difference_estimate("log_likelihood_covering", found.log_likelihood, chosen, control, samples, "covering")
    noise = (found.error.square().sum().sqrt() / len(found.error)).item()
    by_sampling = Metric("log_likelihood_covering_noise", noise, "nats/image", n=mean.n, samples=samples)
    return (mean, by_sampling, *_tail(found.pareto_k, samples, "covering")), values


def diagnostics(found: ImportanceEstimate) -> list[Metric]:
    """What the weights of importance sampling with q say of it: never how much they missed."""
    n, samples = len(found.ess), found.samples
    share = (found.ess < FEW_EFFECTIVE_SAMPLES).float().mean().item()
    se = math.sqrt(share * (1 - share) / n)
    return [
        Metric("ess_median", found.ess.median().item(), "samples", n=n, samples=samples),
        Metric(f"ess_below_{FEW_EFFECTIVE_SAMPLES}", share, "share", se, n, samples),
        *_tail(found.pareto_k, samples, "is"),
    ]


def _tail(shapes: Float[Tensor, " N"] | None, samples: int, estimator: str) -> list[Metric]:
    """The median of Pareto k-hat, and the share of observations above 0.7, whose estimate is unreliable."""
    if shapes is None:
        return []
    name, n = "pareto_k" if estimator == "is" else f"pareto_k_{estimator}", len(shapes)
    share = (shapes > UNRELIABLE).double().mean().item()
    median = shapes.double().clamp(-MOST_SHAPE, MOST_SHAPE).median().item()
    return [
        Metric(name, median, "k-hat", n=n, samples=samples, estimator=estimator),
        Metric(f"{name}_above_{UNRELIABLE}", share, "share", math.sqrt(share * (1 - share) / n), n, samples),
    ]
