"""Every figure of a trained model in one go: what a checkpoint stores and what a live comparison shows."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vampcore.distributions import DiagNormal, DiagNormalMixture, Distribution
from vampcore.metrics.active_units import active_units
from vampcore.metrics.chunks import observations_at_once
from vampcore.metrics.coverage import effective_components, usage
from vampcore.metrics.elbo_surgery import elbo_surgery
from vampcore.metrics.likelihood import Bound, bound
from vampcore.metrics.metric import Metric, mean_metric
from vampcore.metrics.scores import score
from vampcore.models import VAE
from vampcore.priors import aggregated_posterior
from vampcore.transforms import count_learned

# Samples an image over which the means of lower layers are averaged for their activity.
ACTIVITY_SAMPLES = 10
# The same of a flow's samples, which spread more than means do: an unused unit's activity errs by 0.02 / sqrt(N).
FLOW_ACTIVITY_SAMPLES = 64
# Images of the outer average of the surgery at most: a larger split is cut on a random subset of this size.
SURGERY_IMAGES = 10_000
GREY_LEVELS = 255


@dataclass(frozen=True)
class Evaluation:
    """The figures of a model on a set of observations.

    Attributes:
        metrics: One a figure. A figure of the model as a whole has `layer` None; where there is more than one
            stochastic layer, `kl` and `active_units` follow once more for each.
        elbo: Of each observation, in nats.
        log_likelihood: log p(x) of each observation, in nats, NaN where it was not estimated; None if it was not asked
            for. The metric of that name says by which estimator: the integral where there are two latent dimensions
            and it holds, else importance sampling.
        log_likelihood_is: By importance sampling, where the score that is shown is the integral.
        refusal: Why an integral over two latent dimensions does not hold, where it does not.
    """

    metrics: tuple[Metric, ...]
    elbo: Float[Tensor, " N"]
    log_likelihood: Float[Tensor, " N"] | None = None
    log_likelihood_is: Float[Tensor, " N"] | None = None
    refusal: str | None = None

    def get(self, name: str, layer: int | None = None) -> Metric | None:
        """The figure of that name; None if it was not computed."""
        return next((m for m in self.metrics if m.name == name and m.layer == layer), None)


@torch.no_grad()
def evaluate(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    samples: int = 0,
    seed: int = 0,
    prior: Distribution | None = None,
    progress: Callable[[int, int], None] | None = None,
    split: str = "test",
    levels: int = 1,
    draws: int = 1,
    estimated: Bool[Tensor, " N"] | None = None,
) -> Evaluation:
    """Measures a model: ELBO and its parts, surgery, active units, usage, and log p(x) where samples are given.

    What asks for the aggregated posterior, `average_kl`, `mutual_information`, `marginal_kl` and
    `effective_components`, is left out where the posteriors are flows: its density takes N inverse passes a point.

    Every figure starts from a generator of the same seed on the device of `x`. With one seed and as many observations,
    the noise is the same for every model of a shape, and `kl` equals `mutual_information` + `marginal_kl`.

    Arguments:
        model: In evaluation mode, on the device of `x`.
        x: Observations in [0, 1]; a subset should be drawn at random, the same for all models compared.
        samples: S, importance samples an observation for log p(x); 0 leaves that out.
        seed: Of the noise.
        prior: p(z), such as an edited one; built once from the model if None.
        progress: Called with the images decoded and the images to decode.
        split: Part of the data set that `x` is.
        levels: Largest count of a pixel; 255 (grey images) adds bits per dimension.
        draws: Latent samples an observation for everything but log p(x) and active units.
        estimated: Observations whose log p(x) importance sampling estimates, two or more drawn at random; all if None.
            Of a part, the mean is a `difference_estimate` for all of `x`, with their ELBO.

    Raises:
        ValueError: If there are fewer than two observations, or fewer than two whose log p(x) is estimated, no draw, or
            a negative number of samples.
    """
    chosen = torch.ones(len(x), dtype=torch.bool) if estimated is None else estimated
    if min(len(x), int(chosen.sum())) < 2 or draws < 1 or samples < 0:
        raise ValueError("evaluation needs two or more observations, draws=1 or more and samples=0 or more")
    prior = model.prior(model.encoder) if prior is None else prior
    chunk = observations_at_once(x, draws, model.bytes_per_number)
    n = len(x)
    closed = isinstance(model.encoder(x[:1]), DiagNormal)
    activity_samples = ACTIVITY_SAMPLES if closed else FLOW_ACTIVITY_SAMPLES
    chosen = chosen.to(x.device)
    total = n * ((1 + closed) * draws + activity_samples) + int(chosen.sum()) * samples

    def generator() -> torch.Generator:
        return torch.Generator(x.device).manual_seed(seed)

    def report(done: int) -> None:
        if progress is not None:
            progress(done, total)

    elbo = bound(model, x, draws, chunk, generator(), prior)
    metrics = _bound_metrics(elbo)
    report(before := n * draws)
    if closed:
        surgery = elbo_surgery(model, x, draws, generator(), prior, chunk, SURGERY_IMAGES)
        metrics += [surgery.average_kl, surgery.mutual_information, surgery.marginal_kl]
        report(before := before + n * draws)
    units = active_units(model, x, activity_samples, generator())
    report(before := before + n * activity_samples)
    whole = Metric("active_units", float(sum(u.count for u in units)), "units", n=n, samples=activity_samples)
    metrics += [whole, *(u.metric() for u in units if len(units) > 1)]
    if closed and isinstance(prior, DiagNormalMixture):
        shares = usage(prior, aggregated_posterior(model.encoder, x).components.sample((), generator()))
        metrics.append(Metric("effective_components", effective_components(shares), "components", n=n, samples=1))
    # Its own: the encoder that a VampPrior borrows is not among them.
    metrics.append(Metric("prior_parameters", float(count_learned(model.prior)), "parameters"))
    scores = None
    if samples > 0:
        scores = score(
            model, x, elbo.elbo, chosen, samples, prior, generator(), lambda done, _: report(before + done * samples)
        )
        metrics = [*scores.metrics, *metrics]
    if levels == GREY_LEVELS:
        metrics += [in_bits(m, x[0].numel()) for m in metrics if m.name in ("elbo", "log_likelihood")]
    stamped = tuple(dataclasses.replace(m, split=split, seed=seed, device=x.device.type) for m in metrics)
    if scores is None:
        return Evaluation(stamped, elbo.elbo)
    return Evaluation(stamped, elbo.elbo, scores.log_likelihood, scores.log_likelihood_is, scores.refusal)


def _bound_metrics(found: Bound) -> list[Metric]:
    metrics = [
        mean_metric("elbo", found.elbo, samples=found.samples),
        mean_metric("reconstruction", found.reconstruction, samples=found.samples),
        mean_metric("kl", found.kl.sum(0), samples=found.samples),
    ]
    if len(found.kl) > 1:
        each = [mean_metric("kl", kl, samples=found.samples) for kl in found.kl]
        metrics += [dataclasses.replace(metric, layer=i) for i, metric in enumerate(each)]
    return metrics


def in_bits(metric: Metric, dimensions: int) -> Metric:
    """Nats an image to bits a dimension, where lower is better."""
    scale = dimensions * math.log(2)
    name = "bits_per_dimension" if metric.name == "log_likelihood" else f"{metric.name}_bits_per_dimension"
    se = None if metric.se is None else metric.se / scale
    return dataclasses.replace(metric, name=name, value=-metric.value / scale, unit="bits/dimension", se=se)
