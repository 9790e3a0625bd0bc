"""Both bounds enclose log p(x) where it is known."""

import torch

from benchmarks.annealed import annealed, drawn
from tests.metrics.toys import two_layer_covariance, two_layer_vae


def test_log_p_lies_between_the_bounds_and_they_are_close():
    model = two_layer_vae()
    generator = torch.Generator().manual_seed(0)
    observations = drawn(model, 40, generator)
    x = observations.x
    covariance = two_layer_covariance(model.decoder.weight)
    known = torch.distributions.MultivariateNormal(torch.zeros(len(covariance)).double(), covariance).log_prob(
        x.flatten(1)
    )
    bounds = annealed(model, observations, generator, temperatures=100, chains=8, leapfrogs=5)
    assert (bounds.lower - known).mean().abs() < 0.1
    assert (bounds.upper - known).mean().abs() < 0.1
    assert (bounds.upper - bounds.lower).mean().abs() < 0.05


def test_a_short_path_leaves_the_bounds_apart():
    model = two_layer_vae()
    generator = torch.Generator().manual_seed(1)
    observations = drawn(model, 20, generator)
    bounds = annealed(model, observations, generator, temperatures=3, chains=1, leapfrogs=1)
    assert (bounds.upper - bounds.lower).mean() > 0.3
