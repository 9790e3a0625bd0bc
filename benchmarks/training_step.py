"""A training step of ours against the matrix products in it.

The model is the VampPrior paper's VAE: 784 binary pixels, 2 x 300 gated units either side, 40 latent dimensions,
K = 500, batches of 100. What is timed:

- ours: steps of `vampcore.training.Run`, as training makes them: picking the batch's rows, forward, backward, the check
  that all is finite, the optimiser, the sums for the record; the process keeps the memory that it frees, as that of
  `vampcore train` does. The data are random binary images. Compiled: the same after `torch.compile`, whose time, with
  empty caches, stands in the second table with when it has paid.
- products alone (`layers_of`): of every dense layer's output, its weights' gradient, and its inputs' gradient except
  where the inputs are data. The encoder's on the batch and once more on the K pseudo-inputs (VampPrior only), the
  decoder's on the batch. With bf16, in bf16 except those of the encoder's head, which training keeps in float32. The
  mixture's densities are left out: a textbook computes them without a product.

Each turn of each of them is half a dozen steps after one that does not count.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import product
from typing import NamedTuple

import torch
from torch._inductor import config as inductor

from benchmarks.products import Dense, forward_and_backward, gated_body
from benchmarks.timing import Row, Seconds, Spread, Table, Timing, progress, ratio, significant, take_turns, threads
from vampcore.config import Config
from vampcore.datasets import Dataset, Split
from vampcore.kinds import MODELS
from vampcore.training import Run, keep_freed_memory

PAPER = Config(data="static_mnist", experiment="benchmark")
SHAPE = (1, 28, 28)
STEPS_PER_TURN = 6
TURNS = 25
PRIORS = {"vamp": "VampPrior", "mog": "mixture of Gaussians", "sg": "standard normal"}
PRECISIONS = ("float32", "bf16")


class Timed(NamedTuple):
    """What was timed of one prior on so many threads.

    Attributes:
        prior: Its name in the configuration.
        threads: So many.
        timings: By name: `<who>, <precision>`, with `, compiled` after ours where it was.
        compiling: Seconds that the first compiled step took, by the same names.
    """

    prior: str
    threads: int
    timings: dict[str, Timing]
    compiling: dict[str, float]


def tables() -> list[Table]:
    """Steps, then compiling: the three priors, on one thread and on two."""
    keep_freed_memory()
    timed = [time_steps(prior, number) for number in (1, 2) for prior in PRIORS]
    return [_steps_table(timed), _compiling_table(timed)]


def _steps_table(timed: list[Timed]) -> Table:
    columns = ("prior", "threads", "step", "time", "images/s", "products alone", "÷ products", "÷ ours, float32")
    note = (
        f"K = {PAPER.components}, batch {PAPER.batch_size}, {PAPER.layers} × {PAPER.hidden} gated units, "
        f"{PAPER.latent_dim} latent dimensions, 784 pixels; {TURNS} turns. *Products*: every dense layer's output "
        "and the gradients of its weights and inputs, in the step's precision, with nothing else. Steps run in a "
        "process that keeps the memory that it frees, as `vampcore train` does. Goals: float32 at most 1.25 × its "
        "products; bf16 at most 0.6 × float32. The last column compares compiled steps with our compiled float32 step, "
        "all others with the one that is not compiled."
    )
    rows = [row for each in timed for row in step_rows(each)]
    return Table("A training step on the CPU", columns, tuple(rows), note)


def time_steps(
    prior: str, number: int, config: Config = PAPER, turns: int = TURNS, compile: tuple[str, ...] = ("off", "on")
) -> Timed:
    """Time one prior's steps with so many threads, ours as they are (`off`) and compiled (`on`)."""
    data = dataset(config.batch_size)
    timed = Timed(prior, number, {}, {})
    calls: dict[str, Callable[[], object]] = {}
    with threads(number), _fresh_compiler():
        for precision, mode in product(PRECISIONS, compile):
            run = Run(replace(config, prior=prior, precision=precision), data, compile=mode)
            name = f"ours, {precision}" if mode == "off" else f"ours, {precision}, compiled"
            started = time.perf_counter()
            our_steps(run)
            calls[name] = partial(our_steps, run)
            if mode == "on":
                timed.compiling[name] = time.perf_counter() - started
        for precision in PRECISIONS:
            calls[f"products, {precision}"] = forward_and_backward(layers_of(config, prior, precision))
        timed.timings.update(take_turns(calls, turns))
    said = "; ".join(f"{name} {timing}" for name, timing in timed.timings.items())
    progress(f"{PRIORS[prior]}, threads: {number}: {said}")
    return timed


