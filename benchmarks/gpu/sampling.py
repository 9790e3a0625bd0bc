"""log p(x) by importance sampling on the device: the time of an image, and the CPU's estimate beside it."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import torch

from benchmarks.gpu.job import Job, Outcome, Piece
from benchmarks.importance_sampling import MODEL, drawn
from benchmarks.timing import compare
from vampcore import zoo
from vampcore.metrics import log_likelihood

SAMPLES, IMAGES, TURNS, ON_CPU = 5_000, 1_000, 5, 50


class Speed(NamedTuple):
    """Time of importance sampling.

    Attributes:
        images: Images of a call.
        samples: Importance samples an image.
        image_ms: Median time of an image.
        samples_per_second: By that median.
    """

    images: int
    samples: int
    image_ms: float
    samples_per_second: float


class Agreement(NamedTuple):
    """The same images on both devices, each with noise of its own.

    Attributes:
        images: How many.
        samples: Importance samples an image.
        difference: Mean of device minus CPU, nats an image.
        se: Its standard error over the images.
        same: Whether it is within three standard errors of 0.
    """

    images: int
    samples: int
    difference: float
    se: float
    same: bool


def pieces(job: Job) -> Iterator[Piece]:
    """Both ways of computing log-weights, then the comparison."""
    for compiled in (False,) if job.small else (False, True):
        yield Piece("compiled" if compiled else "eager", partial(speed, job, compiled))
    yield Piece("agreement with the CPU", partial(agreement, job))


def speed(job: Job, compiled: bool) -> Outcome:
    """Time calls for many images."""
    images, samples, turns = (4, 20, 2) if job.small else (IMAGES, SAMPLES, TURNS)
    model = zoo.load(MODEL).model
    x = drawn(model, images).to(job.device)
    model.to(job.device)
    generator = torch.Generator(job.device).manual_seed(1)

    def call() -> None:
        log_likelihood(model, x, samples, generator=generator, compile=compiled).log_likelihood.cpu()

    each = compare(turns=turns, call=call)["call"].per(images).median
    return Outcome(Speed(images, samples, 1000 * each, samples / each))


def agreement(job: Job) -> Outcome:
    """Estimate the same images on both."""
    images, samples = (8, 200) if job.small else (ON_CPU, SAMPLES)
    model = zoo.load(MODEL).model
    x = drawn(model, images)
    here = log_likelihood(model, x, samples, generator=torch.Generator().manual_seed(2)).log_likelihood
    model.to(job.device)
    generator = torch.Generator(job.device).manual_seed(3)
    there = log_likelihood(model, x.to(job.device), samples, generator=generator).log_likelihood.cpu()
    difference = there.double() - here.double()
    mean, se = float(difference.mean()), float(difference.std() / images**0.5)
    return Outcome(Agreement(images, samples, mean, se, abs(mean) <= 3 * se))
