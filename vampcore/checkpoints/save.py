"""Writing a checkpoint folder."""

import csv
import dataclasses
import io
import math
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save as to_safetensors
from torch import Tensor

from vampcore.checkpoints.card import model_card
from vampcore.checkpoints.edit_file import EDIT, edit_bytes
from vampcore.checkpoints.film_file import FILM, check_film, film_bytes
from vampcore.checkpoints.fitting import check_alive, check_snapshots, check_weights, expected_weights
from vampcore.checkpoints.folder import atomic_replace
from vampcore.checkpoints.identity import IDENTITY, identity_bytes
from vampcore.checkpoints.manifest import CARD, MANIFEST, OURS, manifest_of
from vampcore.checkpoints.plain_files import MOST_BYTES
from vampcore.checkpoints.reading import is_valid
from vampcore.checkpoints.records import (
    FORMAT,
    MOST_SNAPSHOTS,
    SCORES,
    Checkpoint,
    CheckpointError,
    EpochRecord,
    Latents,
    PerImage,
    Snapshot,
)
from vampcore.checkpoints.trainings import TRAININGS, trainings_bytes
from vampcore.config import dumps, to_json
from vampcore.metrics.metric import metric_to_json

_DIVERGED, _CALMER = "the training diverged", "train again with a lower --learning-rate"


