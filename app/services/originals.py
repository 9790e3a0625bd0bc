"""The test images that a model was evaluated on: kept beside its checkpoint, or read from its data set."""

from pathlib import Path

import torch
from torch import Tensor

from app.services.loading import DataMissing, Loaded, noise
from app.services.memory import kept
from app.services.turns import out_of_turn
from vampcore import datasets
from vampcore.checkpoints import CheckpointError
from vampcore.checkpoints.packed import PACKED, read_packed
from vampcore.datasets import DataError, Split


def observations(model: Loaded, rows: Tensor) -> Tensor:
    """Test images as the model sees them, on the device.

    Raises:
        DataMissing: If they are not at hand.
    """
    likelihood, part = model.checkpoint.config.likelihood, test_part(model)
    ids = model.checkpoint.latents.ids[rows]
    return datasets.observe(part.images[ids], part.levels, likelihood, noise(0)).to(model.device)


def test_part(model: Loaded) -> Split:
    """The test images of a model, on the CPU, in the order of its latents' ids.

    Raises:
        DataMissing: If they are neither kept beside the checkpoint nor on disk, or are not those it was tested on.
    """
    packed = _packed(model)
    return _of_data_set(model) if packed is None else packed


def _packed(model: Loaded) -> Split | None:
    """The test images in the experiment's folder; None where there are none, or they are not the model's."""
    checkpoint = model.checkpoint
    if checkpoint.folder is None or checkpoint.observation.levels != 1:
        return None
    experiment = checkpoint.folder.absolute().parent
    try:
        found = (experiment / PACKED).stat()
        part = _unpacked(str(experiment), found.st_mtime_ns, found.st_size)
    except (OSError, CheckpointError):
        return None
    return part if part is not None and _fits(model, part) else None


@kept(4, "Reading the test images")
def _unpacked(experiment: str, written: int, size: int) -> Split | None:
    with out_of_turn():
        return read_packed(Path(experiment))


def _of_data_set(model: Loaded) -> Split:
    config = model.checkpoint.config
    what = f"the data set {datasets.short_name(config.data)}"
    try:
        # Asked here, since nothing keeps a refusal: every run would start a thread to show the words below.
        if not datasets.available(config.data):
            raise DataMissing(f"{what} is not on disk; {datasets.cure(config.data)}")
        part = _read(config.data, config.likelihood)
    except DataError as error:
        raise DataMissing(f"{what} cannot be read: {error}") from error
    if not _fits(model, part):
        raise DataMissing(f"{what} on disk is not the one that this model was tested on")
    return part


@kept(4, "Reading the data set")
def _read(data: str, likelihood: str) -> Split:
    with out_of_turn():
        return datasets.load(data, likelihood=likelihood).test


def _fits(model: Loaded, part: Split) -> bool:
    """Whether these are as many images as the model was tested on, of its shape, with the classes of its latents."""
    checkpoint, latents = model.checkpoint, model.checkpoint.latents
    if (len(part.images), *part.images.shape[1:]) != (checkpoint.test_images, *checkpoint.observation.shape):
        return False
    return part.labels is None or latents.labels is None or torch.equal(part.labels[latents.ids], latents.labels)
