"""Measuring a checkpoint on the data set that it was trained on, and keeping the figures in it."""

import dataclasses
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.checkpoints.identity import identified
from vampcore.checkpoints.records import Checkpoint
from vampcore.checkpoints.subset import random_rows, subset_generator
from vampcore.datasets import Dataset, Split, observe
from vampcore.metrics.evaluation import Evaluation, evaluate

# Names of the entries that `with_scores` adds begin so; those of all that says something of log p(x) begin so.
COVERING = ("log_likelihood_covering", "pareto_k_covering")
SCORING = ("log_likelihood", "bits_per_dimension", "ess_", "pareto_k")


def measured_again(
    checkpoint: Checkpoint,
    dataset: Dataset,
    samples: int,
    seed: int = 0,
    *,
    split: str = "test",
    limit: int | None = None,
    estimated: int | None = None,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Every figure of a checkpoint's model, computed from the images.

    Arguments:
        checkpoint: Its model is moved to `device`.
        dataset: Its data, loaded with its likelihood; put back into the parts and the order of the training.
        samples: S of log p(x); 0 leaves it out.
        seed: Of the noise.
        split: `train`, `validation` or `test`.
        limit: Measure a random subset of so many images, the same for all models.
        estimated: Of those, estimate log p(x) of a random part of so many only, two or more, the same for all models.
        device: Where to compute.
        progress: Called with the images decoded and the images to decode.

    Raises:
        DataError: If the data set does not hold the images of the training.
    """
    dataset = identified(checkpoint, dataset).dataset
    part = getattr(dataset, split)
    generator = subset_generator()
    rows = random_rows(limit or len(part.images), len(part.images), generator)
    x = observe(part.images[rows], part.levels, checkpoint.config.likelihood, generator).to(device)
    model, levels = checkpoint.model.to(device), checkpoint.observation.levels
    chosen = None
    if estimated is not None:
        chosen = torch.zeros(len(rows), dtype=torch.bool)
        chosen[random_rows(estimated, len(rows))] = True
    return evaluate(model, x, samples, seed, progress=progress, split=split, levels=levels, estimated=chosen)


def test_observations(checkpoint: Checkpoint, dataset: Dataset) -> Float[Tensor, "N C H W"]:
    """The whole test set as `measured_again` observes it, with the same draws where images are made binary.

    Raises:
        DataError: If the data set has changed since the training.
    """
    return observed(checkpoint, identified(checkpoint, dataset).dataset.test)


def observed(checkpoint: Checkpoint, test: Split) -> Float[Tensor, "N C H W"]:
    """The images of a checkpoint's test set, in the order of the training, as `measured_again` observes them."""
    generator = subset_generator()
    rows = random_rows(len(test.images), len(test.images), generator)
    return observe(test.images[rows], test.levels, checkpoint.config.likelihood, generator)


def with_figures(checkpoint: Checkpoint, measured: Evaluation) -> Checkpoint:
    """The checkpoint with figures of its whole test set, log p(x) perhaps of a part, in place of those that it had.

    What was not measured again stays: the covering estimate of log p(x), and all of log p(x) where no sample was drawn.
    """
    score, sampled = measured.log_likelihood, measured.log_likelihood_is
    names = {metric.name for metric in measured.metrics}
    staying = SCORING if score is None else COVERING
    kept = (m for m in checkpoint.metrics if m.name.startswith(staying) and m.name not in names)
    per_image = dataclasses.replace(checkpoint.per_image, elbo=measured.elbo.cpu())
    if score is not None:
        sampled = None if sampled is None else sampled.cpu()
        per_image = dataclasses.replace(per_image, log_likelihood=score.cpu(), log_likelihood_is=sampled)
    metrics = (*measured.metrics, *kept)
    return dataclasses.replace(checkpoint, model=checkpoint.model.cpu(), metrics=metrics, per_image=per_image)
