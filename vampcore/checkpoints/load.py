"""Reading a checkpoint folder: what its files say is checked against its configuration before anything is built."""

import csv
import dataclasses
import hashlib
import io
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from vampcore.checkpoints.edit_file import read_edit
from vampcore.checkpoints.film_file import FILM, read_film
from vampcore.checkpoints.fitting import check_alive, check_snapshots, check_weights, expected_weights
from vampcore.checkpoints.folder import read_consistently, readable
from vampcore.checkpoints.identity import IDENTITY, read_identity
from vampcore.checkpoints.images import read_latents, read_per_image
from vampcore.checkpoints.manifest import OURS, check_folder, read_manifest
from vampcore.checkpoints.plain_files import one_line, plain_size
from vampcore.checkpoints.reading import read_bytes, read_json, read_tensors
from vampcore.checkpoints.records import (
    MOST_SNAPSHOTS,
    Checkpoint,
    CheckpointError,
    EpochRecord,
    Progress,
    Snapshot,
    record_of,
)
from vampcore.checkpoints.trainings import read_trainings
from vampcore.config import MOST_EPOCHS, Config, ConfigError, DataSpec, config_from_json, observation_from_json
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.metrics.metric import Metric, metrics_from_json
from vampcore.models import VAE, build

# Files in which other programs keep models.
_FOREIGN = (".bin", ".ckpt", ".h5", ".keras", ".onnx", ".pt", ".pth", ".pkl", "model.safetensors")
MOST_BYTES_OF_HISTORY = 2**25
_SNAPSHOT_NAME = re.compile(r"(0|[1-9][0-9]{0,17})\.(mean|logvar|logits|pseudo_inputs)")


@dataclasses.dataclass(frozen=True)
class Description:
    """What `config.json` says."""

    config: Config
    observation: DataSpec
    progress: Progress


def load(folder: Path) -> Checkpoint:
    """Read and check a checkpoint; one that is saved again meanwhile is read as before or as after, never mixed.

    Raises:
        CheckpointError: If a file is missing, truncated, foreign, wrongly shaped, not finite, of a later format, or not
            the one that the manifest lists.
    """
    return read_consistently(folder, _load)


def _load(folder: Path) -> Checkpoint:
    manifest = check_folder(folder)
    described = read_description(folder)
    model = _read_model(folder, described)
    latents = read_latents(folder, described.config, described.observation, layers=1 + len(model.lower_layers()))
    per_image = read_per_image(folder, latents.part_of or len(latents.ids))
    identity, edit = read_identity(folder), read_edit(folder)
    if identity is not None and identity.test.count != len(per_image.elbo):
        raise CheckpointError(f"{folder / IDENTITY} does not fit the test set: restore it or train again")
    for name in manifest or ():
        if name not in OURS:  # those are read for their content, this one only held against the manifest
            read_bytes(folder, name)
    return Checkpoint(
        config=described.config,
        observation=described.observation,
        progress=described.progress,
        model=model,
        metrics=read_metrics(folder),
        latents=latents,
        per_image=per_image,
        snapshots=_read_snapshots(folder, described),
        history=_read_history(folder, 0 if edit else described.progress.epochs),
        identity=identity,
        film=read_film(folder, described.config, len(per_image.elbo), described.progress.epochs),
        trainings=read_trainings(folder, described.config.seed, len(per_image.elbo)),
        edit=edit,
        folder=folder,
        checked=manifest is not None,
        sha256=fingerprint(folder),
    )


def read_description(folder: Path) -> Description:
    """Read `config.json` alone.

    Raises:
        CheckpointError: See `load`.
    """
    _refuse_foreign(folder)
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


def _refuse_foreign(folder: Path) -> None:
    """Tell a model that another program trained from a checkpoint of ours that lost a file.

    Raises:
        CheckpointError: If the folder holds a model's file of another program, and no metrics of ours.
    """
    try:
        names = sorted(path.name for path in readable(folder).iterdir())
    except OSError:  # not there, or closed to us: reading its files says so
        return
    foreign = next((name for name in names if name.endswith(_FOREIGN) and name != FILM), None)
    if foreign is not None and "metrics.json" not in names:
        raise CheckpointError(
            f"{folder} holds {foreign!r:.80}, a model of another program: vampcore opens only models that it trained"
        )


