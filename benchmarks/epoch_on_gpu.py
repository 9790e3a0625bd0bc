"""An epoch of training on a GPU against two floors; where there is no GPU, the table says that its figures wait.

The model is that of `benchmarks.training_step`, the data set as large as static MNIST's (50,000 images, 500 steps an
epoch) and resident on the device. What is timed, in turns:

- epoch: 500 steps of `vampcore.training.Run`, as training makes them, to the end of the last one.
- launch floor: 500 times a captured graph of as many kernels as a step has, each of which adds 0 to one number. The
  kernels of a step are counted by torch's profiler.
- bandwidth floor: the bytes that an epoch cannot do without (`least_bytes`) at the speed at which the device copies
  256 MiB, timed too.

On a CPU the same code runs, with operations instead of kernels and without a graph; that is for tests, not for figures.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.products import Dense
from benchmarks.timing import Row, Table, Timing, compare, progress, ratio, significant
from benchmarks.training_step import PAPER, PRECISIONS, PRIORS, SHAPE, layers_of, random_images
from vampcore.config import Config
from vampcore.training import Run

IMAGES = 50_000
EPOCHS = 2_000
"""Of the paper's protocol, at most."""

TURNS = 9
COPIED = 2**28
"""Bytes of the copy by which the bandwidth is measured."""

COLUMNS = ("prior", "precision", "epoch", "kernels a step", "÷ launch floor", "÷ bandwidth floor", f"{EPOCHS:,} epochs")
NOTE = (
    f"An epoch: {IMAGES // PAPER.batch_size} steps of the model above, without validation; {TURNS} turns. *Launch "
    "floor*: graphs of as many kernels that do next to nothing. *Bandwidth floor*: the bytes that an epoch cannot do "
    f"without, at the speed of a copy. {EPOCHS:,} epochs: the median of one times {EPOCHS:,}, not measured."
)


def tables() -> list[Table]:
    """Three priors in two precisions; one line where there is no GPU."""
    rows: list[Row]
    if torch.cuda.is_available():
        rows = [row(replace(PAPER, prior=prior, precision=each), "cuda") for prior in PRIORS for each in PRECISIONS]
    else:
        rows = [("no GPU was at hand: the figures wait", *["—"] * (len(COLUMNS) - 1))]
    return [Table("An epoch on a GPU", COLUMNS, tuple(rows), NOTE)]


def row(config: Config, device: str, images: int = IMAGES, turns: int = TURNS, compile: str = "on") -> Row:
    """One row of the table."""
    run = Run(config, random_images(images), device, compile=compile)
    steps = images // config.batch_size
    first_steps(run, 3)  # compiles, and captures
    kernels = kernels_of(lambda: first_steps(run, 1), device)
    source = torch.zeros(COPIED, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    launch = launches(kernels, device)

    def waited(call: Callable[[], object]) -> Callable[[], None]:
        def whole() -> None:
            call()
            if device == "cuda":
                torch.cuda.synchronize()

        return whole

    timings = compare(
        turns=turns,
        epoch=waited(lambda: first_steps(run, steps)),
        launches=waited(lambda: [launch() for _ in range(steps)]),
        copy=waited(lambda: target.copy_(source)),
    )
    weights = sum(parameter.numel() for parameter in run.model.parameters())
    least = steps * least_bytes(weights, layers_of(config, config.prior, config.precision), config.batch_size)
    bandwidth = Timing(tuple(seconds * least / (2 * COPIED) for seconds in timings["copy"].seconds))
    epoch = timings["epoch"]
    progress(f"{PRIORS[config.prior]}, {config.precision}: an epoch {epoch}, launches {timings['launches']}")
    return (
        PRIORS[config.prior],
        config.precision,
        str(epoch),
        f"{kernels:,}",
        str(ratio(epoch, timings["launches"])),
        str(ratio(epoch, bandwidth)),
        f"{significant(epoch.median * EPOCHS / 60)} min",
    )


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
        return sum(event.device_type == torch.autograd.DeviceType.CUDA for event in profiler.events())
    return sum(event.cpu_parent is None for event in profiler.events())


def launches(kernels: int, device: str) -> Callable[[], object]:
    """A call that runs so many kernels that do next to nothing, as one captured graph on a GPU."""
    number = torch.zeros((), device=device)

    def all_of_them() -> None:
        for _ in range(kernels):
            number.add_(0)

    all_of_them()
    if device != "cuda":
        return all_of_them
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        all_of_them()
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
