"""Races of priors in the folder of runs: what there is, what may be done with one, and what is new of it."""

import contextlib
import dataclasses
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app import names
from app.engines import desk
from app.engines.engine import EngineError
from app.services import catalogue, uploads
from app.services.content import Content
from app.services.home_folders import without_home
from app.services.loading import ServiceError
from vampcore import datasets, zoo
from vampcore.checkpoints import CheckpointError
from vampcore.checkpoints.folder import readable
from vampcore.config import Config, ConfigError, family_name
from vampcore.datasets import DataError
from vampcore.kinds import PRIORS
from vampcore.training import race_folder
from vampcore.training.live import Head, read_live
from vampcore.training.race_folder import Request, RunProgress

# What a browser is sent of a race that it has not followed: the numbers of all records, and so many whole.
MOST_WHOLE = 6
NUMBERS = 32
"""Bytes of a record's numbers, which come first."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Choice:
    """What a viewer chooses of a race.

    Attributes:
        data: Name of the data set, or the key of an upload.
        priors: Their keys.
        components: Of each mixture.
        latent_dim: Dimensions of the latent space.
        hidden: Units of each layer.
        epochs: At most.
        seed: Of the runs.
    """

    data: str
    priors: tuple[str, ...]
    components: int
    latent_dim: int
    hidden: int
    epochs: int
    seed: int = 0


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


def mode() -> str:
    """Where races are trained: `off`, `local` or `slurm`.

    Raises:
        ServiceError: If the operator's variable is wrong.
    """
    with _said():
        return desk.mode()


def get_ready() -> None:
    """Prepare for a race, as where the page is opened.

    Raises:
        ServiceError: If a variable of the operator is wrong.
    """
    with _said():
        desk.get_ready()


def owns(name: str, token: str) -> bool:
    """Whether a token is that of the race's owner, or nobody owns it: then whoever continues it does."""
    return desk.owns(zoo.RUNS / name, token)


def priors() -> tuple[str, ...]:
    """The keys of all priors."""
    return tuple(PRIORS)


def offered() -> dict[str, str]:
    """The data sets on this machine that a race can be trained on: their names for people, by name."""
    found = {name: datasets.title(name) for name in datasets.names() if datasets.available(name)}
    return dict(sorted(found.items(), key=lambda each: each[0] != "digits"))


def usual_epochs(data: str) -> int:
    """Epochs in which small models converge: few images take more of them."""
    return 120 if data == "digits" or uploads.is_small(data) else 30


def configurations(choice: Choice, name: str) -> tuple[Config, ...]:
    """The runs of a race: one for each prior, with a schedule that ends with its epochs.

    Raises:
        ServiceError: If they cannot be.
    """
    small = choice.data == "digits" or uploads.is_small(choice.data)
    data = uploads.data_of(choice.data)
    try:
        likelihood = datasets.default_likelihood(data)
        return tuple(
            Config(
                data=data,
                experiment=name,
                prior=prior,
                components=choice.components,
                latent_dim=choice.latent_dim,
                hidden=choice.hidden,
                likelihood=likelihood,
                warmup=max(1, choice.epochs // 6),
                patience=choice.epochs,
                epochs=choice.epochs,
                batch_size=50 if small else 250,
                learning_rate=1e-3,
                decay=0.5,
                seed=choice.seed,
            )
            for prior in choice.priors
        )
    except (ConfigError, DataError) as error:
        raise ServiceError(str(error)) from error


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


def news(name: str, have: str) -> bytes | None:
    """What is new of a race, for `app/frontend/race.js`; None where there is no such race.

    Arguments:
        name: Of the race.
        have: What a browser has of each prior, `BEGUN:RECORDS` with commas between them.
    """
    found = race(name)
    if found is None:
        return None
    known = _known(have, len(found.priors))
    films: list[dict[str, object] | None] = []
    parts: list[bytes] = []
    for prior, (begun, count) in zip(found.priors, known, strict=True):
        path = race_folder.live_file(zoo.RUNS / name, prior)
        read = read_live(path, count)
        if read is not None and read[0].begun != begun:
            read, count = read_live(path), 0
        films.append(None if read is None else _film(*read, count, parts))
    head: dict[str, object] = {
        "state": found.state,
        "seconds": found.seconds,
        "runs": [vars(each) for each in found.runs],
        "films": films,
    }
    return Content.framed(head, *parts).sent


def _film(head: Head, content: bytes, first: int, parts: list[bytes]) -> dict[str, object]:
    """What is said of one prior's records from one on, and the parts that follow: all numbers, the last ones whole."""
    new = np.frombuffer(content, np.uint8).reshape(-1, head.record_bytes)
    whole = new[-MOST_WHOLE:]
    parts += [new[:, :NUMBERS].tobytes(), whole.tobytes()]
    found: dict[str, object] = {"first": first, "count": first + len(new), "rows": len(new), "whole": len(whole)}
    if first == 0:
        shape = {"begun": head.begun, "points": head.points, "components": head.components}
        found |= shape | {"labels": head.labels, "classes": head.classes}
    return found


def _known(have: str, count: int) -> list[tuple[float, int]]:
    """What a browser says that it has; nothing where it says nothing that can be read."""
    found = []
    for each in have.split(",")[:count]:
        begun, _, records = each.partition(":")
        try:
            found.append((float(begun), max(0, int(records[:9]))))
        except ValueError:
            found.append((math.nan, 0))
    return found + [(math.nan, 0)] * (count - len(found))


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
        raise ServiceError("this race is gone: it was deleted, or its models are kept and it cannot go on")
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
