"""A race: the priors of one experiment trained in turn in one process, and bit for bit as if each were trained alone.

Several processes that torchrun started train each prior together (`Processes`). They take the same turns: what one
finds out alone, as that time is up, the others are told.

The folder and how a race is asked for, watched and stopped: `vampcore.training.race_folder`.
"""

import os
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path

from vampcore.checkpoints import CheckpointError
from vampcore.checkpoints.folder import move_folder, readable
from vampcore.checkpoints.locking import run_lock
from vampcore.config import Config, ConfigError
from vampcore.datasets import DataError, Dataset
from vampcore.training import race_folder
from vampcore.training.fit import Moment, fit_by_step
from vampcore.training.live import LiveWriter
from vampcore.training.processes import Processes
from vampcore.training.race_folder import Progress, Request, RunProgress
from vampcore.training.run import TrainingError
from vampcore.training.state import STATE

# A turn ends with an epoch, or after so many seconds within one.
SECONDS_OF_A_TURN = 0.3
SECONDS_BETWEEN_REPORTS = 0.5
SECONDS_BETWEEN_LOOKS = 0.2
# After a stop, for the runs that are behind to have as many epochs as the others.
SECONDS_TO_CATCH_UP = 3.0
# What ends a run in all processes alike.
FAILURES = (ConfigError, DataError, TrainingError)


def race(
    folder: Path,
    dataset: Dataset,
    device: str = "cpu",
    stop: Callable[[], bool] = lambda: False,
    note: Callable[[str], None] = lambda words: None,
    asked: float | None = None,
    processes: Processes | None = None,
) -> Generator[Progress, None, None]:
    """Train what `race.json` of a folder asks for, from where it is, and publish its models at the end or at a stop.

    A run that fails is left out, and the others go on; among several processes one that cannot be read or written ends
    the race.

    Arguments:
        folder: The race's.
        dataset: Its data, loaded with the likelihood of its runs.
        device: `cpu`, `cuda` or `mps`.
        stop: Asked after every step, beside the stop file; training ends there, or after the few seconds in which the
            runs that are behind may end the epoch that others have ended, and the best weights are kept.
        note: Called with what is to be said of a run that goes on.
        asked: When this was asked for, in seconds since 1970; a stop file from before then is not for it. Now if None.
        processes: Those that train together, of which the first one writes; found from the environment if None.

    Yields:
        How far it is, about twice a second, and at the end.

    Raises:
        CheckpointError: If there is no race, another process trains it, or its folder cannot be written.
    """
    request, asked = race_folder.read_request(folder), time.time() if asked is None else asked
    processes = Processes(device) if processes is None else processes
    with run_lock(race_folder.lock_of(folder)) if processes.first else nullcontext():
        racing = _Race(folder, request, dataset, device, stop, note, asked, processes)
        try:
            yield from racing.train()
        except Exception as error:
            racing.broke(error)
            raise
        finally:
            racing.end()
        yield racing.progress()


class _Race:
    """The runs of a race and whose turn it is."""

    def __init__(
        self,
        folder: Path,
        request: Request,
        dataset: Dataset,
        device: str,
        stop: Callable[[], bool],
        note: Callable[[str], None],
        asked: float,
        processes: Processes,
    ) -> None:
        self.folder, self.request, self.dataset, self.device, self.note = folder, request, dataset, device, note
        self.processes = processes
        self.stop, self.asked, self.stopping, self.looked = stop, asked, False, 0.0
        before = race_folder.read_progress(folder)
        self.seconds, self.started, self.reported = before.seconds, time.monotonic(), 0.0
        self.last_epoch, self.ends = 0, 0.0
        self.phase = "training"
        self.runs = [_Running(each, folder, processes) for each in request.runs]

    def train(self) -> Generator[Progress, None, None]:
        """Give the run that is behind its turn, until none has anything left to do."""
        yield self._report()
        for each in self.runs:
            each.begin(self)
        while going := [each for each in self.runs if each.going]:
            min(going, key=lambda each: each.progress.epoch).turn()
            if time.monotonic() - self.reported > SECONDS_BETWEEN_REPORTS:
                yield self._report()

    def shall_stop(self, run: "_Running") -> bool:
        """Whether a run shall stop: once the race shall and the run has as many epochs as any other, or time is up."""
        if not self.stopping:
            if not self._asked_to_stop():
                return False
            self.stopping = True
            self.last_epoch = max(int(each.progress.epoch) for each in self.runs if each.going)
            self.ends = time.monotonic() + SECONDS_TO_CATCH_UP
        return run.progress.epoch >= self.last_epoch or time.monotonic() > self.ends

    def _asked_to_stop(self) -> bool:
        """Whether the race was asked to stop; the file is looked for five times a second."""
        if self.stop():
            return True
        if time.monotonic() - self.looked > SECONDS_BETWEEN_LOOKS:
            self.looked = time.monotonic()
            with suppress(FileNotFoundError):
                return (self.folder / race_folder.STOP).stat().st_mtime >= self.asked
        return False

    def broke(self, error: Exception) -> None:
        """Let the runs that are not done say what ended the race, as where memory ran out."""
        for each in self.runs:
            if each.going:
                each.fail(error)

    def end(self) -> None:
        """Save the runs, publish what has a checkpoint, and say how it ended."""
        for each in self.runs:
            each.close()
        if all(each.progress.finished for each in self.runs):
            self.phase = "finished"
        else:
            self.phase = "failed" if any(each.progress.error for each in self.runs) else "stopped"
        for each in self.runs if self.processes.first else ():
            each.publish()
        self._report()

    def progress(self) -> Progress:
        """How far it is."""
        seconds = self.seconds + time.monotonic() - self.started
        return Progress(self.phase, tuple(each.progress for each in self.runs), time.time(), seconds, os.getpid())

    def _report(self) -> Progress:
        self.reported, found = time.monotonic(), self.progress()
        if not self.processes.first:
            return found
        try:
            race_folder.write_progress(self.folder, found)
        except OSError as error:
            raise CheckpointError(
                f"{self.folder} could not be written ({error.strerror or error}): make room, then continue with "
                "--resume"
            ) from error
        return found


