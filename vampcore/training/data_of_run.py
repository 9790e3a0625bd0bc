"""The images of a run: kept from its start on, so that it goes on with those that it was begun with."""

from pathlib import Path
from typing import NamedTuple

from vampcore.checkpoints import CheckpointError, load
from vampcore.checkpoints.folder import readable, write_bytes
from vampcore.checkpoints.identity import IDENTITY, identified, identity_bytes, read_identity
from vampcore.config import Config
from vampcore.datasets import Dataset
from vampcore.datasets.identity import Identity, matched
from vampcore.training.start import with_component_count
from vampcore.training.state import State, read_state

STATUS = "status.json"
"""What a run does now: its phase, process and epoch."""


class Resumed(NamedTuple):
    """A run to go on with.

    Attributes:
        state: As it was saved.
        dataset: Its data, every image in the part and at the row where it was at the start.
        identity: Of these; None of a run of a version that kept no hashes, and without a sound checkpoint.
        notes: What else has changed.
    """

    state: State
    dataset: Dataset
    identity: Identity | None
    notes: tuple[str, ...]


def begin_folder(folder: Path, identity: Identity, status: bytes) -> None:
    """Write the first files of a run that has no checkpoint yet; a checkpoint holds its own `data.safetensors`.

    `status.json` comes first: a folder with it is known as that of a run, so that a run killed here can begin again.

    Raises:
        CheckpointError: If it cannot be written.
    """
    if (readable(folder) / "config.json").exists():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / STATUS, status)
        write_bytes(folder / IDENTITY, identity_bytes(identity))
    except OSError as error:
        raise CheckpointError(
            f"{folder} could not be written ({error.strerror or error}): make room, or choose another --out"
        ) from error


def run_to_resume(config: Config, dataset: Dataset, folder: Path) -> Resumed:
    """The state and the data of a run that goes on; its data may lie elsewhere than at the start.

    A run of a version that kept no hashes is compared by its checkpoint, if it has a sound one already.

    Raises:
        CheckpointError: If there is no such run, or a file of it is not sound.
        DataError: If the images are not those of the start, in one line that counts them.
    """
    identity = read_identity(folder)
    images = len(dataset.train.images) if identity is None else identity.train.count
    # Refuses another configuration before the images are compared.
    state = read_state(folder, with_component_count(config, images))
    if identity is not None:
        match = matched(identity, dataset)
        return Resumed(state, match.dataset, identity, match.notes)
    try:
        checkpoint = load(folder)
    except CheckpointError:
        return Resumed(state, dataset, None, ())
    found = identified(checkpoint, dataset)
    return Resumed(state, found.dataset, found.identity, found.notes)
