"""The images of a run: kept from its start on, so that it goes on with those that it was begun with."""

from pathlib import Path
from typing import NamedTuple

from vampcore.checkpoints import CheckpointError, load
from vampcore.checkpoints.folder import readable, write_bytes
from vampcore.checkpoints.identity import IDENTITY, identified, identity_bytes, read_identity
from vampcore.checkpoints.plain_files import plain_bytes, strict_json
from vampcore.config import Config
from vampcore.datasets import Dataset
from vampcore.datasets.identity import Identity, matched
from vampcore.training.start import with_component_count
from vampcore.training.state import State, read_state

STATUS = "status.json"
"""What a run does now: its phase, process and epoch."""
_MOST_BYTES_OF_STATUS = 4096


class Resumed(NamedTuple):
    """A run to go on with.

    Attributes:
        state: As it was saved.
        dataset: Its data, every image in the part and at the row where it was at the start.
        identity: Of these; None of a run of a version that kept no hashes, and without a sound checkpoint.
        notes: What else has changed, and where the state is not that of the last epoch.
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
    repeated = _repeated_epochs(folder, state)
    if identity is not None:
        match = matched(identity, dataset)
        return Resumed(state, match.dataset, identity, repeated + match.notes)
    try:
        checkpoint = load(folder)
    except CheckpointError:
        return Resumed(state, dataset, None, repeated)
    found = identified(checkpoint, dataset)
    return Resumed(state, found.dataset, found.identity, repeated + found.notes)


def _repeated_epochs(folder: Path, state: State) -> tuple[str, ...]:
    """A sentence where the run came further than its saved state, as on a disk that was full at its end."""
    try:
        status = strict_json(plain_bytes(readable(folder) / STATUS, _MOST_BYTES_OF_STATUS))
        reached = status["epoch"]
    except (CheckpointError, KeyError, RecursionError, TypeError, ValueError):
        return ()  # a run of which nothing is known but its state
    if type(reached) is not int or reached <= state.epoch:
        return ()
    return (
        f"the last saved state is that of epoch {state.epoch:,} of the {reached:,} that were trained: "
        f"training continues from epoch {state.epoch + 1:,}",
    )
