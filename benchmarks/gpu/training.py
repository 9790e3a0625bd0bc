"""The convolutional models on static MNIST, trained towards convergence and measured, as far as the time reaches."""

import functools
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from benchmarks.gpu.job import Job, Outcome, Piece, read_results
from vampcore import datasets
from vampcore.checkpoints import Checkpoint, load
from vampcore.config import Config
from vampcore.datasets import Dataset, Split, observe
from vampcore.metrics import log_likelihood
from vampcore.training import fit
from vampcore.training.state import STATE

MODELS = (("convhvae", "vamp"), ("convhvae", "sg"), ("pixelhvae", "vamp"), ("pixelhvae", "sg"))
"""In the order of their worth."""

RESERVE = 0.25
"""Share of a part's time for measuring the checkpoint at its end."""

SAMPLES, BLOCK, FEW = 5_000, 100, 40


class Trained(NamedTuple):
    """How far a training is.

    Attributes:
        epochs: Done so far.
        best_epoch: Of the checkpoint.
        converged: Whether early stopping has ended it.
        validation_elbo: Of the best epoch, nats an image; None where no epoch was done.
        test: Stored scores of the checkpoint: name, value, standard error, number of images.
        epoch_seconds: Median time of an epoch of this part, validation included; None where no epoch was done.
        skipped: Steps that were not finite and left out.
        largest_memory: Bytes that the device had in use at most; 0 on a CPU.
    """

    epochs: int
    best_epoch: int
    converged: bool
    validation_elbo: float | None
    test: list[tuple[str, float, float | None, int | None]]
    epoch_seconds: float | None
    skipped: int
    largest_memory: int


class Block(NamedTuple):
    """Importance-sampling estimates of a block of test images.

    Attributes:
        checkpoint: sha256 of what was measured.
        samples: S.
        rows: Rows of the test set, a random part of it.
        log_likelihood: Nats, an image each.
        ess: Effective sample size, an image each.
    """

    checkpoint: str
    samples: int
    rows: list[int]
    log_likelihood: list[float]
    ess: list[float]


def config_of(model: str, prior: str, small: bool) -> Config:
    """The paper's protocol; on a few digits, and for two epochs, where it is tried out."""
    config = Config(data="static_mnist", experiment=f"static-mnist-{model}", model=model, prior=prior, precision="bf16")
    if not small:
        return config
    return replace(
        config,
        data="digits",
        experiment=f"digits-{model}",
        likelihood="binomial",
        components=4,
        latent_dim=2,
        hidden=8,
        epochs=2,
        warmup=1,
        batch_size=FEW // 2,
    )


def run_folder(results: Path, model: str, prior: str) -> Path:
    """Where the run of a training part lies."""
    return results / f"{model}-{prior}" / "run"


def training(model: str, prior: str, job: Job) -> Iterator[Piece]:
    """One piece, which goes on where it was."""
    yield Piece("training", partial(train, config_of(model, prior, job.small), job))


def train(config: Config, job: Job) -> Outcome:
    """Train on until it converges or the time is over."""
    folder = job.folder / "run"
    dataset = dataset_of(config.data, config.likelihood, job.small)
    reserve = RESERVE * max(0.0, job.ends - time.monotonic())
    if job.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    done = fit(
        config,
        dataset,
        folder,
        job.device,
        resume=(folder / STATE).exists(),
        stop=lambda: job.out_of_time(reserve),
        compile="off" if job.small else "auto",
    )
    seconds = [record.seconds for record in done]
    memory = torch.cuda.max_memory_allocated() if job.device == "cuda" else 0
    if not (folder / "config.json").exists():
        return Outcome(Trained(0, 0, False, None, [], None, 0, memory), finished=False)
    checkpoint = load(folder)
    progress, history = checkpoint.progress, checkpoint.history
    figures = Trained(
        progress.epochs,
        progress.best_epoch,
        progress.converged,
        history[progress.best_epoch - 1].validation_elbo,
        [(each.name, each.value, each.se, each.n) for each in checkpoint.metrics],
        statistics.median(seconds) if seconds else None,
        sum(record.skipped for record in history),
        memory,
    )
    return Outcome(figures, progress.converged or progress.epochs >= config.epochs)


def measuring(job: Job) -> Iterator[Piece]:
    """log p(x) of blocks of the test set, of every training that is done."""
    for model, prior in MODELS:
        part = job.folder.parent / f"{model}-{prior}"
        if not read_results(part).get("training", {}).get("finished"):
            continue
        checkpoint = load(run_folder(job.folder.parent, model, prior))
        for number in range(-(-checkpoint.test_images // BLOCK)):
            yield Piece(f"{model}-{prior}, block {number}", partial(block, checkpoint, number, job))
            if job.small:
                break


@functools.cache
def dataset_of(data: str, likelihood: str, small: bool) -> Dataset:
    """The data set; a few images of each part where it is tried out."""
    dataset = datasets.load(data, likelihood=likelihood)
    if not small:
        return dataset
    train, validation, test = (
        Split(part.images[:FEW], None if part.labels is None else part.labels[:FEW], part.levels)
        for part in (dataset.train, dataset.validation, dataset.test)
    )
    return replace(dataset, train=train, validation=validation, test=test)


def block(checkpoint: Checkpoint, number: int, job: Job) -> Outcome:
    """One block; the first of them are a random part of the test set."""
    config = checkpoint.config
    test = dataset_of(config.data, config.likelihood, job.small).test
    order = torch.randperm(len(test.images), generator=torch.Generator().manual_seed(0))
    rows = order[number * BLOCK : (number + 1) * BLOCK][: 4 if job.small else None]
    x = observe(test.images[rows], test.levels, config.likelihood).to(job.device)
    model = checkpoint.model.to(job.device)
    samples = 10 if job.small else SAMPLES
    generator = torch.Generator(job.device).manual_seed(number)
    found = log_likelihood(model, x, samples, generator=generator)
    return Outcome(Block(checkpoint.sha256, samples, rows.tolist(), found.log_likelihood.tolist(), found.ess.tolist()))
