"""The folder of a race: what is asked for, how far it is, and the runs that it trains.

A race trains one configuration with several priors in turn. Everything about it is in one folder, usually
`runs/EXPERIMENT`, so that whoever looks reads files and never asks the process:

    race.json           what is asked for; written before the race starts, see `Request`
    progress.json       how far each run is; written twice a second while it trains, see `Progress`
    stop                asks the race to stop after the current step; it removes the file when it starts again
    .race.lock          held while a process works on the race; the system frees it when that process ends
    .live/PRIOR.bin     records for watching, see `vampcore.training.live`
    .staged/PRIOR/      the run of a prior while it trains: checkpoint, state and status, as `train` writes them
    PRIOR/              the same folder, moved here when the race ends or is stopped; only now is it in the list

Whoever starts a race calls `write_request(folder, Request(...))`, then runs `python -m vampcore race --out FOLDER
--resume`, here or on another machine that sees the folder. `--resume` begins what has not begun and goes on with what
has. `python -m vampcore race --wait` imports everything, and reads the folder from one line of standard input.
`race_state(folder)` says what the race does, also after a kill: a race that says it trains and is
not locked was interrupted.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vampcore.checkpoints import CheckpointError
from vampcore.checkpoints.folder import write_bytes
from vampcore.checkpoints.locking import is_locked, run_lock
from vampcore.checkpoints.plain_files import plain_bytes, strict_json
from vampcore.config import Config, ConfigError, config_from_json, dumps, to_json

REQUEST, PROGRESS, STOP = "race.json", "progress.json", "stop"
STAGED, LIVE = ".staged", ".live"
MOST_RUNS = 8
FORMAT = 1
_MOST_BYTES = 2**16
_PHASES = ("waiting", "training", "stopped", "finished", "failed")
_DEVICES, _COMPILE = ("auto", "cpu", "cuda", "mps"), ("auto", "on", "off")


@dataclass(frozen=True)
class Request:
    """What a race trains.

    Attributes:
        runs: A configuration for each prior; they differ in nothing else.
        data_root: Data folder; None for $VAMPCORE_DATA, or data/.
        device: `auto`, `cpu`, `cuda` or `mps`.
        compile: Whether steps are compiled: `off`, `on`, or `auto`, where it pays. Compiling may take a minute before
            anything moves.
    """

    runs: tuple[Config, ...]
    data_root: str | None = None
    device: str = "auto"
    compile: str = "off"

    def __post_init__(self) -> None:
        priors = [each.prior for each in self.runs]
        if not 1 <= len(priors) <= MOST_RUNS or len(set(priors)) < len(priors):
            raise ConfigError(f"a race needs 1 to {MOST_RUNS} priors, each once: {', '.join(priors) or 'none'} given")
        if any(_shared(each) != _shared(self.runs[0]) for each in self.runs):
            raise ConfigError("the runs of a race differ in their prior only: leave the other options the same")
        if self.device not in _DEVICES or self.compile not in _COMPILE:
            raise ConfigError(f"device is one of {', '.join(_DEVICES)}, compile one of {', '.join(_COMPILE)}")

    @property
    def priors(self) -> tuple[str, ...]:
        """The keys of its priors, in the order in which they are trained."""
        return tuple(each.prior for each in self.runs)


@dataclass(frozen=True)
class RunProgress:
    """How far one run of a race is.

    Attributes:
        prior: Its key.
        epoch: Epochs done, with the part of the current one that is done.
        epochs: Epochs at most.
        validation_elbo: After the last whole epoch, nats an image; None before.
        finished: Whether no epoch is left.
        error: Why it failed, in one line; "" if it did not.
    """

    prior: str
    epoch: float = 0.0
    epochs: int = 1
    validation_elbo: float | None = None
    finished: bool = False
    error: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a race is.

    Attributes:
        phase: `waiting`, `training`, `stopped`, `finished`, or `failed`, where a run could not go on.
        runs: A record for each prior, in the order of the request.
        heartbeat: When this was written, in seconds since 1970.
        seconds: Of training so far, over all resumptions.
        pid: Of the process that wrote it.
    """

    phase: str
    runs: tuple[RunProgress, ...]
    heartbeat: float = 0.0
    seconds: float = 0.0
    pid: int = 0


def staged(folder: Path, prior: str) -> Path:
    """Where the run of a prior is while it trains."""
    return folder / STAGED / prior


def live_file(folder: Path, prior: str) -> Path:
    """Where the records for watching are."""
    return folder / LIVE / f"{prior}.bin"


def lock_of(folder: Path) -> Path:
    """What `run_lock` and `is_locked` take for the lock of the whole race."""
    return folder / "race"


