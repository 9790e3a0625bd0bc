"""An epoch of training on a GPU against two floors.

The model is that of `benchmarks.training_step`, the data set as large as static MNIST's (50,000 images, 500 steps an
epoch) and resident on the device. What is timed, in turns:

- epoch: 500 steps of `vampcore.training.Run`, as training makes them, to the end of the last one, without validation.
- launch floor: 500 times a captured graph of as many kernels as a step has, each of which adds 0 to one number. The
  kernels of a step are counted by torch's profiler.
- bandwidth floor: the bytes that an epoch cannot do without (`least_bytes`) at the speed at which the device copies
  256 MiB, timed too.

On a CPU the same code runs, with operations instead of kernels and without a graph; that is for tests, not for figures.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import NamedTuple

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu.job import Job, Outcome, Piece
from benchmarks.products import Dense
from benchmarks.timing import Timing, compare, ratio
from benchmarks.training_step import PAPER, PRECISIONS, PRIORS, SHAPE, layers_of, random_images
from vampcore.config import Config
from vampcore.training import Run

IMAGES, TURNS = 50_000, 9
COPIED = 2**28
"""Bytes of the copy by which the bandwidth is measured."""


class Epoch(NamedTuple):
    """An epoch, as medians with their quartiles.

    Attributes:
        time: Of the whole epoch.
        kernels: Of a step.
        over_launch_floor: Ratio to the launch floor.
        over_bandwidth_floor: Ratio to the bandwidth floor.
    """

    time: str
    kernels: int
    over_launch_floor: str
    over_bandwidth_floor: str


def settings(job: Job) -> Iterator[tuple[str, Config]]:
    """Three priors in two precisions; one small one where it is tried out."""
    if job.small:
        yield "small", replace(PAPER, components=6, latent_dim=3, hidden=8, batch_size=10)
        return
    for prior, precision in product(PRIORS, PRECISIONS):
        yield f"{prior}, {precision}", replace(PAPER, prior=prior, precision=precision)


def waited(job: Job, call: Callable[[], object]) -> Callable[[], None]:
    """A call that returns when the device has done all of it."""

    def whole() -> None:
        call()
        if job.device == "cuda":
            torch.cuda.synchronize()

    return whole


def pieces(job: Job) -> Iterator[Piece]:
    """An epoch of each setting."""
    for name, config in settings(job):
        yield Piece(name, partial(epoch, config, job))


def epoch(config: Config, job: Job) -> Outcome:
    """Time an epoch of one prior in one precision."""
    images, turns, compile = (40, 2, "off") if job.small else (IMAGES, TURNS, "on")
    run = Run(config, random_images(images), job.device, compile=compile)
    steps = images // config.batch_size
    first_steps(run, 3)  # compiles, and captures
    kernels = kernels_of(lambda: first_steps(run, 1), job.device)
    source = torch.zeros(COPIED, dtype=torch.uint8, device=job.device)
    target = torch.empty_like(source)
    launch = launches(kernels, job.device)

    timings = compare(
        turns=turns,
        epoch=waited(job, lambda: first_steps(run, steps)),
        launches=waited(job, lambda: [launch() for _ in range(steps)]),
        copy=waited(job, lambda: target.copy_(source)),
    )
    weights = sum(parameter.numel() for parameter in run.model.parameters())
    least = steps * least_bytes(weights, layers_of(config, config.prior, config.precision), config.batch_size)
    bandwidth = Timing(tuple(seconds * least / (2 * COPIED) for seconds in timings["copy"].seconds))
    timed = timings["epoch"]
    return Outcome(Epoch(str(timed), kernels, str(ratio(timed, timings["launches"])), str(ratio(timed, bandwidth))))


def first_steps(run: Run, count: int) -> None:
    """Make so many steps, at most an epoch's; no epoch is finished."""
    made = 0

    def stop() -> bool:
        nonlocal made
        made += 1
        return made == count

    for _ in run.epochs(stop):
        raise RuntimeError("the data set has fewer batches than that")


def kernels_of(call: Callable[[], object], device: str) -> int:
    """Kernels that a call has the device run, copies among them; on a CPU, operations."""
    on_gpu = device == "cuda"
    with profile(activities=[ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU]) as profiler:
        call()
        if on_gpu:
            torch.cuda.synchronize()
    if on_gpu:
        return sum(event.device_type.name == "CUDA" for event in profiler.events())
    return sum(event.cpu_parent is None for event in profiler.events())


def launches(kernels: int, device: str) -> Callable[[], object]:
    """A call that runs so many kernels that do next to nothing, as one captured graph on a GPU."""
    number = torch.zeros((), device=device)

    def run_all() -> None:
        for _ in range(kernels):
            number.add_(0)

    run_all()
    if device != "cuda":
        return run_all
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run_all()
    return graph.replay


def least_bytes(weights: int, layers: list[Dense], batch: int) -> int:
    """Bytes that a step reads and writes at least, everything fused that can be.

    The optimiser reads each weight, its gradient and two moments, and writes all but the gradient, which was written
    before: 8 numbers of 4 bytes. Each layer reads its weights forwards and backwards, and writes and reads its outputs
    and their gradients once each. The images of the batch are read as bytes.

    Arguments:
        weights: Trainable numbers of the model.
        layers: Dense layers of a step.
        batch: Images of a step.
    """
    products = sum(
        layer.dtype.itemsize * (2 * layer.inputs * layer.outputs + 4 * layer.rows * layer.outputs) for layer in layers
    )
    return 8 * 4 * weights + products + batch * torch.Size(SHAPE).numel()
