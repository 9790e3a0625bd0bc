"""What there is: experiments, their checkpoints, and what a checkpoint says about itself."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app import names
from app.services.capabilities import Capabilities
from app.services.home_folders import without_home
from app.services.images import from_test_set
from app.services.loading import Ref, ServiceError, loaded
from app.services.memory import cached
from app.services.priors import prior_rank
from vampcore import datasets, zoo
from vampcore.checkpoints import CheckpointInfo
from vampcore.checkpoints.edit import Edit
from vampcore.checkpoints.locking import is_locked
from vampcore.config import Config, family_name
from vampcore.kinds import MODELS
from vampcore.metrics import Metric
from vampcore.transforms import count_learned

VECTORS = 500
"""Test observations whose mean vectors are drawn against."""


@dataclass(frozen=True)
class Listed:
    """A readable checkpoint of the catalogue.

    Attributes:
        ref: What services take.
        info: What it says of its model.
        data: Name of the data set for people.
        in_use: Whether a process trains or measures it now.
    """

    ref: Ref
    info: CheckpointInfo
    data: str
    in_use: bool


@dataclass(frozen=True)
class Broken:
    """A folder that should hold a checkpoint and does not, and why, in one line."""

    name: str
    error: str


@dataclass(frozen=True)
class Experiment:
    """A family: one data set, architecture, objective and seed; a checkpoint for each prior.

    Attributes:
        name: Its key, in the address and on the command line.
        title: Its name for people.
        subject: What its data show: "handwritten digits"; None of a viewer's own data.
        priors: Its readable checkpoints.
        broken: Its others.
    """

    name: str
    title: str
    subject: str | None
    priors: tuple[Listed, ...]
    broken: tuple[Broken, ...]

    @property
    def refs(self) -> tuple[Ref, ...]:
        """The family's checkpoints: SG, MoG, Vamp, then others."""
        return tuple(listed.ref for listed in self.priors)

    def ref(self, prior: str) -> Ref | None:
        """The checkpoint with that prior."""
        return next((ref for ref in self.refs if ref.prior == prior), None)


@dataclass(frozen=True)
class Facts:
    """What a page must know about a checkpoint before it can draw.

    Attributes:
        name: As the command line knows it.
        info: What it says of itself in a list.
        prior: Its key.
        alive: How many components the mixture has: a mixture that grew may lack some.
        has: What can be shown of it.
        likelihood: `bernoulli`, `binomial` or `logistic`.
        shape: C, H, W of an image.
        binary: Whether images are black and white (they then invert with the theme); of vectors, the mean of each value
            over test images, 0 to 255, against which they are drawn.
        classes: Names of the classes, () when there are none.
        images: Images of the test set whose latents the checkpoint keeps.
        test_images: Images of the test set.
        best_epoch: The epoch whose weights these are.
        parameters: Trained numbers in all.
        seed: Of the run.
        objective: `elbo` or `iwae`.
        samples: Latent samples an image in the objective.
        outside: Share of pseudo-input pixels at or beyond 0 and 1, see `Prior.outside`; None without pseudo-inputs.
        edit: Where the prior comes from, if it was edited and not trained.
    """

    name: str
    info: CheckpointInfo
    prior: str
    alive: int
    has: Capabilities
    likelihood: str
    shape: tuple[int, int, int]
    binary: bool | tuple[float, ...]
    classes: tuple[str, ...]
    images: int
    test_images: int
    best_epoch: int
    parameters: int
    seed: int
    objective: str
    samples: int
    outside: float | None
    edit: Edit | None

    @property
    def keeps_all(self) -> bool:
        """Whether the checkpoint keeps the latents of the whole test set, and not of a random part of it."""
        return self.images >= self.test_images


@dataclass(frozen=True)
class History:
    """Training records, one value an epoch in each column."""

    names: tuple[str, ...]
    columns: tuple[NDArray[np.float64], ...]

    def column(self, name: str) -> NDArray[np.float64]:
        """One column by name.

        Raises:
            ServiceError: If there is none of that name.
        """
        if name not in self.names:
            raise ServiceError(f"the history has no column {name}; it has {', '.join(self.names)}")
        return self.columns[self.names.index(name)]