def write_request(folder: Path, request: Request) -> None:
    """Ask for a race in a folder that holds none yet.

    Raises:
        CheckpointError: If the folder holds a race, or a model of one of the priors, or cannot be written.
    """
    if (folder / REQUEST).exists():
        raise CheckpointError(f"{folder} already contains a race: continue it with --resume, or choose another --out")
    for prior in request.priors:
        if (folder / prior).exists():
            raise CheckpointError(f"{folder / prior} already exists: choose another --out, or leave out {prior}")
    runs = [to_json(each) for each in request.runs]
    fields = {"format": FORMAT, "device": request.device, "compile": request.compile, "data_root": request.data_root}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / REQUEST, dumps(fields | {"runs": runs}).encode())
    except OSError as error:
        raise CheckpointError(
            f"{folder} could not be written ({error.strerror or error}): make room, or choose another --out"
        ) from error


def read_request(folder: Path) -> Request:
    """What a race trains.

    Raises:
        CheckpointError: If the folder holds no race, or its request is not sound.
    """
    path = folder / REQUEST
    if not path.exists():
        raise CheckpointError(f"{folder} contains no race: start one with --data and --priors")
    try:
        fields = strict_json(plain_bytes(path, _MOST_BYTES))
        if fields.pop("format") != FORMAT:
            raise ValueError(f"its format is not {FORMAT}: upgrade vampcore")
        runs = tuple(config_from_json(each) for each in fields.pop("runs"))
        root = fields.pop("data_root")
        if root is not None and type(root) is not str:
            raise ValueError("its data_root is no path")
        return Request(runs, root, **fields)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is not the request of a race ({error!s:.200}): delete the folder") from error


def write_progress(folder: Path, progress: Progress) -> None:
    """Replace what a race says of itself.

    Raises:
        OSError: If it cannot be written.
    """
    runs = [vars(each) for each in progress.runs]
    write_bytes(folder / PROGRESS, dumps(vars(progress) | {"runs": runs}).encode())


def read_progress(folder: Path) -> Progress:
    """What a race last said of itself; one that has said nothing, or nothing sound, waits.

    Raises:
        CheckpointError: If the folder holds no race, or its request is not sound.
    """
    request = read_request(folder)
    begun = Progress("waiting", tuple(RunProgress(each.prior, epochs=each.epochs) for each in request.runs))
    try:
        fields: dict[str, Any] = json.loads(plain_bytes(folder / PROGRESS, _MOST_BYTES))
        progress = Progress(**fields | {"runs": tuple(RunProgress(**each) for each in fields["runs"])})
    except (AttributeError, CheckpointError, KeyError, RecursionError, TypeError, ValueError):
        return begun
    sound = progress.phase in _PHASES and tuple(each.prior for each in progress.runs) == request.priors
    return progress if sound else begun


def race_state(folder: Path) -> str:
    """What a race does now: `waiting` (it has not begun), `training`, `interrupted`, `stopped`, `finished` or `failed`.

    A race that was killed is `interrupted`: it says that it trains, and no process holds its lock.

    Raises:
        CheckpointError: If the folder holds no race, or its request is not sound.
    """
    running = is_locked(lock_of(folder))
    phase = read_progress(folder).phase
    if running:
        return "training"
    return "interrupted" if phase == "training" else phase


def ask_to_stop(folder: Path) -> None:
    """Ask a race to stop after its current step; what it has trained is published.

    Raises:
        OSError: If the file cannot be written.
    """
    (folder / STOP).touch()


def keep(folder: Path) -> None:
    """Let go of what a race needs to go on, and keep its models.

    Raises:
        CheckpointError: If it is training.
    """
    with run_lock(lock_of(folder)):
        for name in (LIVE, STAGED):
            shutil.rmtree(folder / name, ignore_errors=True)
        for name in (STOP, PROGRESS, REQUEST):
            (folder / name).unlink(missing_ok=True)


def delete(folder: Path) -> None:
    """Delete a race with its models.

    Raises:
        CheckpointError: If it is training, or holds no race.
        OSError: If it cannot be deleted.
    """
    priors = read_request(folder).priors
    with run_lock(lock_of(folder)):
        for prior in priors:
            shutil.rmtree(folder / prior, ignore_errors=True)
            (folder / f".{prior}.lock").unlink(missing_ok=True)
    keep(folder)
    (folder / ".race.lock").unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _shared(config: Config) -> dict[str, Any]:
    """What all runs of a race have in common."""
    return {name: value for name, value in to_json(config).items() if name != "prior"}
