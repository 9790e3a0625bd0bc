"""What the pages compute, on the device and on the CPU: decoded images, contours and a live measurement.

The noise is drawn on the CPU for both, so that the results are equal to rounding. Importance sampling draws on the
device, so that its estimates agree within their standard errors.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray

from app.services import catalogue, compare, images, loading
from benchmarks.annealed import drawn
from benchmarks.gpu.job import Job, Outcome, Piece
from benchmarks.timing import Seconds, take_turns
from vampcore import zoo
from vampcore.metrics import log_density, log_likelihood

MODELS = ("mnist-2d/vamp", "static-mnist-40d/vamp", "static-mnist-hvae/vamp")
SMALL_MODEL = "digits-2d/vamp"
SAMPLED_MODEL, SAMPLES = "static-mnist-40d/vamp", 5000
Numbers = NDArray[np.float64]


class Size(NamedTuple):
    """How much is computed: images, importance samples of each, places along a side of the grid, and turns."""

    images: int = 64
    samples: int = 100
    side: int = 200
    turns: int = 9


class Compared(NamedTuple):
    """One computation on both devices.

    Attributes:
        numbers: How many were compared.
        largest_difference: Of a pixel in [0, 1], or in nats.
        same: Whether that is rounding.
        device: Time on the device.
        cpu: Time on the CPU.
    """

    numbers: int
    largest_difference: float
    same: bool
    device: str
    cpu: str


class Sampled(NamedTuple):
    """Importance sampling on the device, and of some of the images on the CPU, with noise of its own.

    Attributes:
        an_image: Time of an image.
        samples_per_second: By its median.
        difference: Mean of device minus CPU, nats an image.
        se: Its standard error over the images.
        same: Whether it is within three standard errors of 0.
    """

    an_image: str
    samples_per_second: float
    difference: float
    se: float
    same: bool


def pages(job: Job) -> Iterator[Piece]:
    """Three computations of each model; of a small one where it is tried out."""
    for name in (SMALL_MODEL,) if job.small else MODELS:
        for kind in COMPUTED:
            yield Piece(f"{name}, {kind}", partial(compared, name, kind, job))


def compared(name: str, kind: str, job: Job) -> Outcome:
    """Compute it on both devices, in turns."""
    ref = next(ref for experiment in catalogue.experiments() for ref in experiment.refs if ref.name == name)
    # Another spelling of the folder is another key where the pages keep what they computed.
    sides = {"device": (ref, job.device), "cpu": (ref._replace(folder=f"{ref.folder}/."), "cpu")}
    size = Size(4, 3, 10, 2) if job.small else Size()
    compute, tolerance = COMPUTED[kind]
    found: dict[str, list[Numbers]] = {side: [] for side in sides}

    def on(side: str) -> Seconds:
        which, device = sides[side]
        with mock.patch.object(loading, "device", return_value=loading.Device(device, device)):
            loading.loaded(which)
        began = time.perf_counter()
        found[side].append(compute(which, size, len(found[side])))
        return Seconds(time.perf_counter() - began)

    timings = take_turns({side: partial(on, side) for side in sides}, size.turns)
    difference = float(np.abs(np.subtract(found["device"], found["cpu"])).max())
    times = str(timings["device"]), str(timings["cpu"])
    return Outcome(Compared(found["cpu"][0].size, difference, difference <= tolerance, *times))


def decoded(ref: loading.Ref, size: Size, seed: int) -> Numbers:
    """Pixels of decoded samples of the prior."""
    return images.prior_samples(ref, size.images, seed).pixels / 255


def contours(ref: loading.Ref, size: Size, seed: int) -> Numbers:
    """Log-density of the prior on a grid over the first two dimensions, nats."""
    model = loading.loaded(ref)
    with torch.inference_mode():
        ends = model.prior.sample((1000,), loading.noise(seed))
        grid = ends.mean(0).repeat(size.side**2, 1)
        grid[:, :2] = torch.cartesian_prod(*(torch.linspace(*ends[:, d].aminmax(), size.side) for d in (0, 1)))
        return log_density(loading.prior_on_device(model), grid.to(model.device)).cpu().double().numpy()


def measured(ref: loading.Ref, size: Size, seed: int) -> Numbers:
    """Scores of a random part of the test set as Compare measures them: log p(x) of each image, then all means."""
    (found,) = compare.measure((ref,), size.images, size.samples, seed)
    return np.concatenate([found.log_likelihood, [each.value for each in found.metrics]])


COMPUTED: dict[str, tuple[Callable[[loading.Ref, Size, int], Numbers], float]] = {
    "decode": (decoded, 1.5 / 255),
    "contours": (contours, 1e-2),
    "measurement": (measured, 1e-2),
}
"""What computes, and the largest difference that counts as rounding: of a pixel one step of 255, else nats."""


def sampling(job: Job) -> Iterator[Piece]:
    """Both ways of computing log-weights; the eager one where it is tried out."""
    for compiled in (False,) if job.small else (False, True):
        yield Piece("compiled" if compiled else "eager", partial(sampled, job, compiled))


def sampled(job: Job, compiled: bool) -> Outcome:
    """Time log p(x) of many images, and estimate some of them on the CPU."""
    count, on_cpu, samples, turns = (8, 8, 200, 2) if job.small else (1000, 50, SAMPLES, 5)
    model = zoo.load(SAMPLED_MODEL).model
    x = drawn(model, count, torch.Generator().manual_seed(0)).x
    here = log_likelihood(model, x[:on_cpu], samples, generator=torch.Generator().manual_seed(2), compile=False)
    model, x = model.to(job.device), x.to(job.device)
    generator, there = torch.Generator(job.device).manual_seed(3), torch.empty(0)

    def call() -> None:
        nonlocal there
        there = log_likelihood(model, x, samples, generator=generator, compile=compiled).log_likelihood.cpu()

    timing = take_turns({"call": call}, turns)["call"].per(count)
    difference = there[:on_cpu].double() - here.log_likelihood.double()
    mean, se = float(difference.mean()), float(difference.std() / on_cpu**0.5)
    return Outcome(Sampled(str(timing), samples / timing.median, mean, se, abs(mean) <= 3 * se))