@contextmanager
def _fresh_compiler() -> Iterator[None]:
    """Compile as on a machine that has not compiled this before, and forget it afterwards."""
    caches = inductor.force_disable_caches
    inductor.force_disable_caches = True
    try:
        yield
    finally:
        inductor.force_disable_caches = caches
        torch.compiler.reset()


def our_steps(run: Run) -> Seconds:
    """Seconds a step over `STEPS_PER_TURN` steps of a run, after one that does not count; no epoch is finished."""
    ends: list[float] = []

    def stop() -> bool:
        ends.append(time.perf_counter())
        return len(ends) > STEPS_PER_TURN

    for _ in run.epochs(stop):
        raise RuntimeError("the data set is shorter than a turn")
    return Seconds((ends[-1] - ends[0]) / STEPS_PER_TURN)


def layers_of(config: Config, prior: str, precision: str) -> list[Dense]:
    """Every dense layer of a step, in the order of the forward pass."""
    dtype = {"float32": torch.float32, "bf16": torch.bfloat16}[precision]
    pixels, batch, hidden = torch.Size(SHAPE).numel(), config.batch_size, config.hidden

    def encoder(rows: int, to_inputs: bool) -> list[Dense]:
        body = gated_body(rows, pixels, hidden, config.layers, dtype, to_inputs)
        return [*body, Dense(rows, hidden, 2 * config.latent_dim, torch.float32)]

    decoder = gated_body(batch, config.latent_dim, hidden, config.layers, dtype, to_inputs=True)
    pseudo_inputs = encoder(config.components, to_inputs=True) if prior == "vamp" else []
    return [*pseudo_inputs, *encoder(batch, to_inputs=False), *decoder, Dense(batch, hidden, pixels, dtype)]


def dataset(batch_size: int) -> Dataset:
    """Random images, a batch more than a turn takes."""
    return random_images((STEPS_PER_TURN + 2) * batch_size)


def random_images(count: int) -> Dataset:
    """Random binary images of MNIST's size to train on; validation and test are hardly there."""
    generator = torch.Generator().manual_seed(0)
    images = (torch.rand((count, *SHAPE), generator=generator) < 0.13).byte()
    train, few = Split(images, None, 1), Split(images[:1], None, 1)
    return Dataset("random", train, few, few, (), "bernoulli", (0.05, 0.01))


def step_rows(timed: Timed) -> list[Row]:
    """Rows of the first table: every step against its products and against our float32 step."""
    rows: list[Row] = []
    first = (PRIORS[timed.prior], str(timed.threads))
    for name, timing in timed.timings.items():
        who, precision, *how = name.split(", ")
        if who == "products":
            continue
        floor = timed.timings[f"products, {precision}"]
        base = ", ".join(["ours, float32", *how])
        against = "1" if name == base else str(ratio(timing, timed.timings[base]))
        speed = significant(PAPER.batch_size / timing.median)
        rows.append((*first, name, str(timing), speed, str(floor), str(ratio(timing, floor)), against))
    return rows


def _compiling_table(timed: list[Timed]) -> Table:
    rows = [row for each in timed for row in compiling_rows(each)]
    columns = ("prior", "threads", "step", "compiling", "a step saves", "pays after")
    note = (
        "Compiling: the first steps of a run, with empty caches, in seconds, once. A step saves the median of the "
        "differences, turn by turn. An epoch of static MNIST has 500 steps. "
        f"`--compile auto` compiles runs of such networks of {MODELS['vae'].steps_worth_compiling:,} steps and more."
    )
    return Table("torch.compile", columns, tuple(rows), note)


def compiling_rows(timed: Timed) -> list[Row]:
    """Rows of the second table: what compiling cost, what it saves, and when it has paid."""
    rows: list[Row] = []
    for name, seconds in timed.compiling.items():
        before, after = timed.timings[name.removesuffix(", compiled")], timed.timings[name]
        saved = Spread.of(tuple(a - b for a, b in zip(before.seconds, after.seconds, strict=True))).median
        pays = f"{significant(seconds / saved)} steps" if saved > 0 else "never"
        first = (PRIORS[timed.prior], str(timed.threads), name.removesuffix(", compiled"))
        rows.append((*first, f"{significant(seconds)} s", f"{significant(1e3 * saved)} ms", pays))
    return rows
