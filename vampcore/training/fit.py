"""Train with everything kept on disk: the state to resume from, the status to watch, a checkpoint to open."""

import dataclasses
import os
import time
from collections.abc import Callable, Generator
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from vampcore.checkpoints import (
    Checkpoint,
    CheckpointError,
    EpochRecord,
    Latents,
    PerImage,
    Progress,
    load,
    rounded,
    save,
)
from vampcore.checkpoints.folder import recover, write_bytes
from vampcore.checkpoints.locking import run_lock
from vampcore.config import Config, dumps
from vampcore.datasets import Dataset, observe
from vampcore.datasets.naming import same_but_for_path
from vampcore.distributions import DiagNormal
from vampcore.metrics.evaluation import evaluate
from vampcore.models import VAE, build
from vampcore.training.data_of_run import STATUS, begin_folder, run_to_resume
from vampcore.training.film import film_of_run
from vampcore.training.processes import Processes
from vampcore.training.run import Run
from vampcore.training.start import lend
from vampcore.training.state import write_state

# For the posteriors that a checkpoint keeps: of the layers above, and of a flow. The variance of such means over
# images is too large by that of one image's mean over these samples, divided by their number, which for an unused unit
# is 1 / 256: below the active units' threshold.
LATENTS_SAMPLES, LATENTS_SEED = 256, 0
SECONDS_BETWEEN_STATES = 5
SECONDS_BEFORE_CHECKPOINT = 60
# A state on the way takes at most this share of the time to write.
SHARE_FOR_STATES = 1 / 50
# A checkpoint on the way is measured on the whole test set; that takes at most this share of the time.
SHARE_FOR_CHECKPOINTS = 1 / 20


class Moment(NamedTuple):
    """A training between two of its steps.

    Attributes:
        run: The training.
        share: Part of the current epoch that is done; 0 before the first step of all, and after an epoch.
        record: Of the epoch that has just ended; None within one.
    """

    run: Run
    share: float
    record: EpochRecord | None


def fit(
    config: Config,
    dataset: Dataset,
    folder: Path,
    device: str = "cpu",
    resume: bool = False,
    stop: Callable[[], bool] = lambda: False,
    compile: str = "off",
    processes: Processes | None = None,
    note: Callable[[str], None] = lambda words: None,
    film: str = "auto",
) -> Generator[EpochRecord, None, None]:
    """Train, yielding a record an epoch; `folder` holds a checkpoint of the best weights at the end, and on the way.

    Several processes that torchrun or accelerate launch started train together: all yield the same records, the first
    one writes. The state does not depend on their number, so a run may be resumed with another.

    Arguments:
        config: What to train.
        dataset: Its data, loaded with the configuration's likelihood.
        folder: The run's folder.
        device: `cpu`, `cuda` or `mps`.
        resume: Go on from the state in `folder`; the result is that of an uninterrupted run, bit for bit.
        stop: Asked before the first step, which may compile for a minute, and after every step; training ends there and
            the best weights are kept.
        compile: Whether steps are compiled: `on`, `off`, or `auto`, where it pays. A resumed run is the same to the bit
            only in the form, and in the number of processes, that it was started in; else to rounding.
        processes: Those that train together; found from the environment if None.
        note: Called with each thing that has changed in the data of a run that goes on, and where it repeats epochs.
        film: Whether a new run is filmed: `on`, `off`, or `auto`, if its prior has components or its latent space two
            dimensions. One that goes on is filmed if it was from the start.

    Raises:
        ConfigError: If the data set does not fit the configuration.
        CheckpointError: If there is nothing to resume, another process works on the folder, or it cannot be written.
        DataError: If a run that goes on was begun with other images.
        TrainingError: If the numbers ran away; the best weights are kept.
    """
    moments = fit_by_step(config, dataset, folder, device, resume, stop, compile, processes, note, film)
    with closing(moments):
        for moment in moments:
            if moment.record is not None:
                yield moment.record


def fit_by_step(
    config: Config,
    dataset: Dataset,
    folder: Path,
    device: str = "cpu",
    resume: bool = False,
    stop: Callable[[], bool] = lambda: False,
    compile: str = "off",
    processes: Processes | None = None,
    note: Callable[[str], None] = lambda words: None,
    film: str = "auto",
) -> Generator[Moment, None, None]:
    """As `fit`, and yield before the first step and after every one, so that others can watch or train meanwhile.

    They must leave the run as it is.
    """
    processes = Processes(device) if processes is None else processes
    with run_lock(folder) if processes.first else nullcontext():
        if processes.first:
            recover(folder)
        resumed = run_to_resume(config, dataset, folder) if resume else None
        run = Run(config, dataset, device, resumed, compile, processes, film)
        keeper = _Keeper(run, folder) if processes.first else None
        if resumed is not None and keeper is not None:
            for words in resumed.notes:
                note(words)
        try:
            if keeper is not None:
                keeper.at_start()
            yield Moment(run, 0.0, None)
            for each in () if processes.any(stop()) else run.moments(stop):
                if isinstance(each, float):
                    yield Moment(run, each, None)
                    continue
                if keeper is not None:
                    keeper.after_epoch()
                yield Moment(run, 0.0, each)
        finally:
            if keeper is not None:
                keeper.at_end()


