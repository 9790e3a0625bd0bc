"""`data.safetensors`: which images a checkpoint was trained and tested on, compared with those at hand."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import save as to_safetensors
from torch import Tensor

from vampcore.checkpoints.folder import readable
from vampcore.checkpoints.plain_files import one_line, strict_json
from vampcore.checkpoints.reading import read_tensors
from vampcore.checkpoints.records import Checkpoint, CheckpointError
from vampcore.checkpoints.subset import random_rows
from vampcore.datasets import Dataset, Split, names, observe, short_name
from vampcore.datasets.identity import (
    PARTS,
    ChangedDataError,
    Identity,
    PartIdentity,
    digests_only,
    identity_of,
    matched,
    part_digest,
    pixel_digest,
)
from vampcore.metrics.likelihood import bound

IDENTITY = "data.safetensors"
# Without hashes, the ELBO of the test images is computed again: of all where they are at most so many, with the seed
# and on the device of the stored one, so that they agree to the rounding of sums.
MOST_REPEATED, ROUNDING, ROUNDING_SHARE = 2000, 0.05, 1e-4
# Else some are, with other noise: so many images and samples; what is farther from the stored one than so many standard
# deviations of a sample and a nat is another image. At most this share may be, and at least that of images exchanged.
COMPARED, SAMPLES, DEVIATIONS, NATS, MOST_APART, LEAST_APART = 64, 16, 4.0, 1.0, 0.1, 0.3


class Identified(NamedTuple):
    """The data at hand in the order of the training, their identity, and what else has changed."""

    dataset: Dataset
    identity: Identity
    notes: tuple[str, ...]


def identity_to_keep(dataset: Dataset) -> Identity:
    """What a run keeps of its data: of a named data set a digest a part, of a user's own a hash of each image."""
    found = identity_of(dataset)
    return digests_only(found) if dataset.name in names() else found


def identified(checkpoint: Checkpoint, dataset: Dataset) -> Identified:
    """The data of a checkpoint, every image in the part and at the row where it was at training.

    Arguments:
        checkpoint: Where it keeps no hashes, its stored ELBO of some test images is compared with that computed again.
        dataset: Its data, loaded with its likelihood.

    Raises:
        DataError: If they are not the images that it was trained and tested on, in one line that counts them.
    """
    check_kind(checkpoint, dataset)
    if checkpoint.identity is not None:
        match = matched(checkpoint.identity, dataset)
        return Identified(match.dataset, checkpoint.identity, match.notes)
    if not are_tested_images(checkpoint, dataset.test):
        raise ChangedDataError(
            f"{short_name(dataset.name)} does not contain the test images of the model, judging by their ELBO "
            "(the checkpoint has no hashes): restore the original images, or train again"
        )
    return Identified(dataset, identity_to_keep(dataset), ())


def check_kind(checkpoint: Checkpoint, dataset: Dataset) -> None:
    """Refuse images of another shape or with other levels than the model sees.

    Raises:
        DataError: In one line.
    """
    shape, levels = checkpoint.observation.shape, checkpoint.observation.levels
    if (dataset.shape, dataset.levels) != (shape, levels):
        raise ChangedDataError(
            f"{short_name(dataset.name)} no longer holds images of shape {shape} with {levels} levels: restore it"
        )


@torch.no_grad()
def are_tested_images(checkpoint: Checkpoint, test: Split) -> bool:
    """Whether these are the test images as they were evaluated: by digest, else by the ELBO of some of them.

    Arguments:
        checkpoint: Its model on any device.
        test: As it is evaluated, after binarisation.
    """
    stored = checkpoint.per_image.elbo
    if (len(test.images), *test.images.shape[1:]) != (len(stored), *checkpoint.observation.shape):
        return False
    if checkpoint.identity is not None:
        return pixel_digest(test.images) == checkpoint.identity.evaluated
    return _has_stored_bounds(checkpoint, test) or _has_bounds_alike(checkpoint, test)


def _has_stored_bounds(checkpoint: Checkpoint, test: Split) -> bool:
    """Whether the ELBO of every test image, with the seed that was kept, is the stored one, to rounding."""
    stored, metric = checkpoint.per_image.elbo, checkpoint.metric("elbo")
    device = next(checkpoint.model.parameters()).device
    if metric is None or metric.seed is None or not metric.samples or len(stored) > MOST_REPEATED:
        return False
    if metric.device != "cpu" or device.type != "cpu":
        return False
    x = observe(test.images, test.levels, checkpoint.config.likelihood)
    found = bound(checkpoint.model, x, metric.samples, generator=torch.Generator().manual_seed(metric.seed)).elbo
    return bool(((found - stored).abs() < ROUNDING + ROUNDING_SHARE * stored.abs()).all())


