"""Adding to a checkpoint the scores that it lacks; what it has of log p(x) is kept."""

import dataclasses
from collections.abc import Callable

import torch

from vampcore.checkpoints.measuring import test_observations
from vampcore.checkpoints.records import Checkpoint
from vampcore.datasets import Dataset
from vampcore.metrics.evaluation import GREY_LEVELS, in_bits
from vampcore.metrics.metric import Metric
from vampcore.metrics.quadrature import can_integrate
from vampcore.metrics.scores import integrate


@torch.no_grad()
def with_scores(
    checkpoint: Checkpoint,
    dataset: Dataset,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Checkpoint:
    """The checkpoint with log p(x) of its test set by quadrature, where it has two latent dimensions and that holds.

    The score by importance sampling that it had stands beside it. A checkpoint that lacks nothing is returned as it is.

    Arguments:
        checkpoint: Its model is moved to `device` meanwhile.
        dataset: Its data, loaded with its likelihood.
        device: Where to compute.
        progress: Called with the images done and their number.

    Raises:
        DataError: If the data set has changed since the training.
    """
    before = checkpoint.metric("log_likelihood")
    if before is not None and before.estimator == "quadrature":
        return checkpoint
    model, x = checkpoint.model.to(device), test_observations(checkpoint, dataset).to(device)
    try:
        if not can_integrate(model, x):
            return checkpoint
        integral = integrate(model, x, progress=progress)
    finally:
        checkpoint.model.cpu()
    if integral.metric is None or integral.log_likelihood is None:
        return checkpoint
    score = dataclasses.replace(integral.metric, device=device)
    new = [score, *([dataclasses.replace(before, name="log_likelihood_is")] if before is not None else [])]
    if checkpoint.observation.levels == GREY_LEVELS:
        new.append(in_bits(score, x[0].numel()))
    per_image = dataclasses.replace(
        checkpoint.per_image,
        log_likelihood=integral.log_likelihood.cpu(),
        log_likelihood_is=checkpoint.per_image.log_likelihood,
    )
    return dataclasses.replace(checkpoint, metrics=replaced_by(checkpoint.metrics, new), per_image=per_image)


def replaced_by(metrics: tuple[Metric, ...], new: list[Metric]) -> tuple[Metric, ...]:
    """The new metrics first, then those of other names."""
    names = {metric.name for metric in new}
    return (*new, *(metric for metric in metrics if metric.name not in names))
