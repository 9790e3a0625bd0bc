"""A training run: one epoch after another, deterministic for a seed on one machine."""

import math
import time
from collections.abc import Callable, Generator, Iterator
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from vampcore.checkpoints import CheckpointError, EpochRecord, Snapshot
from vampcore.checkpoints.identity import identity_to_keep
from vampcore.compiling import CompilingStoppedError
from vampcore.config import Config, ConfigError, DataSpec
from vampcore.datasets import Dataset, observe
from vampcore.datasets.identity import Identity
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.models import build
from vampcore.objectives import iwae_bound
from vampcore.training.data_of_run import Resumed
from vampcore.training.film import add, filmed_images, is_filmed, record
from vampcore.training.growing import grow, growths, last_growth
from vampcore.training.processes import Processes
from vampcore.training.schedules import beta_at, learning_rate_at, snapshot_epochs
from vampcore.training.start import prepare, with_component_count
from vampcore.training.state import State
from vampcore.training.step import Step

# Steps in a row that may fail to be finite; on an accelerator one looks every so many only, because looking waits.
MOST_SKIPPED = 20
# Latent samples of the validation set in one step, fewer where they would take more memory. How much is free does not
# matter, because it must not change the noise.
VALIDATED_AT_ONCE, BYTES_AT_ONCE = 1000, 2**29
VALIDATION_SEED = 1
# Of its means: half a megabyte. Larger mixtures, as of 50,000 exemplars, are kept without their past.
MOST_NUMBERS_OF_A_SNAPSHOT = 2**18
_CALMER = "train again with a lower --learning-rate, or with --precision float32"


class Validation(NamedTuple):
    """Means over the validation set in nats an image: elbo = reconstruction - kl; `bound` is that of the objective."""

    elbo: float
    reconstruction: float
    kl: float
    bound: float


class TrainingError(RuntimeError):
    """Training cannot go on; the best weights are kept, and the message is one line that says what to do."""


