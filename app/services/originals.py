"""The test images that a model was evaluated on: kept beside its checkpoint, or read from its data set.

Nothing is given out that is not known to be the image of its row: by the digests that the checkpoint keeps of its data,
else by the stored ELBO of some images.
"""

from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from app.services.loading import DataMissing, Loaded, Ref, loaded, noise
from app.services.memory import cached
from app.services.trusted import may_read
from app.services.turns import lock_released
from vampcore import datasets
from vampcore.checkpoints import Checkpoint, CheckpointError
from vampcore.checkpoints.identity import are_tested_images, identified
from vampcore.checkpoints.packed import PACKED, read_packed
from vampcore.datasets import DataError, Split
from vampcore.datasets.identity import ChangedDataError
from vampcore.trusted import PATHS


class Originals(NamedTuple):
    """Test images in the order of the training, and what has changed about them without harm."""

    split: Split
    notes: tuple[str, ...] = ()


class DataChanged(DataMissing):
    """The data set is on disk and is not the one that the model was trained and tested on."""


class _Outcome(NamedTuple):
    """What reading a data set came to: its test part, or why it cannot be used."""

    part: Originals | None
    refusal: str = ""


class _Asked:
    """A checkpoint as a key: two whose data have one identity ask for the same images."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        config, identity = checkpoint.config, checkpoint.identity
        model = str(checkpoint.folder) + checkpoint.sha256 if identity is None else identity.key
        self.checkpoint, self._key = checkpoint, (config.data, config.likelihood, model)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._key == other._key


def observations(model: Loaded, rows: Tensor) -> Tensor:
    """Test images as the model sees them, on the device.

    Raises:
        DataMissing: If they are not at hand.
    """
    likelihood, part = model.checkpoint.config.likelihood, test_part(model).split
    ids = model.checkpoint.latents.ids[rows]
    return datasets.observe(part.images[ids], part.levels, likelihood, noise(0)).to(model.device)


def test_part(model: Loaded) -> Originals:
    """The test images of a model, on the CPU, in the order of its latents' ids.

    Raises:
        DataMissing: If they are neither kept beside the checkpoint nor on disk, or are not those it was tested on.
    """
    packed = _packed(model)
    return _of_data_set(model) if packed is None else Originals(packed)


def data_notes(ref: Ref) -> tuple[str, ...]:
    """What has changed about the test images at hand since the training, without harm; () where nothing has."""
    try:
        return test_part(loaded(ref)).notes
    except DataMissing:
        return ()


def _packed(model: Loaded) -> Split | None:
    """The test images in the experiment's folder; None where there are none, or they are not the model's."""
    checkpoint = model.checkpoint
    if checkpoint.folder is None or checkpoint.observation.levels != 1:
        return None
    experiment = checkpoint.folder.absolute().parent
    try:
        found = (experiment / PACKED).stat()
        return _unpacked(_Asked(checkpoint), str(experiment), found.st_mtime_ns, found.st_size)
    except (OSError, CheckpointError):
        return None


@cached(8, "Reading the test images")
def _unpacked(asked: _Asked, experiment: str, written: int, size: int) -> Split | None:
    with lock_released():
        part = read_packed(Path(experiment))
        return part if part is not None and are_tested_images(asked.checkpoint, part) else None


def _of_data_set(model: Loaded) -> Originals:
    data = model.checkpoint.config.data
    what = f"the data set {datasets.short_name(data)}"
    try:
        if not may_read(data, model.checkpoint.folder):
            raise DataMissing(
                f"{what} has a path that this server may not read: move it into the data folder, or add its folder "
                f"to ${PATHS}"
            )
        # Asked here, since nothing keeps a refusal: every run would start a thread to show the words below.
        if not datasets.available(data):
            raise DataMissing(f"{what} is not on disk; {datasets.hint(data)}")
        found = _read(_Asked(model.checkpoint))
    except DataError as error:
        raise DataMissing(f"{what} cannot be read: {error}") from error
    if found.part is None:
        raise DataChanged(found.refusal)
    return found.part


@cached(8, "Reading the data set")
def _read(asked: _Asked) -> _Outcome:
    """The test images of a data set, or why they are not those of the checkpoint; that is kept too.

    Raises:
        DataError: If the data set cannot be read.
    """
    config = asked.checkpoint.config
    with lock_released():
        dataset = datasets.load(config.data, likelihood=config.likelihood)
        try:
            found = identified(asked.checkpoint, dataset)
        except ChangedDataError as error:
            return _Outcome(None, str(error))
        return _Outcome(Originals(found.dataset.test, found.notes))
