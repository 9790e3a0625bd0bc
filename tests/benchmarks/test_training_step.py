"""What the benchmark of a training step compares, on a network small enough for a test; never how fast it is."""

import dataclasses

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import training_step
from benchmarks.products import forward_and_backward
from benchmarks.timing import Seconds, Table, Timing
from vampcore.config import Config
from vampcore.training import Run

SMALL = Config(data="static_mnist", experiment="small", components=6, latent_dim=3, hidden=8, batch_size=10)


def flops(call) -> int:
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


@pytest.mark.parametrize("prior", training_step.PRIORS)
@pytest.mark.parametrize("precision", training_step.PRECISIONS)
def test_our_step_has_no_fewer_products_than_the_floor(prior, precision):
    config = dataclasses.replace(SMALL, prior=prior, precision=precision)
    run = Run(config, training_step.dataset(10))
    training_step.our_steps(run)
    floor = flops(forward_and_backward(training_step.layers_of(config, prior, precision)))
    steps = training_step.STEPS_PER_TURN + 1
    assert floor <= flops(lambda: training_step.our_steps(run)) / steps < 1.1 * floor


def test_only_the_encoders_head_stays_in_float32():
    layers = training_step.layers_of(SMALL, "vamp", "bf16")
    assert {layer.outputs for layer in layers if layer.dtype == torch.float32} == {2 * SMALL.latent_dim}
    assert {layer.dtype for layer in training_step.layers_of(SMALL, "vamp", "float32")} == {torch.float32}


def test_our_steps_are_those_of_training_and_finish_no_epoch():
    run = Run(SMALL, training_step.dataset(10))
    before = run.model.decoder.output.linear.weight.detach().clone()
    assert isinstance(training_step.our_steps(run), Seconds)
    assert not torch.equal(run.model.decoder.output.linear.weight, before)
    assert run.state.epoch == 0


@pytest.mark.parametrize("prior", training_step.PRIORS)
def test_rows_fit_the_table(prior):
    timed = training_step.time_steps(prior, 1, SMALL, turns=2, compile=("off",))
    table = Table("Steps", tuple("abcdefgh"), tuple(training_step.step_rows(timed)))
    assert [row[2] for row in table.rows] == ["ours, float32", "ours, bf16"]
    assert training_step.compiling_rows(timed) == []


def test_rows_compare_like_with_like():
    timings = {
        "ours, float32": 0.04,
        "ours, float32, compiled": 0.03,
        "ours, bf16": 0.02,
        "ours, bf16, compiled": 0.018,
        "products, float32": 0.025,
        "products, bf16": 0.01,
    }
    compiling = {"ours, float32, compiled": 20.0, "ours, bf16, compiled": 25.0}
    timed = training_step.Timed("vamp", 1, {name: Timing((time,)) for name, time in timings.items()}, compiling)
    rows = {row[2]: [cell.split(" ")[0] for cell in row[-2:]] for row in training_step.step_rows(timed)}
    assert rows == {
        "ours, float32": ["1.60", "1"],
        "ours, float32, compiled": ["1.20", "1"],
        "ours, bf16": ["2.00", "0.500"],
        "ours, bf16, compiled": ["1.80", "0.600"],
    }
    assert [row[2:] for row in training_step.compiling_rows(timed)] == [
        ("ours, float32", "20.0 s", "10.0 ms", "2,000 steps"),
        ("ours, bf16", "25.0 s", "2.00 ms", "12,500 steps"),
    ]


def test_compiling_that_saves_nothing_never_pays():
    timings = {"ours, bf16": Timing((0.02,)), "ours, bf16, compiled": Timing((0.03,))}
    (row,) = training_step.compiling_rows(training_step.Timed("sg", 1, timings, {"ours, bf16, compiled": 9.0}))
    assert row[-2:] == ("−10.0 ms", "never")
