"""One row of a table: found, trained where it is not yet, and measured where it is not yet."""

import dataclasses
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from vampcore import datasets, zoo
from vampcore.checkpoints import Checkpoint, CheckpointError, EpochRecord, load, read_description, save
from vampcore.checkpoints.folder import readable
from vampcore.checkpoints.locking import RunInUseError, run_lock
from vampcore.checkpoints.measuring import measured_again, with_figures
from vampcore.config import Config
from vampcore.datasets import Dataset
from vampcore.results.table import Estimate
from vampcore.training import Processes, fit
from vampcore.training.state import STATE


class Status(Enum):
    """How a row stands after one has looked at it."""

    DONE = "trained and measured"
    ELSEWHERE = "another process works on it"
    STOPPED = "stopped before its end"


def find(config: Config, runs: Path) -> Checkpoint | None:
    """The checkpoint of this very configuration, of one's own runs or shipped; None if there is none yet.

    Raises:
        CheckpointError: If a folder of that name holds something that is not sound.
    """
    for root in (runs, zoo.SHIPPED, zoo.OTHERS):
        folder = root / config.experiment / config.prior
        if (readable(folder) / "config.json").exists():
            found = load(folder)
            if is_same_run(found.config, config):
                return found
    return None


def is_same_run(stored: Config, wanted: Config) -> bool:
    """Whether a checkpoint is of a row; a run counts the components of `exemplar` itself, one a training image."""
    if wanted.prior_kind.one_an_image:
        wanted = dataclasses.replace(wanted, components=stored.components)
    return stored == wanted


def is_finished(checkpoint: Checkpoint) -> bool:
    """Whether no epoch was left to train."""
    return checkpoint.progress.converged or checkpoint.progress.epochs >= checkpoint.config.epochs


def is_measured(checkpoint: Checkpoint, estimate: Estimate) -> bool:
    """Whether log p(x) is known exactly, or of so many test images or more with so many importance samples or more."""
    score = checkpoint.metric("log_likelihood")
    if score is not None and score.estimator == "quadrature":
        return True
    samples, images = _known(checkpoint)
    return samples >= estimate.samples and images >= estimate.images_of(checkpoint.test_images)


def _known(checkpoint: Checkpoint) -> tuple[int, int]:
    """Importance samples that log p(x) was estimated with, and of how many images; 0 of 0 where it never was."""
    found = checkpoint.metric("log_likelihood")
    return (0, 0) if found is None else (found.samples or 0, found.n or 0)


def complete(
    config: Config,
    runs: Path,
    estimate: Estimate,
    device: str = "cpu",
    data_root: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
    trained: Callable[[EpochRecord], None] = lambda record: None,
    measured: Callable[[int, int], None] | None = None,
    compile: str = "auto",
) -> Status:
    """Train and measure a model, as far as that is not done; another process that does so is left alone.

    Arguments:
        config: The model.
        runs: Folder of the runs.
        estimate: Of log p(x); one that is known of more images, or with more samples, keeps these.
        device: Where to compute.
        data_root: Data folder.
        stop: Asked after every step of training; what was done is kept.
        trained: Called with every epoch.
        measured: Called with the number of images decoded, and of those to decode.
        compile: As for `fit`.

    Raises:
        CheckpointError: If a folder of that name holds another run, or one that is not sound.
        ConfigError: If the data set cannot provide what the configuration asks for.
        DataError: If the data set is absent.
        TrainingError: If the numbers ran away.
    """
    if _is_done(find(config, runs), estimate):
        return Status.DONE
    try:
        with run_lock(runs / config.experiment / config.prior):
            return _complete(config, runs, estimate, device, data_root, stop, trained, measured, compile)
    except RunInUseError:
        return Status.ELSEWHERE


def _complete(
    config: Config,
    runs: Path,
    estimate: Estimate,
    device: str,
    data_root: Path | None,
    stop: Callable[[], bool],
    trained: Callable[[EpochRecord], None],
    measured: Callable[[int, int], None] | None,
    compile: str,
) -> Status:
    # Looked at while it is held: another process may have finished it since.
    checkpoint = find(config, runs)
    if _is_done(checkpoint, estimate):
        return Status.DONE
    dataset = datasets.load(config.data, data_root, config.likelihood)
    if checkpoint is None or not is_finished(checkpoint):
        _train(config, dataset, runs, device, stop, trained, compile)
        checkpoint = find(config, runs)
        if checkpoint is None or not is_finished(checkpoint):
            return Status.STOPPED
    if not is_measured(checkpoint, estimate):

        def report(seen: int, total: int) -> None:
            if stop():
                raise _StoppedError
            if measured is not None:
                measured(seen, total)

        try:
            samples, images = _known(checkpoint)
            found = measured_again(
                checkpoint,
                dataset,
                max(samples, estimate.samples),
                estimated=max(images, estimate.images_of(checkpoint.test_images)),
                device=device,
                progress=report,
            )
        except _StoppedError:
            return Status.STOPPED
        # Among one's own runs also where it is a shipped one: those stay as they came.
        save(with_figures(checkpoint, found), runs / config.experiment / config.prior)
    return Status.DONE


class _StoppedError(Exception):
    """Raised out of the middle of a measurement, of which nothing is kept."""


def _is_done(checkpoint: Checkpoint | None, estimate: Estimate) -> bool:
    return checkpoint is not None and is_finished(checkpoint) and is_measured(checkpoint, estimate)


def _train(
    config: Config,
    dataset: Dataset,
    runs: Path,
    device: str,
    stop: Callable[[], bool],
    trained: Callable[[EpochRecord], None],
    compile: str,
) -> None:
    folder = runs / config.experiment / config.prior
    resume = (readable(folder) / STATE).exists()
    if (readable(folder) / "config.json").exists() and not (
        resume and is_same_run(read_description(folder).config, config)
    ):
        raise CheckpointError(
            f"{folder} holds another model, or one without a state to go on from: move it away, or give the row "
            "another `experiment`"
        )
    # A process of a launcher trains a row of its own here.
    for record in fit(config, dataset, folder, device, resume, stop, compile, Processes(device, count=1)):
        trained(record)
