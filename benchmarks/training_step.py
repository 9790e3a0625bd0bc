"""A training step of ours against the matrix products in it, a plain PyTorch step, and pythae's.

The model is the VampPrior paper's VAE: 784 binary pixels, 2 x 300 gated units either side, 40 latent dimensions,
K = 500, batches of 100. What is timed:

- ours: steps of `vampcore.training.Run`, as training makes them: picking the batch's rows, forward, backward, the check
  that all is finite, the optimiser, the sums for the record. The data are random binary images.
- products alone (`layers_of`): of every dense layer's output, its weights' gradient, and its inputs' gradient except
  where the inputs are data. The encoder's on the batch and once more on the K pseudo-inputs (VampPrior only), the
  decoder's on the batch. With bf16, in bf16 except those of the encoder's head, which training keeps in float32. The
  mixture's densities are left out: a textbook computes them without a product.
- plain: `benchmarks.plain`, float32, what a textbook writes.
- pythae: 0.1.2, its VAMP model with the same networks, as its trainer steps it, without its data loader, in a process
  of its own. Each turn of each of them is about half a dozen steps after one that does not count.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from benchmarks import plain, pythae_peer
from benchmarks.alike import plain_copy
from benchmarks.products import Dense, forward_and_backward, gated_body
from benchmarks.timing import Row, Seconds, Table, Timing, ratio, significant, take_turns, threads
from vampcore.config import Config
from vampcore.datasets import Dataset, Split
from vampcore.training import Run

PAPER = Config(data="static_mnist", experiment="benchmark")
SHAPE = (1, 28, 28)
STEPS_PER_TURN = 6
TURNS = 25
PRIORS = {"vamp": "VampPrior", "mog": "mixture of Gaussians", "sg": "standard normal"}
OURS = {"float32": "ours, float32", "bf16": "ours, bf16"}


def tables() -> list[Table]:
    """One table: the three priors, on one thread and on two."""
    rows = [row for number in (1, 2) for prior in PRIORS for row in rows_of(prior, number)]
    columns = ("prior", "threads", "step", "time", "images/s", "products alone", "÷ products", "÷ ours, float32")
    note = (
        f"K = {PAPER.components}, batch {PAPER.batch_size}, {PAPER.layers} × {PAPER.hidden} gated units, "
        f"{PAPER.latent_dim} latent dimensions, 784 pixels; {TURNS} turns. *Products*: every dense layer's output "
        "and the gradients of its weights and inputs, in the step's precision, with nothing else. *Plain*: float32, "
        "broadcast densities, unfused Adam. pythae's step is its model's, without its data loader. Goals: ours in "
        "float32 at most 1.25 × its products; bf16 at most 0.6 × float32."
    )
    return [Table("A training step on the CPU", columns, tuple(rows), note)]


def rows_of(prior: str, number: int, config: Config = PAPER, turns: int = TURNS) -> list[Row]:
    """Time one prior's steps with so many threads."""
    data = dataset(config.batch_size)
    runs = {precision: Run(replace(config, prior=prior, precision=precision), data) for precision in OURS}
    calls: dict[str, Callable[[], object]] = {OURS[name]: partial(our_steps, run) for name, run in runs.items()}
    for precision in OURS:
        calls[f"products, {precision}"] = forward_and_backward(layers_of(config, prior, precision))
    if prior != "vamp":
        with threads(number):
            return _rows(prior, number, take_turns(calls, turns), config.batch_size)
    model = plain_copy(runs["float32"].model)
    x = data.train.images[: config.batch_size].flatten(1).float()
    optimizer = torch.optim.Adam(model.parameters(), config.learning_rate)
    calls["plain, float32"] = partial(plain.train_step, model, optimizer, x)
    with threads(number):
        try:
            with pythae_peer.peer(model, x, config.learning_rate) as peer:
                calls["pythae, float32"] = partial(peer.step, number)
                return _rows(prior, number, take_turns(calls, turns), config.batch_size)
        except pythae_peer.Unavailable as error:
            calls.pop("pythae, float32", None)
            rows = _rows(prior, number, take_turns(calls, turns), config.batch_size)
            return [*rows, (PRIORS[prior], str(number), str(error), *["—"] * 5)]


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
    """Random binary images of MNIST's size, a batch more than a turn takes; validation and test are hardly there."""
    generator = torch.Generator().manual_seed(0)
    count = (STEPS_PER_TURN + 2) * batch_size
    images = (torch.rand((count, *SHAPE), generator=generator) < 0.13).byte()
    train, few = Split(images, None, 1), Split(images[:1], None, 1)
    return Dataset("random", train, few, few, (), "bernoulli", (0.05, 0.01))


def _rows(prior: str, number: int, timings: dict[str, Timing], batch: int) -> list[Row]:
    rows: list[Row] = []
    for name, timing in timings.items():
        what, _, precision = name.partition(", ")
        if what == "products":
            continue
        floor = timings[f"products, {precision}"]
        speed = significant(batch / timing.median)
        against = "1" if name == OURS["float32"] else str(ratio(timing, timings[OURS["float32"]]))
        rows.append(
            (PRIORS[prior], str(number), name, str(timing), speed, str(floor), str(ratio(timing, floor)), against)
        )
    return rows