class Run:
    """The state of a training run and the verbs that move it on.

    Arguments:
        config: What to train.
        dataset: Its data, loaded with the configuration's likelihood.
        device: Where to train.
        resume: An earlier run to go on from, with its own data.
        compile: Whether steps are compiled: `on`, `off`, or `auto`; see `Step`.
        processes: Those that train together; found from the environment if None.
        film: Whether a new run is filmed; one of `FILMED`. One that goes on is filmed if it was.

    Raises:
        ConfigError: If the data set does not fit the configuration.
        CheckpointError: If `resume` does not fit its data set or the device.
    """

    def __init__(
        self,
        config: Config,
        dataset: Dataset,
        device: str = "cpu",
        resume: Resumed | None = None,
        compile: str = "off",
        processes: Processes | None = None,
        film: str = "auto",
    ) -> None:
        self._known = None if resume is None else resume.identity
        self.dataset = dataset = dataset if resume is None else resume.dataset
        self.config = config = with_component_count(config, len(dataset.train.images))
        growths(config)  # refuses what cannot be
        filmed = is_filmed(film, config) if resume is None else bool(resume.state.film)
        self.processes = Processes(device) if processes is None else processes
        self.device = self.processes.device
        self.observation = DataSpec(dataset.shape, dataset.levels, dataset.classes)
        self.model = build(config, self.observation)
        prepare(self.model.prior, config, dataset)
        self.model.to(self.device)
        self.model.prior.before_validation(self.model.encoder)
        steps = config.epochs * math.ceil(len(dataset.train.images) / config.batch_size)
        self._check_components()
        self.step = Step(self.model, config, self.processes, compile, steps)
        self.images = dataset.train.images.to(self.device)
        self.validation = _observed(dataset, dataset.validation.images).to(self.device)
        self.filmed = filmed_images(config, dataset).to(self.device) if filmed else None
        self.order = torch.Generator().manual_seed(config.seed)
        self.noise = torch.Generator(self.device).manual_seed(config.seed)
        self.state = State(
            self._weights(), self._weights(), self.step.moments(), self.order.get_state(), self.noise.get_state()
        )
        if resume is None:
            # Pseudo-inputs that start at training images are those images still, and a checkpoint holds none.
            if self.model.prior.images() is None or config.pseudo_inputs != "data":
                self._snapshot()
            self._film()
        else:
            self._restore(resume.state)

    @torch.no_grad()
    def _check_components(self) -> None:
        """Refuse, before it is trained, a prior whose components are not as many as its entry in the registry says."""
        built, wanted = self.model.prior(self.model.encoder), self.config.prior_components
        found = len(built.logits) if isinstance(built, DiagNormalMixture) else 0
        if found != wanted:
            raise ConfigError(
                f"the prior has {found} components, its entry in the registry says {wanted}: give {self.config.prior} "
                "its fixed_components"
            )

    @cached_property
    def identity(self) -> Identity:
        """Of the images that it is trained, validated and tested on."""
        return identity_to_keep(self.dataset) if self._known is None else self._known

    @property
    def converged(self) -> bool:
        """Whether early stopping, or the end of the learning-rate schedule, has ended the training."""
        decayed = self.config.decay > 0 and self.state.epoch >= self.config.epochs
        return decayed or self.state.waited >= self.config.patience

    @property
    def finished(self) -> bool:
        """Whether no epoch is left to train."""
        return self.converged or self.state.epoch >= self.config.epochs

    def epochs(self, stop: Callable[[], bool] = lambda: False) -> Iterator[EpochRecord]:
        """Train, and yield a record after every epoch, until finished or `stop` says so (asked after every step).

        An epoch that is stopped in its middle is left out of the state: a resumed run repeats it.

        Raises:
            TrainingError: If `MOST_SKIPPED` steps in a row, all of an epoch, or the validation bound are not finite.
        """
        return (moment for moment in self.moments(stop) if isinstance(moment, EpochRecord))

    def moments(self, stop: Callable[[], bool] = lambda: False) -> Iterator[EpochRecord | float]:
        """As `epochs`, and yield the part of the epoch that is done after every step.

        Raises:
            TrainingError: As `epochs`.
        """
        while not self.finished:
            record = yield from self._epoch(stop)
            if record is None:
                return
            self._keep(record)
            yield record

    def _epoch(self, stop: Callable[[], bool]) -> Generator[float, None, EpochRecord | None]:
        started, epoch = time.perf_counter(), self.state.epoch + 1
        beta, rate = beta_at(self.config, epoch), learning_rate_at(self.config, epoch)
        grow(self.model, self.step, self.config, self.dataset, self.state.epoch)
        done: list[Tensor] = []
        self.model.train()
        order = torch.randperm(len(self.images), generator=self.order).to(self.device)
        batches = order.split(self.config.batch_size)
        for rows in batches:
            try:
                done.append(self._step(rows, beta, rate))
            except CompilingStoppedError:
                return None
            if self._stuck(done):
                raise TrainingError(f"{MOST_SKIPPED} steps in a row were not finite in epoch {epoch}: {_CALMER}")
            if self.processes.any(stop()):
                return None
            left = time.perf_counter()
            yield len(done) / len(batches)
            started += time.perf_counter() - left  # what others do meanwhile takes no time of this epoch
        steps = torch.stack(done).cpu().double()
        sums, made = steps[:, :2], steps[:, 2] > 0
        if not bool(made.any()):
            raise TrainingError(f"no step of epoch {epoch} was finite: {_CALMER}")
        seen = sum(len(rows) for rows, finite in zip(batches, made.tolist(), strict=True) if finite)
        reconstruction, kl = (sums[made].sum(0) / seen).tolist()
        self.model.prior.before_validation(self.model.encoder)
        validated = self._validate()
        if not (math.isfinite(validated.elbo) and math.isfinite(validated.bound)):
            raise TrainingError(f"the validation bound of epoch {epoch} is not finite: {_CALMER}")
        return EpochRecord(
            epoch=epoch,
            beta=beta,
            learning_rate=rate,
            train_elbo=reconstruction - kl,
            train_reconstruction=reconstruction,
            train_kl=kl,
            validation_elbo=validated.elbo,
            validation_reconstruction=validated.reconstruction,
            validation_kl=validated.kl,
            skipped=int((~made).sum()),
            seconds=time.perf_counter() - started,
            validation_bound=validated.bound,
        )

    def _stuck(self, done: list[Tensor]) -> bool:
        if len(done) < MOST_SKIPPED or (self.device.type != "cpu" and len(done) % MOST_SKIPPED):
            return False
        return not bool(torch.stack(done[-MOST_SKIPPED:])[:, 2].any())

    def _step(self, rows: Tensor, beta: float, rate: float) -> Tensor:
        """One step on the images of these rows: sums of log p(x | z) and of the KL over them, and 1 if it was made."""
        dataset, mine, prior = self.dataset, self.processes.share(len(rows)), self.model.prior
        prior.before_step(self.model.encoder, rows)
        # The noise is that of the whole batch, whoever computes which part of it.
        x = observe(self.images.index_select(0, rows), dataset.train.levels, self.config.likelihood, self.noise)[mine]
        noise = self.model.noise(len(rows), self.config.samples, self.noise)
        return self.step(x, tuple(each[:, mine] for each in noise), rows[mine], len(rows), beta, rate)

    @torch.no_grad()
    def _validate(self) -> Validation:
        """Training maximises one bound, so that one says when it is done: of IWAE, L_k with the k of the objective.

        The ELBO is the mean of what it averages, so one sample of each of many images serves; L_k is another number
        for every k.
        """
        self.model.eval()
        samples = self.config.samples if self.config.objective == "iwae" else 1
        generator = torch.Generator(self.device).manual_seed(VALIDATION_SEED)
        prior = self.model.prior(self.model.encoder)
        sums = torch.zeros(3, device=self.device)
        fitting = BYTES_AT_ONCE // (self.model.bytes_per_number * self.validation[0].numel())
        for x in self.validation.split(max(1, min(VALIDATED_AT_ONCE, fitting) // samples)):
            mine = self.processes.share(len(x))
            noise = tuple(each[:, mine] for each in self.model.noise(len(x), samples, generator))
            w = self.model(x[mine], prior=prior, noise=noise)
            sums += torch.stack([w.log_likelihood.mean(0).sum(), w.kl.mean(0).sum(), iwae_bound(w).sum()])
        reconstruction, kl, bound = (self.processes.sum([sums])[0] / len(self.validation)).tolist()
        elbo = reconstruction - kl
        return Validation(elbo, reconstruction, kl, bound if self.config.objective == "iwae" else elbo)

    def _keep(self, record: EpochRecord) -> None:
        state = self.state
        state.epoch = record.epoch
        state.history.append(record)
        if record.validation_bound > state.best_bound:
            state.best, state.best_epoch, state.best_bound = self._weights(), record.epoch, record.validation_bound
            state.waited = 0
        else:
            counted_from = max(self.config.warmup, last_growth(self.config))
            state.waited = 0 if record.epoch <= counted_from else state.waited + 1
        state.weights = self._weights()
        state.optimizer = self.step.moments()
        state.order, state.noise = self.order.get_state(), self.noise.get_state()
        if record.epoch in snapshot_epochs(self.config.epochs):
            self._snapshot()
        self._film()

    def _restore(self, state: State) -> None:
        try:
            self.model.load_state_dict(state.weights)
            self.step.load_moments(state.optimizer)
            self.order.set_state(state.order)
            self.noise.set_state(state.noise)
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise CheckpointError(
                "the saved run does not fit its data set or this machine's device: resume it with those that it had"
            ) from error
        self.state = state

    @torch.no_grad()
    def _snapshot(self) -> None:
        prior = self.model.prior
        built = prior(self.model.encoder)
        if not isinstance(built, DiagNormalMixture):
            return  # a snapshot is of components
        if built.components.mean.numel() > MOST_NUMBERS_OF_A_SNAPSHOT:
            return
        seen = prior.images()
        images = None if seen is None else (seen * 255).round().byte().cpu()
        # Copies: a mixture of learned normals hands out its own parameters, which training goes on to change.
        normal = DiagNormal(built.components.mean.clone(), built.components.logvar.clone())
        self.state.snapshots.append(Snapshot(self.state.epoch, DiagNormalMixture(normal, built.logits.clone()), images))

    def _film(self) -> None:
        if self.filmed is not None:
            self.model.eval()
            self.state.film = add(self.state.film, record(self.model, self.filmed, self.state.epoch, self.config))

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.model.state_dict().items()}


def _observed(dataset: Dataset, images: Tensor) -> Tensor:
    return observe(images, dataset.validation.levels, dataset.likelihood)
