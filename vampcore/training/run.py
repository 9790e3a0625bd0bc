"""A training run: one epoch after another, deterministic for a seed on one machine."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from vampcore.checkpoints import CheckpointError, EpochRecord, Snapshot
from vampcore.checkpoints.records import MOST_SNAPSHOTS
from vampcore.config import Config, Observation
from vampcore.datasets import Dataset, observe
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.metrics.likelihood import Bound, bound
from vampcore.models import LogWeights, build
from vampcore.objectives import elbo, iwae_bound
from vampcore.priors import VampPrior
from vampcore.training.start import set_pseudo_inputs
from vampcore.training.state import State, load_optimizer, optimizer_tensors, read_state

MOST_SKIPPED = 20
VALIDATION_SEED = 1
_CALMER = "train again with a lower --learning-rate, or with --precision float32"


class TrainingError(RuntimeError):
    """Training cannot go on; the best weights are kept, and the message is one line that names the cure."""


class Run:
    """The state of a training run and the verbs that move it on.

    Arguments:
        config: What to train.
        dataset: Its data, loaded with the configuration's likelihood.
        device: Where to train.
        resume: Folder of an earlier run to go on from.

    Raises:
        ConfigError: If the data set does not fit the configuration.
        CheckpointError: If `resume` holds no such run.
    """

    def __init__(self, config: Config, dataset: Dataset, device: str = "cpu", resume: Path | None = None) -> None:
        self.config, self.dataset, self.device = config, dataset, torch.device(device)
        self.observation = Observation(dataset.shape, dataset.levels, dataset.classes)
        self.model = build(config, self.observation)
        set_pseudo_inputs(self.model, config, dataset)
        self.model.to(self.device)
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), config.learning_rate, fused=self.device.type != "mps"
        )
        self.images = dataset.train.images.to(self.device)
        self.validation = _observed(dataset, dataset.validation.images).to(self.device)
        self.order = torch.Generator().manual_seed(config.seed)
        self.noise = torch.Generator(self.device).manual_seed(config.seed)
        self.state = State(self._weights(), self._weights(), {}, self.order.get_state(), self.noise.get_state())
        if resume is None:
            self._snapshot()
        else:
            self._restore(read_state(resume, config))

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
            TrainingError: If `MOST_SKIPPED` steps in a row, all of an epoch, or the validation ELBO are not finite.
        """
        while not self.finished:
            record = self._epoch(stop)
            if record is None:
                return
            self._keep(record)
            yield record

    def _epoch(self, stop: Callable[[], bool]) -> EpochRecord | None:
        started, epoch = time.perf_counter(), self.state.epoch + 1
        beta, rate = beta_at(self.config, epoch), learning_rate_at(self.config, epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        sums, skipped, in_a_row = torch.zeros(2, dtype=torch.float64, device=self.device), 0, 0
        seen = 0
        self.model.train()
        for rows in torch.randperm(len(self.images), generator=self.order).split(self.config.batch_size):
            w = self._step(rows.to(self.device), beta)
            if w is None:
                skipped, in_a_row = skipped + 1, in_a_row + 1
                if in_a_row >= MOST_SKIPPED:
                    raise TrainingError(f"{in_a_row} steps in a row were not finite in epoch {epoch}: {_CALMER}")
            else:
                in_a_row, seen = 0, seen + len(rows)
                sums += torch.stack([w.log_likelihood.detach().mean(0).sum(), w.kl.detach().mean(0).sum()])
            if stop():
                return None
        if seen == 0:
            raise TrainingError(f"no step of epoch {epoch} was finite: {_CALMER}")
        train = (sums / seen).tolist()
        validated = self._validate()
        if not bool(validated.elbo.mean().isfinite()):
            raise TrainingError(f"the validation ELBO of epoch {epoch} is not finite: {_CALMER}")
        reconstruction, kl = validated.reconstruction.mean().item(), validated.kl.sum(0).mean().item()
        return EpochRecord(
            epoch=epoch,
            beta=beta,
            learning_rate=rate,
            train_elbo=train[0] - train[1],
            train_reconstruction=train[0],
            train_kl=train[1],
            validation_elbo=validated.elbo.mean().item(),
            validation_reconstruction=reconstruction,
            validation_kl=kl,
            skipped=skipped,
            seconds=time.perf_counter() - started,
        )

    def _step(self, rows: Tensor, beta: float) -> LogWeights | None:
        """One step of the optimiser; None if loss or gradient was not finite and the weights were left alone."""
        config = self.config
        x = observe(self.images[rows], self.dataset.train.levels, config.likelihood, self.noise)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.precision == "bf16"):
            w = self.model(x, config.samples, index=rows, generator=self.noise)
        objective = elbo(w, beta) if config.objective == "elbo" else iwae_bound(w, beta)
        loss = -objective.mean()
        self.optimizer.zero_grad()
        loss.backward()
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        norms = torch.stack(torch._foreach_norm(gradients))
        if not bool((loss.detach() + norms.sum()).isfinite()):
            return None
        if config.optimizer == "adam-norm-grad":
            torch._foreach_div_(gradients, list(norms + 1e-7))
        self.optimizer.step()
        return w

    def _validate(self) -> Bound:
        self.model.eval()
        generator = torch.Generator(self.device).manual_seed(VALIDATION_SEED)
        return bound(self.model, self.validation, generator=generator)

    def _keep(self, record: EpochRecord) -> None:
        state = self.state
        state.epoch = record.epoch
        state.history.append(record)
        if record.validation_elbo > state.best_elbo:
            state.best, state.best_epoch, state.best_elbo = self._weights(), record.epoch, record.validation_elbo
            state.waited = 0
        else:
            state.waited = 0 if record.epoch <= self.config.warmup else state.waited + 1
        state.weights = self._weights()
        state.optimizer = {name: value.clone() for name, value in optimizer_tensors(self.optimizer).items()}
        state.order, state.noise = self.order.get_state(), self.noise.get_state()
        if record.epoch in snapshot_epochs(self.config.epochs):
            self._snapshot()

    def _restore(self, state: State) -> None:
        try:
            self.model.load_state_dict(state.weights)
            load_optimizer(self.optimizer, state.optimizer)
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
        images = (prior.images() * 255).round().byte().cpu() if isinstance(prior, VampPrior) else None
        built = prior(self.model.encoder)
        # Copies: a mixture of learned normals hands out its own parameters, which training goes on to change.
        normal = DiagNormal(built.components.mean.clone(), built.components.logvar.clone())
        self.state.snapshots.append(Snapshot(self.state.epoch, DiagNormalMixture(normal, built.logits.clone()), images))

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.model.state_dict().items()}


def beta_at(config: Config, epoch: int) -> float:
    """Weight of the KL in an epoch (from 1): rises linearly to 1 over the warm-up."""
    return min(1.0, epoch / config.warmup) if config.warmup else 1.0


def learning_rate_at(config: Config, epoch: int) -> float:
    """Step size in an epoch (from 1): constant, then linear towards 0 over the last `decay` of the epochs."""
    falling = config.decay * config.epochs
    return config.learning_rate * (min(1.0, (config.epochs - epoch + 1) / falling) if falling else 1.0)


def snapshot_epochs(epochs: int) -> set[int]:
    """The epochs whose prior is kept, 0 among them: few, and closer together at the start, where more happens."""
    steps = MOST_SNAPSHOTS - 2
    return {0} | {max(1, round(epochs ** (step / steps))) for step in range(steps + 1)}


def _observed(dataset: Dataset, images: Tensor) -> Tensor:
    return observe(images, dataset.validation.levels, dataset.likelihood)
