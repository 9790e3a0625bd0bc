"""A run's state on disk: everything that decides how it goes on, in one file that is replaced whole."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor

from vampcore.checkpoints import CheckpointError, EpochRecord, Snapshot
from vampcore.checkpoints.folder import write_bytes
from vampcore.checkpoints.load import snapshots_of
from vampcore.checkpoints.records import record_of
from vampcore.checkpoints.save import snapshot_tensors
from vampcore.config import Config, config_from_json, to_json

STATE = "state.safetensors"


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


def write_state(folder: Path, config: Config, state: State) -> None:
    """Replace the run's state file.

    Raises:
        CheckpointError: If it cannot be written; the old file is left as it was.
    """
    tensors = {"order": state.order, "noise": state.noise}
    for part in ("weights", "best", "optimizer"):
        tensors |= {f"{part}.{name}": value for name, value in getattr(state, part).items()}
    tensors |= {f"snapshots.{name}": value for name, value in snapshot_tensors(tuple(state.snapshots)).items()}
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
        raise CheckpointError(
            f"{folder / STATE} could not be written ({error.strerror or error}); the last saved state is unchanged: "
            "make room, then go on with --resume"
        ) from error


def read_state(folder: Path, config: Config) -> State:
    """Read the run's state file.

    Raises:
        CheckpointError: If it is absent, damaged, or belongs to another configuration.
    """
    path = folder / STATE
    try:
        with safe_open(path, "pt") as file:
            facts = json.loads((file.metadata() or {})["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        stored = config_from_json(facts["config"])
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "best": {}, "optimizer": {}, "snapshots": {}}
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
            history=[record_of(record) for record in facts["history"]],
            snapshots=list(snapshots_of(parts["snapshots"])),
        )
    except FileNotFoundError as error:
        raise CheckpointError(f"{folder} holds no run to resume: start it without --resume") from error
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged ({error}): start the run again without --resume") from error
    differing = [name for name, value in to_json(stored).items() if value != to_json(config)[name]]
    if differing:
        raise CheckpointError(
            f"the run in {folder} was started with another {differing[0]}: leave it as it was, or choose another --out"
        )
    return state