def _has_bounds_alike(checkpoint: Checkpoint, test: Split) -> bool:
    """Whether the ELBO of some test images is near the stored one, and would not be if they changed places."""
    stored = checkpoint.per_image.elbo
    rows = random_rows(COMPARED, len(stored))
    model = checkpoint.model
    device = next(model.parameters()).device
    x = observe(test.images[rows], test.levels, checkpoint.config.likelihood).to(device)
    generator = torch.Generator(device).manual_seed(0)
    each = torch.stack([bound(model, x, generator=generator).elbo.cpu() for _ in range(SAMPLES)])
    mean, near = each.mean(0), DEVIATIONS * each.std(0) + NATS
    apart = (stored[rows] - mean).abs() > near
    others_apart = (stored[rows].roll(1) - mean).abs() > near
    return float(apart.float().mean()) <= MOST_APART and float(others_apart.float().mean()) >= LEAST_APART


def identity_bytes(identity: Identity) -> bytes:
    """The content of `data.safetensors`."""
    tensors = {"evaluated": _bytes(identity.evaluated), "classes": _bytes(json.dumps(identity.classes).encode())}
    for name, part in zip(PARTS, identity.parts, strict=True):
        tensors[f"{name}.count"] = torch.tensor([part.count])
        tensors[f"{name}.digest"] = _bytes(part.digest)
        for what in ("hashes", "labels", "names"):
            values: np.ndarray | None = getattr(part, what)
            if values is not None:
                tensors[f"{name}.{what}"] = torch.from_numpy(values.copy())
    return to_safetensors(tensors)


def read_identity(folder: Path) -> Identity | None:
    """Read `data.safetensors` of a checkpoint, or of a run without one yet; None where there is none.

    Raises:
        CheckpointError: If it is not sound.
    """
    path = readable(folder) / IDENTITY
    if not path.exists():
        return None
    tensors = read_tensors(folder, IDENTITY)
    try:
        classes = _names(tensors.pop("classes"))
        train, validation, test = (_part(tensors, name, len(classes)) for name in PARTS)
        evaluated = _digest(tensors.pop("evaluated"))
        if tensors:
            raise ValueError(f"{one_line(next(iter(tensors)))} is unknown")
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{folder / IDENTITY} is not valid ({error}): restore it or train again") from error
    return Identity(train, validation, test, evaluated, classes)


def _part(tensors: dict[str, Tensor], name: str, classes: int) -> PartIdentity:
    count = tensors.pop(f"{name}.count")
    if count.shape != (1,) or count.dtype != torch.int64 or int(count.item()) < 1:
        raise ValueError(f"{name}.count is not a number of images")
    digest = _digest(tensors.pop(f"{name}.digest"))
    columns = {}
    for what in ("hashes", "labels", "names"):
        values = tensors.pop(f"{name}.{what}", None)
        if values is not None and (values.shape != (int(count.item()),) or values.dtype != torch.int64):
            raise ValueError(f"{name}.{what} does not hold one number an image")
        columns[what] = None if values is None else values.numpy()
    labels = columns["labels"]
    if labels is not None and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"a class of {name}.labels is not among those of the config")
    part = PartIdentity(int(count.item()), digest, **columns)
    if part.hashes is not None and part_digest(part.hashes) != digest:
        raise ValueError(f"{name}.hashes are not those that its digest names")
    return part


def _digest(value: Tensor) -> bytes:
    if value.shape != (32,) or value.dtype != torch.uint8:
        raise ValueError("a digest does not have 32 bytes")
    return bytes(value.tolist())


def _names(value: Tensor) -> tuple[str, ...]:
    if value.ndim != 1 or value.dtype != torch.uint8:
        raise ValueError("the classes are not text")
    try:
        found = strict_json(bytes(value.tolist()))
    except (ValueError, RecursionError) as error:
        raise ValueError("the classes are not a list of names") from error
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise ValueError("the classes are not a list of names")
    return tuple(found)


def _bytes(content: bytes) -> Tensor:
    return torch.tensor(list(content), dtype=torch.uint8)
