"""A run's state on disk: everything that decides how it goes on, in one file that is replaced atomically."""

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as from_safetensors
from safetensors.torch import save as to_safetensors
from torch import Tensor

from vampcore.checkpoints import CheckpointError, EpochRecord, Snapshot
from vampcore.checkpoints.folder import readable, write_bytes
from vampcore.checkpoints.load import checked_history, snapshots_of
from vampcore.checkpoints.plain_files import check_tensor_file, one_line, plain_bytes, plain_size, strict_json
from vampcore.checkpoints.records import record_of
from vampcore.checkpoints.save import snapshot_tensors
from vampcore.config import MOST_EPOCHS, Config, config_from_json, to_json
from vampcore.datasets.naming import same_but_for_path
from vampcore.training.film import FilmRecord, record_tensors, records_of

STATE = "state.safetensors"
MOST_BYTES_OF_STATE = 2**33
_HINT = "restore it, or train into another folder with --out"


@dataclass
class State:
    """What changes as a run goes on.

    Attributes:
        weights: Of the model now.
        best: Weights of the best validation bound so far.
        optimizer: Moments and step counts of Adam, by `<parameter>.<name>`.
        order: Random state of the order of the images.
        noise: Random state of binarisation and latent noise.
        epoch: Epochs done.
        best_epoch: Epoch of `best`.
        best_bound: Validation bound of `best`, that of the objective, nats an image.
        waited: Epochs since the best, after warm-up and the last growth.
        history: A record an epoch.
        snapshots: The prior through the epochs.
        film: Its records so far; empty of a run that is not filmed.
    """

    weights: dict[str, Tensor]
    best: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    order: Tensor
    noise: Tensor
    epoch: int = 0
    best_epoch: int = 0
    best_bound: float = float("-inf")
    waited: int = 0
    history: list[EpochRecord] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    film: list[FilmRecord] = field(default_factory=list)


def write_state(folder: Path, config: Config, state: State) -> None:
    """Replace the run's state file.

    Raises:
        CheckpointError: If it cannot be written; the old file is left as it was.
    """
    tensors = {"order": state.order, "noise": state.noise}
    for part in ("weights", "best", "optimizer"):
        tensors |= {f"{part}.{name}": value for name, value in getattr(state, part).items()}
    tensors |= {f"snapshots.{name}": value for name, value in snapshot_tensors(tuple(state.snapshots)).items()}
    tensors |= {f"film.{name}": value for name, value in record_tensors(state.film).items()}
    facts = {
        "config": to_json(config),
        "epoch": state.epoch,
        "best_epoch": state.best_epoch,
        "best_bound": state.best_bound,
        "waited": state.waited,
        "history": [dataclasses.astuple(record) for record in state.history],
    }
    content = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / STATE, to_safetensors(content, {"state": json.dumps(facts)}))
    except OSError as error:
        kept = (
            "the last saved state is unchanged: make room, then continue with --resume"
            if (folder / STATE).exists()
            else "no state was saved before: make room, then start again without --resume"
        )
        raise CheckpointError(f"{folder / STATE} could not be written ({error.strerror or error}); {kept}") from error


def read_state(folder: Path, config: Config) -> State:
    """Read the run's state file.

    Raises:
        CheckpointError: If it is absent, damaged, or belongs to another configuration; own data may have moved.
    """
    path = readable(folder) / STATE
    if not path.exists():
        raise CheckpointError(f"{folder} holds no run to resume: start it without --resume")
    plain_size(path, MOST_BYTES_OF_STATE)
    try:
        check_tensor_file(path)
        content = plain_bytes(path, MOST_BYTES_OF_STATE)
        tensors = from_safetensors(content)
        facts = _facts(content)
        stored = config_from_json(facts["config"])
        parts: dict[str, dict[str, Tensor]] = {}
        parts |= {name: {} for name in ("weights", "best", "optimizer", "snapshots", "film")}
        for name, value in tensors.items():
            part, _, rest = name.partition(".")
            if rest:
                parts[part][rest] = value
        state = State(
            weights=parts["weights"],
            best=parts["best"],
            optimizer=parts["optimizer"],
            order=tensors["order"],
            noise=tensors["noise"],
            epoch=facts["epoch"],
            best_epoch=facts["best_epoch"],
            best_bound=facts["best_bound" if "best_bound" in facts else "best_elbo"],
            waited=facts["waited"],
            history=_history(facts),
            snapshots=list(snapshots_of(parts["snapshots"])),
            film=records_of(parts["film"], facts["epoch"], stored),
        )
    except (
        SafetensorError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        OSError,
        OverflowError,
        RecursionError,
    ) as error:
        raise CheckpointError(f"{path} is damaged ({one_line(error)}): {_HINT}") from error
    if same_but_for_path(stored.data, config.data):
        stored = dataclasses.replace(stored, data=config.data)
    differing = [name for name, value in to_json(stored).items() if value != to_json(config)[name]]
    if "data" in differing:
        raise CheckpointError(
            f"the run in {folder} was started with other data: give --data and its options as they were (another path "
            "if the data moved), or choose another --out"
        )
    for name in differing:
        raise CheckpointError(
            f"the run in {folder} was started with {name} {to_json(stored)[name]}, not {to_json(config)[name]}: "
            "leave it as it was, or choose another --out"
        )
    return state


def _facts(content: bytes) -> dict[str, Any]:
    """What a state says beside its tensors.

    Raises:
        KeyError: If something is missing.
        ValueError: If something is not of its type, or out of its range.
    """
    header = strict_json(content[8 : 8 + int.from_bytes(content[:8], "little")])
    facts = strict_json(header["__metadata__"]["state"])
    if not isinstance(facts, dict):
        raise ValueError("its facts are not an object")
    if any(type(facts[name]) is not int for name in ("epoch", "best_epoch", "waited")):
        raise ValueError("a number of epochs is not a whole number")
    if not 0 <= facts["best_epoch"] <= facts["epoch"] <= MOST_EPOCHS or not 0 <= facts["waited"] <= facts["epoch"]:
        raise ValueError("a number of epochs is out of its range")
    bound = facts["best_bound" if "best_bound" in facts else "best_elbo"]
    if type(bound) is not float or math.isnan(bound) or (facts["best_epoch"] > 0 and math.isinf(bound)):
        raise ValueError("the best bound is not a number")
    return facts


def _history(facts: dict[str, Any]) -> list[EpochRecord]:
    """The records of a state, one an epoch.

    Raises:
        ValueError: If one is missing, not of its type, or out of its range.
    """
    rows, kinds = facts["history"], [field.type for field in dataclasses.fields(EpochRecord)]
    if not isinstance(rows, list) or len(rows) != facts["epoch"]:
        raise ValueError("it does not hold one record an epoch")
    for row in rows:
        if not isinstance(row, list) or [type(value) for value in row] not in (kinds, kinds[:-1]):
            raise ValueError("a record has values of other types")
    return list(checked_history(record_of(row) for row in rows))
