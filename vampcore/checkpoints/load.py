"""Reading a checkpoint folder: what its files say is checked against its configuration before anything is built."""

import csv
import dataclasses
import hashlib
import io
import math
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from vampcore.checkpoints.folder import whole
from vampcore.checkpoints.reading import one_line, read_bytes, read_json, read_tensors
from vampcore.checkpoints.records import (
    MOST_SNAPSHOTS,
    Checkpoint,
    CheckpointError,
    EpochRecord,
    Latents,
    PerImage,
    Progress,
    Snapshot,
    record_of,
)
from vampcore.config import Config, ConfigError, Observation, config_from_json, observation_from_json
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.metrics.metric import Metric, metric_from_json
from vampcore.models import VAE, build

_SNAPSHOT_NAME = re.compile(r"(0|[1-9][0-9]{0,17})\.(mean|logvar|logits|pseudo_inputs)")
_WHOLE_NUMBERS = (torch.uint8, torch.int32, torch.int64)


@dataclasses.dataclass(frozen=True)
class Description:
    """What `config.json` says."""

    config: Config
    observation: Observation
    progress: Progress


def load(folder: Path) -> Checkpoint:
    """Read and check a checkpoint; one that is saved again meanwhile is read as before or as after, never mixed.

    Raises:
        CheckpointError: If a file is missing, truncated, foreign, wrongly shaped, not finite, or of a later format.
    """
    return whole(folder, _load)


def _load(folder: Path) -> Checkpoint:
    described = read_description(folder)
    model = _read_model(folder, described)
    latents = _read_latents(folder, described, layers=1 + len(model.lower_layers()))
    return Checkpoint(
        config=described.config,
        observation=described.observation,
        progress=described.progress,
        model=model,
        metrics=read_metrics(folder),
        latents=latents,
        per_image=_read_per_image(folder, latents.part_of or len(latents.ids)),
        snapshots=_read_snapshots(folder, described),
        history=_read_history(folder, described.progress.epochs),
        folder=folder,
        sha256=fingerprint(folder),
    )


def read_description(folder: Path) -> Description:
    """Read `config.json` alone.

    Raises:
        CheckpointError: See `load`.
    """
    fields = read_json(folder, "config.json")
    if set(fields) != {"format", "config", "observation", "progress"}:
        raise CheckpointError(f"{folder / 'config.json'} is not of a vampcore checkpoint: train it again")
    try:
        return Description(
            config_from_json(fields["config"]),
            observation_from_json(fields["observation"]),
            _progress_from_json(fields["progress"]),
        )
    except ConfigError as error:
        raise CheckpointError(f"{folder / 'config.json'}: {one_line(error)}") from error


def _progress_from_json(fields: object) -> Progress:
    kinds = {field.name: field.type for field in dataclasses.fields(Progress)}
    if not isinstance(fields, dict) or {name: type(value) for name, value in fields.items()} != kinds:
        raise ConfigError(f"progress must have exactly {', '.join(kinds)}, each of its type: train it again")
    if not 0 <= fields["best_epoch"] <= fields["epochs"]:
        raise ConfigError("progress must have a best_epoch from 0 to epochs: train it again")
    return Progress(**fields)


def read_metrics(folder: Path) -> tuple[Metric, ...]:
    """Read `metrics.json` alone.

    Raises:
        CheckpointError: See `load`.
    """
    entries = read_json(folder, "metrics.json").get("entries")
    if not isinstance(entries, list):
        raise CheckpointError(f"{folder / 'metrics.json'} has no list of entries: evaluate the checkpoint again")
    try:
        return tuple(metric_from_json(entry) for entry in entries)
    except ValueError as error:
        raise CheckpointError(f"{folder / 'metrics.json'}: {one_line(error)}: evaluate it again") from error


def fingerprint(folder: Path) -> str:
    """SHA-256 over configuration and weights."""
    digest = hashlib.sha256()
    for name in ("config.json", "weights.safetensors"):
        digest.update(read_bytes(folder, name))
    return digest.hexdigest()