def save(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a checkpoint; `folder` is replaced in one step and a run's own files in it are kept.

    Raises:
        CheckpointError: If the folder cannot be written, or a weight is not finite.
    """
    write_files(contents(checkpoint), folder)


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write the files of a checkpoint; see `save`.

    Raises:
        CheckpointError: If the folder cannot be written; what was there is left as it was.
    """
    for name, content in files.items():
        if len(content) > MOST_BYTES:
            raise CheckpointError(f"{name} takes {len(content)} bytes, a checkpoint's file {MOST_BYTES} at most")
    try:
        with atomic_replace(folder, (*OURS, MANIFEST, CARD)) as fresh:
            for name, content in files.items():
                (fresh / name).write_bytes(content)
    except OSError as error:
        raise CheckpointError(
            f"{folder} could not be written ({error.strerror or error}); its old contents are unchanged: "
            "make room or choose another folder with --out"
        ) from error


def contents(checkpoint: Checkpoint) -> dict[str, bytes]:
    """The files of a checkpoint folder, by name.

    Raises:
        CheckpointError: If a weight, a posterior or a figure is not finite in the precision of its file, or the model
            or a snapshot is not that of the configuration.
    """
    weights = _weights(checkpoint)
    snapshots = snapshot_tensors(checkpoint.snapshots)
    _check_fits(checkpoint, snapshots)
    described = {
        "format": FORMAT,
        "config": to_json(checkpoint.config),
        "observation": to_json(checkpoint.observation),
        "progress": dataclasses.asdict(checkpoint.progress),
    }
    for metric in checkpoint.metrics:
        if not math.isfinite(metric.value):
            raise CheckpointError(f"{_DIVERGED} (the {metric.name} is {metric.value}): {_CALMER}")
    metrics = {"format": FORMAT, "entries": [metric_to_json(metric) for metric in checkpoint.metrics]}
    files = {
        "config.json": dumps(described).encode(),
        "weights.safetensors": _bytes(weights),
        "metrics.json": dumps(metrics).encode(),
        "per_image.safetensors": _bytes(_per_image(checkpoint.per_image)),
        "history.csv": history_csv(checkpoint.history).encode(),
        "latents.safetensors": _bytes(_latents(checkpoint.latents)),
        "snapshots.safetensors": _bytes(snapshots),
        "README.md": model_card(checkpoint).encode(),
    }
    if checkpoint.identity is not None:
        files[IDENTITY] = identity_bytes(checkpoint.identity)
    if checkpoint.film is not None:
        files[FILM] = film_bytes(checkpoint.film)
    if checkpoint.trainings:
        files[TRAININGS] = trainings_bytes(checkpoint.trainings)
    if checkpoint.edit is not None:
        files[EDIT] = edit_bytes(checkpoint.edit)
    return files | {MANIFEST: manifest_of(files)}


def _weights(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """The weights in float16. An edited prior was not trained with the others and keeps its float32."""
    weights = checkpoint.model.state_dict()
    exact = {name for name in weights if checkpoint.edit is not None and name.startswith("prior.")}
    return {name: value.detach().cpu() if name in exact else _half(value) for name, value in weights.items()}


def _check_fits(checkpoint: Checkpoint, snapshots: dict[str, Tensor]) -> None:
    """Refuse what `load` would refuse."""
    config, observation = checkpoint.config, checkpoint.observation
    try:
        weights = checkpoint.model.state_dict()
        check_weights(weights, expected_weights(config, observation))
        check_alive(weights)
        check_snapshots(snapshots, config, observation)
        if checkpoint.film is not None:
            check_film(checkpoint.film, config, checkpoint.test_images, checkpoint.progress.epochs)
    except ValueError as error:
        raise CheckpointError(
            f"not saved, for it could not be loaded: {error}: save the model of its config"
        ) from error


def history_csv(history: tuple[EpochRecord, ...]) -> str:
    """A table with one row an epoch."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in dataclasses.fields(EpochRecord))
    writer.writerows(dataclasses.astuple(record) for record in history)
    return text.getvalue()


def snapshot_tensors(snapshots: tuple[Snapshot, ...]) -> dict[str, Tensor]:
    """Snapshots as named tensors, `<epoch>.<part>`.

    Raises:
        CheckpointError: If there are too many.
    """
    if len(snapshots) > MOST_SNAPSHOTS:
        raise CheckpointError(f"{len(snapshots)} snapshots; a checkpoint holds {MOST_SNAPSHOTS} at most")
    tensors = {}
    for snapshot in snapshots:
        mixture = snapshot.mixture
        tensors[f"{snapshot.epoch}.mean"] = _half(mixture.components.mean)
        tensors[f"{snapshot.epoch}.logvar"] = _half(mixture.components.logvar)
        tensors[f"{snapshot.epoch}.logits"] = mixture.logits.detach().float()
        if snapshot.pseudo_inputs is not None:
            tensors[f"{snapshot.epoch}.pseudo_inputs"] = snapshot.pseudo_inputs
    return tensors


def _latents(latents: Latents) -> dict[str, Tensor]:
    tensors = {"ids": latents.ids.int()}
    if latents.part_of is not None:
        tensors["part_of"] = torch.tensor([latents.part_of], dtype=torch.int32)
    if latents.labels is not None:
        tensors["labels"] = latents.labels.byte() if int(latents.labels.max()) < 256 else latents.labels.int()
    for layer, normal in enumerate(latents.layers):
        tensors[f"{layer}.mean"] = _half(normal.mean)
        tensors[f"{layer}.scale"] = _half(normal.scale)
    return tensors


def _per_image(bounds: PerImage) -> dict[str, Tensor]:
    tensors = {"elbo": bounds.elbo.float()}
    for name in SCORES:
        score = getattr(bounds, name)
        if score is None:
            continue
        left_out = score.isnan()
        tensors[name] = score[~left_out].float()
        if bool(left_out.any()):
            tensors[f"{name}_ids"] = (~left_out).nonzero()[:, 0].int()
    return tensors


def _half(value: Tensor) -> Tensor:
    value = value.detach().cpu()
    return value.half() if value.is_floating_point() else value


def _bytes(tensors: dict[str, Tensor]) -> bytes:
    for name, value in tensors.items():
        if not is_valid(name, value):
            raise CheckpointError(f"{_DIVERGED} (its numbers are not finite): {_CALMER}")
    return to_safetensors({name: torch.clone(value.contiguous()).cpu() for name, value in tensors.items()})
