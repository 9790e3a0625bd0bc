"""Checkpoints that take less room: the model and every figure stay, and of what the dashboard draws a part."""

import dataclasses

import torch

from vampcore.checkpoints.records import Checkpoint, CheckpointError, Latents, Snapshot
from vampcore.checkpoints.subset import random_rows
from vampcore.distributions import DiagNormal


def reduced(checkpoint: Checkpoint, images: int | None = None, snapshots: int | None = None) -> Checkpoint:
    """A checkpoint with the latents of a random part of its test images, and some of the prior's snapshots.

    The part is the same for all checkpoints with as many test images, so that they can still be compared. Weights,
    figures and the bounds of each test image are untouched.

    Arguments:
        checkpoint: Whole; one that is a part already can keep all that it has.
        images: Test images whose latents stay; all if None.
        snapshots: Epochs whose prior stays, the last among them, spread evenly over those that there are; all if None.

    Raises:
        CheckpointError: If a part is asked of what is a part already.
    """
    latents, kept = checkpoint.latents, checkpoint.snapshots
    if images is not None and images < len(latents.ids):
        latents = _some_images(latents, images)
    if snapshots is not None and snapshots < len(kept):
        kept = _some_snapshots(kept, snapshots)
    return dataclasses.replace(checkpoint, latents=latents, snapshots=kept)


def _some_images(latents: Latents, images: int) -> Latents:
    if latents.part_of is not None:
        raise CheckpointError(f"it keeps {len(latents.ids)} of its test images already: reduce the one that has all")
    rows = random_rows(images, len(latents.ids))
    return Latents(
        tuple(DiagNormal(layer.mean[rows], layer.logvar[rows]) for layer in latents.layers),
        None if latents.labels is None else latents.labels[rows],
        latents.ids[rows],
        part_of=len(latents.ids),
    )


def _some_snapshots(snapshots: tuple[Snapshot, ...], count: int) -> tuple[Snapshot, ...]:
    """The last one, and others at even steps before it."""
    places = torch.linspace(len(snapshots) - 1, 0, count).round().int().tolist()
    return tuple(snapshots[place] for place in sorted(places))