@st.cache_resource(ttl=10, show_spinner=False)
def experiments() -> tuple[Experiment, ...]:
    """All experiments, shipped ones first, each with the priors that were trained; looked up again every ten seconds.

    One tuple for all viewers, of records that cannot change: a copy for each call would cost a long list milliseconds.

    A run of one's own joins the shipped family of its name, unless that has such a prior: then it stands under `runs/`.
    """
    families: dict[str, tuple[list[Listed], list[Broken]]] = {}
    taken: set[tuple[str, str]] = set()
    for entry in zoo.entries():
        name = entry.experiment
        if (name, entry.prior) in taken:
            name = f"{entry.path.resolve().parent.parent.name}/{name}"
        taken.add((name, entry.prior))
        listed, broken = families.setdefault(name, ([], []))
        if entry.info is None:
            broken.append(Broken(f"{name}/{entry.prior}", without_home(entry.error or "")))
            continue
        listed.append(
            Listed(
                ref=Ref(
                    name,
                    entry.prior,
                    entry.info.sha256,
                    str(entry.path),
                    entry.info.prior,
                    entry.content,
                    entry.info.edited,
                ),
                info=entry.info,
                data=datasets.title(entry.info.data),
                in_use=is_locked(entry.path),
            )
        )
    titles = _titles({name: listed[0].info for name, (listed, _) in families.items() if listed})
    return tuple(
        Experiment(
            name,
            titles.get(name, name),
            datasets.subject(listed[0].info.data) if listed else None,
            tuple(sorted(listed, key=lambda each: prior_rank(each.ref.prior))),
            tuple(broken),
        )
        for name, (listed, broken) in families.items()
    )


def _titles(known: Mapping[str, CheckpointInfo]) -> dict[str, str]:
    """The names of experiments for people, by their keys."""
    titles, usual = {}, {}
    for name, info in known.items():
        posterior = info.posterior != Config.posterior
        notes = [MODELS[info.model].note, f"flow posterior ({info.posterior.upper()})" if posterior else ""]
        titles[name] = names.experiment_name(datasets.title(info.data), info.latent_dims, [*filter(None, notes)])
        usual[name] = family_name(datasets.short_name(info.data), info.latent_dims[0], info.model, info.posterior)
    return names.told_apart(titles, usual)


def opening() -> Experiment | None:
    """The experiment that the dashboard opens on; None where there is none to show."""
    readable = [each for each in experiments() if each.priors]
    return max(readable, key=_says, default=None)


def _says(experiment: Experiment) -> tuple[bool, bool, bool, int]:
    listed = experiment.priors[0]
    shipped = Path(listed.ref.folder).resolve().is_relative_to(zoo.SHIPPED.resolve())
    return names.says_most(shipped, listed.info.latent_dims, listed.info.shape)


@cached(200)
def facts(ref: Ref) -> Facts:
    """What the checkpoint says about itself."""
    model = loaded(ref)
    checkpoint = model.checkpoint
    config, observation, prior = checkpoint.config, checkpoint.observation, checkpoint.model.prior
    return Facts(
        name=ref.name,
        info=checkpoint.info,
        prior=config.prior,
        alive=int((~model.mixture.logits.isneginf()).sum()) if model.has.components else 0,
        has=model.has,
        likelihood=config.likelihood,
        shape=observation.shape,
        binary=_means(ref, observation.shape) if is_vector(observation.shape) else observation.levels == 1,
        classes=observation.classes,
        images=len(checkpoint.latents.ids),
        test_images=checkpoint.test_images,
        best_epoch=checkpoint.progress.best_epoch,
        parameters=count_learned(checkpoint.model),
        seed=config.seed,
        objective=config.objective,
        samples=config.samples,
        outside=prior.outside(),
        edit=checkpoint.edit,
    )


def data_title(ref: Ref) -> str:
    """The name for people of the data that a model was trained on."""
    return datasets.title(facts(ref).info.data)


def is_vector(shape: tuple[int, int, int]) -> bool:
    """Whether observations are vectors, one channel and one row, and no images."""
    return shape[:2] == (1, 1)


def _means(ref: Ref, shape: tuple[int, int, int]) -> tuple[float, ...]:
    """The mean of each value over the first test images; over their reconstructions where the data are not at hand."""
    rows = tuple(range(min(VECTORS, len(loaded(ref).checkpoint.latents.ids))))
    return tuple(float(value) for value in from_test_set(ref, rows).pixels.reshape(-1, shape[2]).mean(0))


@cached(200)
def metrics(ref: Ref) -> tuple[Metric, ...]:
    """The figures that were stored with the checkpoint."""
    return tuple(loaded(ref).checkpoint.metrics)


def metric(ref: Ref, name: str, layer: int | None = None) -> Metric | None:
    """One stored figure by name, or None if the checkpoint has none."""
    found = [each for each in metrics(ref) if each.name == name and each.split == "test"]
    if layer is not None:
        found = [each for each in found if each.layer == layer]
    return next(iter(found), None)


def estimated_part(ref: Ref) -> int | None:
    """Test images of which log p(x) was estimated, where those are not all; None where they are, or there are none."""
    found = metric(ref, "log_likelihood")
    return None if found is None or found.n is None or found.n >= facts(ref).test_images else found.n


@cached(64)
def history(ref: Ref) -> History:
    """The training records of the checkpoint."""
    records = loaded(ref).checkpoint.history
    if not records:
        return History((), ())
    names = tuple(field.name for field in dataclasses.fields(records[0]))
    return History(names, tuple(np.array([getattr(each, name) for each in records], float) for name in names))