class _Running:
    """One run of a race."""

    def __init__(self, config: Config, folder: Path, processes: Processes) -> None:
        self.config, self.folder, self.processes = config, folder, processes
        # The others end the race: they may happen in one process alone, which would then take another turn.
        alone = () if processes.count > 1 else (CheckpointError, OSError)
        self.left_out: tuple[type[Exception], ...] = (*FAILURES, *alone)
        self.staged = race_folder.staged(folder, config.prior)
        self.progress = RunProgress(config.prior, epochs=config.epochs)
        self.moments: Generator[Moment, None, None] | None = None
        self.live: LiveWriter | None = None

    @property
    def going(self) -> bool:
        return self.moments is not None

    def begin(self, race: _Race) -> None:
        """Build the model, or take up what there is of it, as far as before the first step."""
        try:
            resume = self._take_up()
            film = "on" if self.config.latent_dim > 1 else "off"
            stop = partial(race.shall_stop, self)
            arguments = (self.config, race.dataset, self.staged, race.device, resume, stop, race.request.compile)
            self.moments = fit_by_step(
                *arguments, self.processes, lambda words: race.note(f"{self.config.prior}: {words}"), film
            )
        except self.left_out as error:
            self.fail(error)
        self._advance()

    def turn(self) -> None:
        """Train an epoch, or for a moment of a long one."""
        ends = time.monotonic() + SECONDS_OF_A_TURN
        while self.going:
            moment = self._advance()
            if moment is None or moment.record is not None or self.processes.any(time.monotonic() > ends):
                break

    def close(self) -> None:
        """Save the run as it is."""
        moments, self.moments = self.moments, None
        if moments is not None:
            try:
                moments.close()
            except CheckpointError as error:
                self.fail(error)

    def fail(self, error: Exception) -> None:
        """Note why the run cannot go on."""
        words = " ".join(str(error).split())
        self.progress = RunProgress(**vars(self.progress) | {"finished": False, "error": words})

    def publish(self) -> None:
        """Move the run to where it is listed, if it has a checkpoint."""
        if not (readable(self.staged) / "config.json").exists():
            return
        target = self.folder / self.config.prior
        try:
            with run_lock(target), run_lock(self.staged):
                move_folder(self.staged, target)
        except (CheckpointError, OSError) as error:
            self.fail(error)

    def _take_up(self) -> bool:
        """Whether there is a state to go on from; one that was published is copied, so that the list keeps it."""
        published, first = self.folder / self.config.prior, self.processes.first
        if first and not (readable(self.staged) / STATE).exists() and (readable(published) / STATE).exists():
            shutil.copytree(readable(published), self.staged, dirs_exist_ok=True)
        return self.processes.any(first and (readable(self.staged) / STATE).exists())

    def _advance(self) -> Moment | None:
        """Train a step; None where nothing is left to do."""
        if self.moments is None:
            return None
        try:
            moment = next(self.moments, None)
            if moment is None:
                self.moments = None
                return None
            run = moment.run
            if self.live is None and run.filmed is not None and self.processes.first:
                self.live = LiveWriter(race_folder.live_file(self.folder, self.config.prior), run)
            elif self.live is not None:
                self.live.look(moment.share, force=run.finished)
        except self.left_out as error:
            self.close()
            self.fail(error)
            return None
        history = run.state.history
        self.progress = RunProgress(
            self.config.prior,
            run.state.epoch + moment.share,
            run.config.epochs,
            history[-1].validation_elbo if history else None,
            run.finished,
        )
        return moment
