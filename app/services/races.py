"""Races of priors in the folder of runs: what there is, what may be done with one, and what is new of it."""

import contextlib
import dataclasses
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app import names
from app.engines import desk
from app.engines.engine import EngineError
from app.services import catalogue
from app.services.home_folders import without_home
from app.services.loading import ServiceError
from app.services.race_choice import Choice, configurations
from vampcore import datasets, zoo
from vampcore.checkpoints import CheckpointError
from vampcore.checkpoints.folder import readable
from vampcore.config import ConfigError, family_name
from vampcore.datasets import DataError
from vampcore.training import race_folder
from vampcore.training.race_folder import Request, RunProgress

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Race:
    """A race.

    Attributes:
        name: Of its folder, and of its experiment once there are models.
        title: What is trained, for people.
        state: `waiting`, `training`, `interrupted`, `stopped`, `finished` or `failed`.
        why: Why it ended, in one line, where it did not end by itself.
        before: How many races wait before it.
        runs: How far each run is.
        priors: The keys of its priors.
        components: Of each mixture.
        latent_dim: Dimensions of the latent space.
        seconds: Of training so far.
        begun: When it was asked for, in seconds since 1970.
        models: The priors of which there is a model to open.
    """

    name: str
    title: str
    state: str
    why: str
    before: int
    runs: tuple[RunProgress, ...]
    priors: tuple[str, ...]
    components: int
    latent_dim: int
    seconds: float
    begun: float
    models: tuple[str, ...]

    @property
    def moving(self) -> bool:
        """Whether it trains, or will."""
        return self.state in ("waiting", "training")

    @property
    def may_go_on(self) -> bool:
        """Whether there is something left to train."""
        return self.state in ("interrupted", "stopped", "failed")

    @property
    def left(self) -> str:
        """About how long it still trains at its speed so far; "" until each run has trained an epoch."""
        going = [run for run in self.runs if not (run.finished or run.error)]
        if self.state != "training" or not going or min(run.epoch for run in going) < 1:
            return ""
        epochs = sum(run.epochs - run.epoch for run in going)
        seconds = epochs * self.seconds / sum(run.epoch for run in self.runs)
        if seconds < 10:
            return "a few seconds left"
        if seconds < 115:
            return f"about {10 * round(seconds / 10)} s left"
        minutes = seconds / 60
        return f"about {minutes:.0f} min left" if minutes < 120 else f"about {minutes / 60:.0f} h left"


def mode() -> str:
    """Where races are trained: `off`, `local` or `slurm`.

    Raises:
        ServiceError: If the operator's variable is wrong.
    """
    with _said():
        return desk.mode()


def prepare() -> None:
    """Prepare for a race, as where the page is opened.

    Raises:
        ServiceError: If a variable of the operator is wrong.
    """
    with _said():
        desk.prepare()


def owns(name: str, token: str) -> bool:
    """Whether a token is that of the race's owner."""
    return desk.owns(zoo.RUNS / name, token)


def has_owner(name: str) -> bool:
    """Whether somebody owns a race: of one that a command started, whoever continues it becomes the owner."""
    return desk.has_owner(zoo.RUNS / name)


def start(choice: Choice) -> tuple[str, str]:
    """Start a race in a new folder.

    Returns:
        Its name, and the token of its owner.

    Raises:
        ServiceError: If it is not taken.
    """
    family = family_name(datasets.short_name(choice.data), choice.latent_dim, "vae", "normal")
    taken = {path.name for path in zoo.RUNS.glob(f"{family}-*")}
    name = next(each for number in itertools.count(1) if (each := f"{family}-{number}") not in taken)
    with _said():
        return name, desk.start(zoo.RUNS / name, Request(configurations(choice, name)))


def go_on(name: str, token: str) -> str:
    """Continue a race that has ended before its end; returns the token of its owner.

    Raises:
        ServiceError: If there is none, it is not taken, or somebody else owns it.
    """
    folder = _there(name)
    with _said():
        before = race_folder.read_progress(folder)
        # Until a trainer takes it, its last word is not that of this time.
        race_folder.write_progress(folder, dataclasses.replace(before, phase="waiting"))
        try:
            return desk.resume(folder, token)
        except EngineError:
            race_folder.write_progress(folder, before)
            raise


def stop(name: str, token: str) -> None:
    """Stop a race after its current step; its models are published then.

    Raises:
        ServiceError: If there is none, or somebody else owns it.
    """
    with _said():
        desk.stop(_there(name), token)


def keep(name: str, token: str) -> None:
    """Keep the models of a race, which then cannot go on.

    Raises:
        ServiceError: If there is none, it trains, or somebody else owns it.
    """
    with _said():
        desk.keep(_there(name), token)


def delete(name: str, token: str) -> None:
    """Delete a race with its models.

    Raises:
        ServiceError: If there is none, it trains, or somebody else owns it.
    """
    with _said():
        desk.delete(_there(name), token)
    list_models_anew()


def folder_of(name: str) -> Path | None:
    """The folder of a race; None where there is none of that name."""
    folder = zoo.RUNS / name
    return folder if _NAME.fullmatch(name) and (folder / race_folder.REQUEST).is_file() else None


def race(name: str) -> Race | None:
    """A race by its name; None where there is none that is sound."""
    folder = folder_of(name)
    if folder is None:
        return None
    try:
        request, progress = race_folder.read_request(folder), race_folder.read_progress(folder)
        (state, why, before), begun = _state(folder), (folder / race_folder.REQUEST).stat().st_mtime
    except (CheckpointError, EngineError, OSError):
        return None
    config = request.runs[0]
    return Race(
        name=name,
        title=names.experiment_name(datasets.title(config.data), config.latent_dims),
        state=state,
        why=without_home(why),
        before=before,
        runs=tuple(_without_home(each) for each in progress.runs),
        priors=request.priors,
        components=config.components,
        latent_dim=config.latent_dim,
        seconds=progress.seconds,
        begun=begun,
        models=tuple(each for each in request.priors if (readable(folder / each) / "config.json").exists()),
    )


def races() -> tuple[Race, ...]:
    """All races in the folder of runs, the latest first."""
    found = [race(path.parent.name) for path in zoo.RUNS.glob(f"*/{race_folder.REQUEST}")]
    return tuple(sorted((each for each in found if each), key=lambda each: -each.begun))


def list_models_anew() -> None:
    """Let the list of models be read again: a race has published some, or some are gone."""
    catalogue.experiments.clear()


def _state(folder: Path) -> tuple[str, str, int]:
    """What a race does, why it ended where it did not end by itself, and how many wait before it."""
    state = race_folder.race_state(folder)
    if state in ("training", "finished"):
        return state, "", 0
    standing = desk.standing(folder)
    if state == "waiting" and standing.state == "gone":
        state = "interrupted"
    return state, standing.why, standing.before


def _there(name: str) -> Path:
    folder = folder_of(name)
    if folder is None:
        raise ServiceError("this race is gone: it was deleted, or its models are kept and it cannot be resumed")
    return folder


@contextlib.contextmanager
def _said() -> Iterator[None]:
    """What is refused is said in one line."""
    try:
        yield
    except (CheckpointError, ConfigError, DataError, EngineError, OSError) as error:
        raise ServiceError(str(error)) from error


def _without_home(run: RunProgress) -> RunProgress:
    return RunProgress(**vars(run) | {"error": without_home(run.error)})
