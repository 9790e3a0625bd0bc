"""Adding to a checkpoint the scores that it lacks; what it has of log p(x) is kept."""

import dataclasses
import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.checkpoints.measuring import test_observations
from vampcore.checkpoints.records import Checkpoint
from vampcore.checkpoints.subset import random_rows
from vampcore.datasets import Dataset
from vampcore.metrics.covering import can_cover
from vampcore.metrics.evaluation import GREY_LEVELS, in_bits
from vampcore.metrics.likelihood import log_likelihood
from vampcore.metrics.metric import Metric
from vampcore.metrics.quadrature import can_integrate
from vampcore.metrics.scores import cover, diagnostics, integrate


@torch.no_grad()
def with_scores(
    checkpoint: Checkpoint,
    dataset: Dataset,
    images: int,
    samples: int = 5000,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Checkpoint:
    """The checkpoint with the scores of its test set that it lacks; one that lacks nothing is returned as it is.

    With two latent dimensions log p(x) by quadrature is the score that is shown, if it holds, and the one by importance
    sampling is kept as well. Otherwise the covering estimate of a random part of the images is added. Both get the
    Pareto k-hat of importance sampling with q.

    Arguments:
        checkpoint: Its model is moved to `device` and back. One without a score by importance sampling gets none.
        dataset: Its data, loaded with its likelihood.
        images: Of the covering estimate, the same for all models; those of `pareto_k` as well.
        samples: S of the covering estimate and of `pareto_k`.
        device: Where to compute.
        progress: Called with the images done and their number.

    Raises:
        DataError: If the data set has changed since the training.
    """
    score = checkpoint.metric("log_likelihood")
    exact = score is not None and score.estimator == "quadrature"
    if score is None or (exact and checkpoint.metric("pareto_k") is not None):
        return checkpoint
    model, x = checkpoint.model.to(device), test_observations(checkpoint, dataset).to(device)
    try:
        if exact:
            return _with_tails(checkpoint, x, images, samples)
        if can_integrate(model, x):
            integral = integrate(model, x, progress=progress)
            if integral.metric is not None and integral.log_likelihood is not None:
                metric = dataclasses.replace(integral.metric, device=device)
                found = _with_integral(checkpoint, score, metric, integral.log_likelihood.cpu())
                return _with_tails(found, x, images, samples)
        known = checkpoint.metric("log_likelihood_covering")
        enough = known is not None and (known.n or 0) >= min(images, len(x)) and (known.samples or 0) >= samples
        if enough or not can_cover(model, x):
            return checkpoint
        return _with_covering(checkpoint, x, images, samples, progress)
    finally:
        checkpoint.model.cpu()


def _with_integral(checkpoint: Checkpoint, before: Metric, exact: Metric, log_p: Tensor) -> Checkpoint:
    new = [exact, dataclasses.replace(before, name="log_likelihood_is")]
    if checkpoint.observation.levels == GREY_LEVELS:
        new.append(in_bits(exact, math.prod(checkpoint.observation.shape)))
    sampled = checkpoint.per_image.log_likelihood
    per_image = dataclasses.replace(checkpoint.per_image, log_likelihood=log_p, log_likelihood_is=sampled)
    return dataclasses.replace(checkpoint, metrics=replaced_by(checkpoint.metrics, new), per_image=per_image)


def _with_covering(
    checkpoint: Checkpoint,
    x: Float[Tensor, "N C H W"],
    images: int,
    samples: int,
    progress: Callable[[int, int], None] | None,
) -> Checkpoint:
    """The covering estimate, with the stored score as its control, and the tails of the weights of both."""
    model, per_image = checkpoint.model, checkpoint.per_image
    chosen = torch.zeros(len(x), dtype=torch.bool)
    chosen[random_rows(images, len(x))] = True
    sampled = per_image.log_likelihood
    control = per_image.elbo if sampled is None or bool(sampled.isnan().any()) else sampled
    prior = model.prior(model.encoder)
    generator = torch.Generator(x.device).manual_seed(0)
    metrics, values = cover(model, x, chosen.to(x.device), control.to(x.device), samples, prior, generator, progress)
    new = [dataclasses.replace(metric, device=x.device.type) for metric in metrics]
    kept = [m for m in checkpoint.metrics if m.name in ("log_likelihood", "bits_per_dimension")]
    per_image = dataclasses.replace(per_image, log_likelihood_covering=values.cpu().to(per_image.elbo.dtype))
    metrics = replaced_by(checkpoint.metrics, [*kept, *new])
    return _with_tails(dataclasses.replace(checkpoint, metrics=metrics, per_image=per_image), x, images, samples)


def _with_tails(checkpoint: Checkpoint, x: Float[Tensor, "N C H W"], images: int, samples: int) -> Checkpoint:
    """With the tails of the weights of importance sampling with q, after the scores."""
    chosen = random_rows(images, len(x)).to(x.device)
    generator = torch.Generator(x.device).manual_seed(0)
    tails = diagnostics(log_likelihood(checkpoint.model, x[chosen], samples, None, generator))
    tails = [dataclasses.replace(each, device=x.device.type) for each in tails if each.name.startswith("pareto_k")]
    names = {metric.name for metric in tails}
    others = [metric for metric in checkpoint.metrics if metric.name not in names]
    scores = [metric for metric in others if metric.name.startswith(("log_likelihood", "bits_per_dimension"))]
    rest = [metric for metric in others if metric not in scores]
    return dataclasses.replace(checkpoint, metrics=(*scores, *tails, *rest))


def replaced_by(metrics: tuple[Metric, ...], new: list[Metric]) -> tuple[Metric, ...]:
    """The new metrics first, then those of other names."""
    names = {metric.name for metric in new}
    return (*new, *(metric for metric in metrics if metric.name not in names))