class _Keeper:
    """Keeps a run on disk as it goes: the state and the status often, the checkpoint when it is due, all at the end."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run, self.folder = run, folder
        now = time.monotonic()
        self.state_due = now + SECONDS_BETWEEN_STATES
        self.due = now + SECONDS_BEFORE_CHECKPOINT

    def at_start(self) -> None:
        begin_folder(self.folder, self.run.identity, _status(self.run, "training"))
        self._state("training")

    def after_epoch(self) -> None:
        now = time.monotonic()
        if now > self.state_due:
            self._state("training")
            ended = time.monotonic()
            self.state_due = ended + max(SECONDS_BETWEEN_STATES, (ended - now) / SHARE_FOR_STATES)
            now = ended
        if now > self.due:
            save(best_checkpoint(self.run), self.folder)
            ended = time.monotonic()
            self.due = ended + max(SECONDS_BEFORE_CHECKPOINT, (ended - now) / SHARE_FOR_CHECKPOINTS)

    def at_end(self) -> None:
        """Keep everything; on a disk that fills up, what is smaller and worth more comes first.

        Status first of all: whatever stops what follows, the run is not training any more.
        """
        run = self.run
        with suppress(OSError):  # a full disk is reported below
            try:
                _write_status(self.folder, run, "stopped")
            except KeyboardInterrupt:
                _write_status(self.folder, run, "stopped")
                raise
        try:
            if run.state.epoch:
                self._checkpoint()
        finally:
            write_state(self.folder, run.config, run.state)
        if run.finished:
            _write_status(self.folder, run, "finished")

    def _checkpoint(self) -> None:
        """The checkpoint as of now, unless it is there; one whose data have moved since gets their new path."""
        found = _saved(self.run, self.folder)
        if found is None:
            save(best_checkpoint(self.run), self.folder)
        elif found.config != self.run.config:
            save(dataclasses.replace(found, config=self.run.config), self.folder)

    def _state(self, phase: str) -> None:
        write_state(self.folder, self.run.config, self.run.state)
        _write_status(self.folder, self.run, phase)


@torch.no_grad()
def best_checkpoint(run: Run) -> Checkpoint:
    """The best weights so far as a checkpoint: rounded to float16, then measured on the test set."""
    config, dataset, state = run.config, run.dataset, run.state
    model = build(config, run.observation)
    model.load_state_dict(state.best)
    model.eval()
    rounded(model)
    lend(model.prior, config, dataset)
    model.prior.refresh(model.encoder)
    # Measured is the prior that is stored and loaded, its rounded components.
    model.prior.give_back()
    rounded(model)
    x = observe(dataset.test.images, dataset.test.levels, dataset.likelihood)
    measured = evaluate(model, x, samples=0, seed=0, levels=run.observation.levels)
    return Checkpoint(
        config=config,
        observation=run.observation,
        progress=_progress(run),
        model=model.requires_grad_(False),
        metrics=measured.metrics,
        latents=Latents(_posteriors(model, x), dataset.test.labels, torch.arange(len(x))),
        per_image=PerImage(measured.elbo),
        snapshots=tuple(state.snapshots),
        history=tuple(state.history),
        identity=run.identity,
        film=film_of_run(state.film, state.history, config, len(x)),
    )


def _progress(run: Run) -> Progress:
    return Progress(run.state.epoch, run.state.best_epoch, run.converged, run.device.type, torch.__version__)


def _saved(run: Run, folder: Path) -> Checkpoint | None:
    """The run's checkpoint as of now, perhaps with figures added to it since; None if `folder` holds another."""
    try:
        found = load(folder)
    except CheckpointError:
        return None
    config = run.config
    if not same_but_for_path(found.config.data, config.data):
        return None
    same = (dataclasses.replace(found.config, data=config.data), found.progress) == (config, _progress(run))
    return found if same else None


def _posteriors(model: VAE, x: Tensor) -> tuple[DiagNormal, ...]:
    """Mean and variance of q(z | x) of every layer: of a flow and of a lower layer over seeded samples."""
    generator = torch.Generator(x.device).manual_seed(LATENTS_SEED)
    parts = []
    for part in x.split(100):
        top = model.encoder(part)
        lower = model.lower_layers()
        closed = isinstance(top, DiagNormal)
        above = [top.sample((LATENTS_SAMPLES,), generator)] if lower or not closed else []
        normals = [top if closed else DiagNormal(above[0].mean(0), above[0].var(0).log())]
        for layer in lower:
            q = layer.posterior(part, *above)
            variance = q.logvar.exp().mean(0) + q.mean.var(0)
            normals.append(DiagNormal(q.mean.mean(0), variance.log()))
            above.append(q.sample((), generator))
        parts.append(normals)
    return tuple(
        DiagNormal(torch.cat([normal.mean for normal in layer]), torch.cat([normal.logvar for normal in layer]))
        for layer in zip(*parts, strict=True)
    )


def _write_status(folder: Path, run: Run, phase: str) -> None:
    write_bytes(folder / STATUS, _status(run, phase))


def _status(run: Run, phase: str) -> bytes:
    status = {
        "phase": phase,
        "pid": os.getpid(),
        "epoch": run.state.epoch,
        "epochs": run.config.epochs,
        "best_epoch": run.state.best_epoch,
        "heartbeat": time.time(),
    }
    return dumps(status).encode()