def _progress_from_json(fields: object) -> Progress:
    kinds = {field.name: field.type for field in dataclasses.fields(Progress)}
    if not isinstance(fields, dict) or {name: type(value) for name, value in fields.items()} != kinds:
        raise ConfigError(f"progress must have exactly {', '.join(kinds)}, each of its type: train it again")
    if not min(1, fields["epochs"]) <= fields["best_epoch"] <= fields["epochs"] <= MOST_EPOCHS:
        raise ConfigError(f"progress must have a best_epoch from 1 to epochs, {MOST_EPOCHS} at most: train it again")
    return Progress(**fields)


def read_metrics(folder: Path) -> tuple[Metric, ...]:
    """Read `metrics.json` alone.

    Raises:
        CheckpointError: See `load`.
    """
    entries = read_json(folder, "metrics.json").get("entries")
    try:
        return metrics_from_json(entries)
    except ValueError as error:
        raise CheckpointError(f"{folder / 'metrics.json'}: {one_line(error)}: evaluate it again") from error


def fingerprint(folder: Path) -> str:
    """SHA-256 over those of configuration and weights, which of a checked checkpoint are those of its manifest.

    Raises:
        CheckpointError: If a file is missing, or the manifest does not list it.
    """
    names = ("config.json", "weights.safetensors")
    manifest = read_manifest(folder)
    if manifest is None:
        digests = [hashlib.sha256(read_bytes(folder, name)).hexdigest() for name in names]
    else:
        digests = [manifest[name].sha256 for name in names if name in manifest]
        plain_size(readable(folder) / "weights.safetensors")
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _read_model(folder: Path, described: Description) -> VAE:
    path = folder / "weights.safetensors"
    stored = {name: _float(value) for name, value in read_tensors(folder, path.name).items()}
    expected = _expected_weights(folder, described, len(stored))
    try:
        check_weights(stored, expected)
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}, restore it or train again") from error
    try:
        check_alive(stored)
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}: restore it or train again") from error
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
        return expected_weights(described.config, described.observation)
    except (RuntimeError, TypeError) as error:  # sizes whose product overflows
        raise CheckpointError(refusal) from error


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
    try:
        check_snapshots(tensors, described.config, described.observation)
        snapshots = snapshots_of(tensors)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path} is not of this checkpoint ({error}): restore it or train again") from error
    if len(snapshots) > MOST_SNAPSHOTS:
        raise CheckpointError(f"{path} holds {len(snapshots)} snapshots, {MOST_SNAPSHOTS} at most: train it again")
    return snapshots


def _read_history(folder: Path, epochs: int) -> tuple[EpochRecord, ...]:
    content = read_bytes(folder, "history.csv", MOST_BYTES_OF_HISTORY)
    fields = dataclasses.fields(EpochRecord)
    try:
        if content.count(b"\n") > MOST_EPOCHS + 1:
            raise ValueError(f"it holds more than {MOST_EPOCHS} epochs")
        header, *rows = csv.reader(io.StringIO(content.decode()))
        # The last column came later.
        if header not in ([field.name for field in fields], [field.name for field in fields[:-1]]):
            raise ValueError("the columns are not those of a history")
        if any(len(row) != len(header) for row in rows) or not content.endswith(b"\n"):
            raise ValueError("a row is cut off")
        kinds = [field.type for field in fields[: len(header)]]
        history = checked_history(
            record_of([kind(cell) for kind, cell in zip(kinds, row, strict=True)])  # type: ignore[operator]
            for row in rows
        )
        if len(history) != epochs:
            raise ValueError(f"it does not hold epochs 1 to {epochs}")
    except (ValueError, OverflowError, csv.Error) as error:
        raise CheckpointError(f"{folder / 'history.csv'}: {one_line(error)}: restore it or train again") from error
    return history


def checked_history(records: Iterable[EpochRecord]) -> tuple[EpochRecord, ...]:
    """Records of epochs 1, 2, 3 and so on, each in its range.

    Raises:
        ValueError: If a value is not finite or out of its range, or an epoch is missing.
    """
    history = tuple(records)
    for epoch, record in enumerate(history, start=1):
        if not all(math.isfinite(value) for value in dataclasses.astuple(record)):
            raise ValueError("a value is not finite")
        if record.epoch != epoch:
            raise ValueError(f"it does not hold epochs 1 to {len(history)}")
        if not (0 <= record.beta <= 1 and record.learning_rate > 0 and record.skipped >= 0 and record.seconds >= 0):
            raise ValueError(f"a value of epoch {epoch} is out of its range")
    return history


def _float(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value
