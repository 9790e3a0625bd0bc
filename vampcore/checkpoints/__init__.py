"""Checkpoints: self-contained folders of JSON, CSV and safetensors, written completely or not at all."""

from vampcore.checkpoints.load import fingerprint, load, read_description, read_metrics
from vampcore.checkpoints.records import (
    Checkpoint,
    CheckpointError,
    CheckpointInfo,
    EpochRecord,
    Latents,
    PerImage,
    Progress,
    Snapshot,
    Training,
    rounded,
)
from vampcore.checkpoints.reducing import reduced
from vampcore.checkpoints.save import save
from vampcore.checkpoints.trainings import trainings

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "CheckpointInfo",
    "EpochRecord",
    "Latents",
    "PerImage",
    "Progress",
    "Snapshot",
    "Training",
    "fingerprint",
    "load",
    "read_description",
    "read_metrics",
    "reduced",
    "rounded",
    "save",
    "trainings",
]
