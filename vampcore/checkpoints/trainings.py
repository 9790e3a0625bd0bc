"""`trainings.safetensors`: the scores, without weights, of a checkpoint's trainings with other seeds."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save as to_safetensors
from torch import Tensor

from vampcore.checkpoints.folder import readable
from vampcore.checkpoints.reading import read_tensors
from vampcore.checkpoints.records import Checkpoint, CheckpointError, Training
from vampcore.datasets.naming import same_but_for_path

TRAININGS = "trainings.safetensors"
MOST_TRAININGS = 100
_NAMES = {"seed", "validation_bound", "elbo"}


def trainings(checkpoint: Checkpoint) -> list[Training]:
    """The trainings of a checkpoint's configuration, by seed: its own, and the others whose scores it keeps."""
    return sorted([own_training(checkpoint), *checkpoint.trainings], key=lambda each: each.seed)


def own_training(checkpoint: Checkpoint) -> Training:
    """What a checkpoint would keep of itself as one of the trainings of another; an edited one has no such bound."""
    history, per_image = checkpoint.history, checkpoint.per_image
    bound = history[checkpoint.progress.best_epoch - 1].validation_bound if history else math.nan
    return Training(checkpoint.config.seed, bound, per_image.elbo, per_image.log_likelihood)


def scores_by_seed(checkpoint: Checkpoint, name: str) -> dict[int, NDArray[np.float64]]:
    """A score of every test image by the seed of the training, the one that ships first; without those that lack it.

    Arguments:
        checkpoint: The one that ships.
        name: "log_likelihood" or "elbo".
    """
    every = {each.seed: getattr(each, name) for each in (own_training(checkpoint), *checkpoint.trainings)}
    return {seed: each.double().numpy() for seed, each in every.items() if each is not None}


def with_trainings(checkpoint: Checkpoint, others: Sequence[Checkpoint]) -> Checkpoint:
    """The checkpoint with the scores of other trainings, in place of those that it kept.

    Arguments:
        checkpoint: The one whose weights are kept.
        others: Trainings of other seeds.

    Raises:
        CheckpointError: If one differs in more than the seed, has the same seed, or was scored otherwise.
    """
    seeds = {checkpoint.config.seed}
    for each in (checkpoint, *others):
        if each.edit is not None:
            raise CheckpointError(f"the prior of {_name(each)} was edited, so that it is no training: move it away")
    for other in others:
        same = dataclasses.replace(other.config, seed=checkpoint.config.seed, data=checkpoint.config.data)
        if same != checkpoint.config or not same_but_for_path(other.config.data, checkpoint.config.data):
            raise CheckpointError(
                f"{_name(other)} differs from {_name(checkpoint)} in more than its seed: train it again"
            )
        if other.config.seed in seeds:
            raise CheckpointError(f"{_name(other)} has a seed that another has, {other.config.seed}: train it again")
        seeds.add(other.config.seed)
        if _tested_on(other) != _tested_on(checkpoint):
            raise CheckpointError(f"{_name(other)} was tested on other images: train it again")
        if _scored_by(other) != _scored_by(checkpoint):
            raise CheckpointError(
                f"log p(x) of {_name(other)} was not estimated as that of {_name(checkpoint)}: evaluate it again"
            )
    kept = sorted((own_training(other) for other in others), key=lambda each: each.seed)
    return dataclasses.replace(checkpoint, trainings=tuple(kept))


def trainings_bytes(kept: Sequence[Training]) -> bytes:
    """The content of `trainings.safetensors`: a row for each training."""
    tensors = {
        "seed": torch.tensor([each.seed for each in kept]),
        "validation_bound": torch.tensor([each.validation_bound for each in kept]),
        "elbo": torch.stack([each.elbo.float() for each in kept]),
    }
    scores = [each.log_likelihood for each in kept]
    whole = [score.float() for score in scores if score is not None and not bool(score.isnan().any())]
    if len(whole) == len(kept):
        tensors["log_likelihood"] = torch.stack(whole)
    return to_safetensors(tensors)


def read_trainings(folder: Path, seed: int, count: int) -> tuple[Training, ...]:
    """Read the other trainings of a checkpoint of this seed, with a test set of so many images; none if it keeps none.

    Raises:
        CheckpointError: If they are not sound, or of another test set.
    """
    path = folder / TRAININGS
    if not (readable(folder) / TRAININGS).exists():
        return ()
    tensors = read_tensors(folder, TRAININGS)
    try:
        _check(tensors, seed, count)
    except ValueError as error:
        raise CheckpointError(f"{path} is not valid ({error}): restore it or train again") from error
    seeds, bounds = tensors["seed"].tolist(), tensors["validation_bound"].tolist()
    scores = tensors.get("log_likelihood", [None] * len(seeds))
    return tuple(Training(*each) for each in zip(seeds, bounds, tensors["elbo"], scores, strict=True))


def _check(tensors: dict[str, Tensor], seed: int, count: int) -> None:
    if set(tensors) - {"log_likelihood"} != _NAMES:
        raise ValueError(f"it must hold {', '.join(sorted(_NAMES))}")
    seeds, bounds = tensors["seed"], tensors["validation_bound"]
    if seeds.dtype != torch.int64 or seeds.ndim != 1 or not 1 <= len(seeds) <= MOST_TRAININGS:
        raise ValueError("its seeds are not whole numbers")
    if seeds.tolist() != sorted({*seeds.tolist()} - {seed}) or int(seeds[0]) < 0:
        raise ValueError("its seeds do not rise, or one is that of the checkpoint")
    if bounds.dtype != torch.float32 or bounds.shape != seeds.shape:
        raise ValueError("it does not hold one validation bound a training")
    scores = [tensors[name] for name in ("elbo", "log_likelihood") if name in tensors]
    if any(score.dtype != torch.float32 or score.shape != (len(seeds), count) for score in scores):
        raise ValueError("it does not hold one score an image")


def _name(checkpoint: Checkpoint) -> str:
    return str(checkpoint.folder or f"{checkpoint.config.experiment}/{checkpoint.config.prior}")


def _tested_on(checkpoint: Checkpoint) -> tuple[object, ...]:
    identity = checkpoint.identity
    return len(checkpoint.per_image.elbo), None if identity is None else identity.key


def _scored_by(checkpoint: Checkpoint) -> tuple[object, ...] | None:
    metric = checkpoint.metric("log_likelihood")
    return None if metric is None else (metric.estimator, metric.samples, metric.n)