def _read_model(folder: Path, described: Description) -> VAE:
    path = folder / "weights.safetensors"
    stored = {name: _float(value) for name, value in read_tensors(folder, path.name).items()}
    expected = _expected_weights(folder, described, len(stored))
    for name, value in expected.items():
        if name not in stored:
            raise CheckpointError(f"{path} lacks {name}: it belongs to another model, restore it or train again")
        if stored[name].shape != value.shape or stored[name].dtype != value.dtype:
            raise CheckpointError(
                f"{path}: {name} has shape {tuple(stored[name].shape)}, its config asks for {tuple(value.shape)}: "
                "it belongs to another model, restore it or train again"
            )
    if unknown := sorted(set(stored) - set(expected)):
        raise CheckpointError(
            f"{path}: {one_line(unknown[0])} is unknown: it belongs to another model, restore it or train again"
        )
    if "prior.alive" in stored and not bool(stored["prior.alive"].any()):
        raise CheckpointError(f"{path}: no component of the prior is alive: restore it or train again")
    model = build(described.config, described.observation)
    model.load_state_dict(stored)
    return model.requires_grad_(False).eval()


def _expected_weights(folder: Path, described: Description, stored: int) -> Mapping[str, Tensor]:
    """Names and shapes of the configuration's weights, without the memory that they would take.

    Every layer has weights of its own, so that more layers than stored tensors need not be built to be refused.
    """
    refusal = f"{folder / 'config.json'} asks for a model that is larger than any: restore it or train again"
    if max(described.config.layers, described.config.transforms if described.config.has_flow else 0) > stored:
        raise CheckpointError(refusal)
    try:
        with torch.device("meta"):
            return build(described.config, described.observation).state_dict()
    except (RuntimeError, TypeError) as error:  # sizes whose product overflows
        raise CheckpointError(refusal) from error


def _read_latents(folder: Path, described: Description, layers: int) -> Latents:
    tensors = read_tensors(folder, "latents.safetensors")
    try:
        _check_latents(tensors, described, layers)
    except ValueError as error:
        raise CheckpointError(
            f"{folder / 'latents.safetensors'} is not sound ({error}): restore it or train again"
        ) from error
    normals = ((tensors[f"{layer}.mean"].float(), tensors[f"{layer}.scale"].float()) for layer in range(layers))
    posteriors = tuple(DiagNormal(mean, 2 * scale.log()) for mean, scale in normals)
    labels = tensors.get("labels")
    part_of = int(tensors["part_of"].item()) if "part_of" in tensors else None
    return Latents(posteriors, None if labels is None else labels.long(), tensors["ids"].long(), part_of)


def _check_latents(tensors: dict[str, Tensor], described: Description, layers: int) -> None:
    expected = {"ids"} | {f"{layer}.{part}" for layer in range(layers) for part in ("mean", "scale")}
    if set(tensors) - {"labels", "part_of"} != expected:
        raise ValueError(f"it must hold {', '.join(sorted(expected))}")
    ids, labels = tensors["ids"], tensors.get("labels")
    if ids.ndim != 1 or len(ids) == 0 or ids.dtype not in _WHOLE_NUMBERS:
        raise ValueError("there are no images")
    _check_rows(ids, tensors.get("part_of"))
    for layer in range(layers):
        mean, scale = tensors[f"{layer}.mean"], tensors[f"{layer}.scale"]
        if mean.ndim != 2 or len(mean) != len(ids) or mean.shape != scale.shape:
            raise ValueError("the layers do not hold one posterior an image")
        if not mean.is_floating_point() or not scale.is_floating_point() or not bool((scale > 0).all()):
            raise ValueError("a scale is not positive, or a mean no real number")
    if tensors["0.mean"].shape[1] != described.config.latent_dim:
        raise ValueError("the top layer has another number of dimensions than the config")
    if labels is not None:
        if labels.shape != ids.shape or labels.dtype not in _WHOLE_NUMBERS:
            raise ValueError("there is not one class an image")
        if not 0 <= int(labels.min()) <= int(labels.max()) < len(described.observation.classes):
            raise ValueError("a class is not among those of the config")


def _check_rows(ids: Tensor, part_of: Tensor | None) -> None:
    """Refuse rows that are not all of the test set, or not a part of a test set of so many images."""
    if part_of is None:
        if not torch.equal(ids.long(), torch.arange(len(ids))):
            raise ValueError("the images are not those of the test set, in its order")
        return
    if part_of.shape != (1,) or part_of.dtype not in _WHOLE_NUMBERS:
        raise ValueError("the size of the test set is not a whole number")
    rows = ids.long()
    if not (rows.diff() > 0).all() or int(rows[0]) < 0 or int(rows[-1]) >= int(part_of.item()):
        raise ValueError("the images are not a part of the test set, in its order")


