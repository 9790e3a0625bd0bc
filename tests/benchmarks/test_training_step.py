"""What the benchmark of a training step compares, on a network small enough for a test; never how fast it is."""

import dataclasses

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import plain, pythae_peer, training_step
from benchmarks.alike import plain_copy
from benchmarks.products import forward_and_backward
from benchmarks.timing import Seconds, Table
from vampcore.config import Config
from vampcore.training import Run

SMALL = Config(data="static_mnist", experiment="small", components=6, latent_dim=3, hidden=8, batch_size=10)


@pytest.fixture
def no_pythae(monkeypatch):
    def unavailable():
        raise pythae_peer.Unavailable("pythae could not be installed: no network")

    monkeypatch.setattr(pythae_peer, "install", unavailable)


def flops(call) -> int:
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def test_the_floor_holds_every_product_of_the_plain_step():
    run = Run(SMALL, training_step.dataset(10))
    copy = plain_copy(run.model)
    optimizer = torch.optim.Adam(copy.parameters())
    x = torch.zeros((10, 784))
    floor = flops(forward_and_backward(training_step.layers_of(SMALL, "vamp", "float32")))
    assert flops(lambda: plain.train_step(copy, optimizer, x)) == floor


@pytest.mark.parametrize("prior", training_step.PRIORS)
@pytest.mark.parametrize("precision", training_step.OURS)
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
def test_rows_fit_the_table_and_say_why_pythae_is_absent(no_pythae, prior):
    rows = training_step.rows_of(prior, 1, SMALL, turns=2)
    table = Table("Steps", tuple("abcdefgh"), tuple(rows))
    assert [row[2] for row in table.rows[:2]] == list(training_step.OURS.values())
    assert ("no network" in table.markdown()) == (prior == "vamp")
    assert len(rows) == (4 if prior == "vamp" else 2)
