"""The captured step against the eager one: the same training curve to rounding, and the time of a step."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from benchmarks.gpu.epoch import first_steps, settings, waited
from benchmarks.gpu.job import Job, Outcome, Piece
from benchmarks.timing import compare
from benchmarks.training_step import random_images
from vampcore.config import Config
from vampcore.training import Run

EPOCHS, IMAGES, STEPS, TURNS = 3, 2_000, 20, 9
TOLERANCE = {"float32": 1e-3, "bf16": 2e-2}
"""Largest relative difference of an epoch's ELBO that counts as rounding: 60 steps amplify it."""


class Curves(NamedTuple):
    """Two trainings from one seed.

    Attributes:
        eager: Training and validation ELBO of each epoch, nats, of the step in Python.
        captured: The same of the compiled step, on a GPU one captured graph.
        largest_difference: Relative.
        same: Whether that is rounding.
        eager_ms: Median time of an eager step.
        captured_ms: Median time of a captured step.
    """

    eager: list[float]
    captured: list[float]
    largest_difference: float
    same: bool
    eager_ms: float
    captured_ms: float


def pieces(job: Job) -> Iterator[Piece]:
    """The curves of each setting."""
    for name, config in settings(job):
        yield Piece(name, partial(curves, config, job))


def curves(config: Config, job: Job) -> Outcome:
    """Train twice, then time steps in turns."""
    images, steps, turns = (40, 2, 2) if job.small else (IMAGES, STEPS, TURNS)
    # Compiling for the CPU takes half a minute, which trying out does without.
    modes = ("off", "off") if job.small else ("off", "on")
    short = replace(config, epochs=EPOCHS)
    eager, captured = (Run(short, random_images(images), job.device, compile=mode) for mode in modes)
    one, other = curve(eager), curve(captured)
    difference = max(abs(a - b) / abs(a) for a, b in zip(one, other, strict=True))
    timed = [Run(config, random_images(images), job.device, compile=mode) for mode in modes]

    one_step, other_step = (waited(job, partial(first_steps, run, steps)) for run in timed)
    timings = compare(turns=turns, eager=one_step, captured=other_step)
    milliseconds = [1000 * timings[name].median / steps for name in ("eager", "captured")]
    return Outcome(Curves(one, other, difference, difference <= TOLERANCE[config.precision], *milliseconds))


def curve(run: Run) -> list[float]:
    """Training and validation ELBO of each epoch."""
    return [value for record in run.epochs() for value in (record.train_elbo, record.validation_elbo)]
