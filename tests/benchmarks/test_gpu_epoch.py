"""What the benchmark of an epoch on a GPU counts, on a CPU and a network small enough for a test."""

import pytest
import torch

from benchmarks.gpu import epoch
from benchmarks.products import Dense
from benchmarks.training_step import random_images
from vampcore.config import Config
from vampcore.training import Run

SMALL = Config(data="static_mnist", experiment="small", components=6, latent_dim=3, hidden=8, batch_size=10)


@pytest.mark.parametrize("count", [1, 3])
def test_so_many_steps_are_made(count):
    run = Run(SMALL, random_images(40))
    epoch.first_steps(run, count)
    assert {int(value) for name, value in run.step.moments().items() if name.endswith(".step")} == {count}
    assert run.state.epoch == 0


def test_a_step_more_than_there_are_batches_is_refused():
    with pytest.raises(RuntimeError, match="fewer batches"):
        epoch.first_steps(Run(SMALL, random_images(40)), 5)


def test_operations_are_counted():
    x = torch.zeros(4)
    assert epoch.kernels_of(lambda: x.add_(1).mul_(2).sin_(), "cpu") == 3


def test_launches_are_as_many_operations():
    assert epoch.kernels_of(epoch.launches(7, "cpu"), "cpu") == 7


def test_least_bytes():
    layers = [Dense(10, 3, 5), Dense(10, 5, 2, torch.bfloat16)]
    # 32 bytes of each of 100 weights; the layers' weights twice and their outputs four times; 10 images of 784 bytes.
    assert epoch.least_bytes(100, layers, 10) == 3200 + 4 * (30 + 200) + 2 * (20 + 80) + 7840