def _read_per_image(folder: Path, count: int) -> PerImage:
    tensors = read_tensors(folder, "per_image.safetensors")
    elbo, log_likelihood, ids = (tensors.pop(name, None) for name in ("elbo", "log_likelihood", "log_likelihood_ids"))
    if tensors or elbo is None or not _one_an_image(elbo, count) or not _one_an_image(log_likelihood, count, ids):
        raise CheckpointError(
            f"{folder / 'per_image.safetensors'} does not fit the test set: restore it or train again"
        )
    if log_likelihood is not None and ids is not None:
        log_likelihood = torch.full((count,), math.nan).index_copy(0, ids.long(), log_likelihood.float())
    return PerImage(elbo, log_likelihood)


def _one_an_image(values: Tensor | None, count: int, ids: Tensor | None = None) -> bool:
    """Whether there is a number for each of so many images, or for those of the rows `ids`, which rise."""
    if values is None:
        return ids is None
    if ids is not None:
        rows = ids.long()
        sound = ids.ndim == 1 and ids.dtype in _WHOLE_NUMBERS and len(ids) > 0 and bool((rows.diff() > 0).all())
        if not sound or int(rows[0]) < 0 or int(rows[-1]) >= count:
            return False
        count = len(ids)
    return values.shape == (count,) and values.is_floating_point()


def snapshots_of(tensors: dict[str, Tensor]) -> tuple[Snapshot, ...]:
    """Snapshots from tensors named `<epoch>.<part>`.

    Raises:
        KeyError: If a part is missing.
        ValueError: If a name is none of these, or a part is not of its type.
    """
    for name, value in tensors.items():
        is_image = name.endswith(".pseudo_inputs")
        fits = value.dtype == torch.uint8 if is_image else value.is_floating_point()
        if not fits or not _SNAPSHOT_NAME.fullmatch(name):
            raise ValueError(f"{one_line(name)} is unknown, or of the wrong type")
    snapshots = []
    for epoch in sorted({int(name.split(".")[0]) for name in tensors}):
        normal = DiagNormal(tensors[f"{epoch}.mean"].float(), tensors[f"{epoch}.logvar"].float())
        mixture = DiagNormalMixture(normal, tensors[f"{epoch}.logits"])
        snapshots.append(Snapshot(epoch, mixture, tensors.get(f"{epoch}.pseudo_inputs")))
    return tuple(snapshots)


def _read_snapshots(folder: Path, described: Description) -> tuple[Snapshot, ...]:
    path = folder / "snapshots.safetensors"
    tensors = read_tensors(folder, path.name)
    config, shape = described.config, described.observation.shape
    components = config.prior_components
    shapes = {
        "mean": (components, config.latent_dim),
        "logvar": (components, config.latent_dim),
        "logits": (components,),
        "pseudo_inputs": (components, *shape),
    }
    try:
        for name, value in tensors.items():
            if value.shape != shapes.get(name.partition(".")[2]):
                raise ValueError(f"{one_line(name)} does not fit its config")
        snapshots = snapshots_of(tensors)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path} is not of this checkpoint ({error}): restore it or train again") from error
    if len(snapshots) > MOST_SNAPSHOTS:
        raise CheckpointError(f"{path} holds {len(snapshots)} snapshots, {MOST_SNAPSHOTS} at most: train it again")
    return snapshots


def _read_history(folder: Path, epochs: int) -> tuple[EpochRecord, ...]:
    content = read_bytes(folder, "history.csv")
    fields = dataclasses.fields(EpochRecord)
    try:
        header, *rows = csv.reader(io.StringIO(content.decode()))
        # The last column came later.
        if header not in ([field.name for field in fields], [field.name for field in fields[:-1]]):
            raise ValueError("the columns are not those of a history")
        if any(len(row) != len(header) for row in rows) or not content.endswith(b"\n"):
            raise ValueError("a row is cut off")
        kinds = [field.type for field in fields[: len(header)]]
        history = tuple(
            record_of([kind(cell) for kind, cell in zip(kinds, row, strict=True)])  # type: ignore[operator]
            for row in rows
        )
        if not all(math.isfinite(value) for record in history for value in dataclasses.astuple(record)):
            raise ValueError("a value is not finite")
        if [record.epoch for record in history] != list(range(1, epochs + 1)):
            raise ValueError(f"it does not hold epochs 1 to {epochs}")
    except (ValueError, OverflowError, csv.Error) as error:
        raise CheckpointError(f"{folder / 'history.csv'}: {one_line(error)}: restore it or train again") from error
    return history


def _float(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value
