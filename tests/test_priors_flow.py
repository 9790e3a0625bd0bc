"""The RealNVP prior: an exact density without components."""

import math

import pytest
import torch

from tests.flows import shaken
from tests.quadrature import fit, mass
from vampcore.config import Config
from vampcore.distributions import DiagNormalMixture, Distribution, Flow
from vampcore.models.mlp import Encoder
from vampcore.priors import RealNVP, build_prior

SHAPE = (1, 3, 4)


@pytest.fixture
def encoder():
    return Encoder(SHAPE, latent_dim=2, hidden=4, layers=1)


def prior_of(latent_dim=2, transforms=3, hidden=8, seed=0):
    return shaken(RealNVP(latent_dim, transforms, hidden), seed, size=0.5)


def test_density_integrates_to_one_and_is_that_of_the_samples(encoder, generator):
    p = prior_of()(encoder)
    assert isinstance(p, Flow)
    assert isinstance(p, Distribution)
    assert not isinstance(p, DiagNormalMixture)
    with torch.no_grad():
        assert mass(p.log_prob, limit=30.0, steps=1000) == pytest.approx(1, abs=1e-3)
        assert fit(p.sample((20_000,), generator), p.log_prob, limit=6.0) > 1e-3


def test_a_density_is_one_pass_through_each_transform(encoder):
    """Training asks for densities; a sample may take two passes."""
    prior = prior_of(transforms=4)
    passes = []
    for transform in prior.to_normal.transforms:
        transform.hyper.register_forward_hook(lambda *_: passes.append(1))
    p = prior(encoder)
    p.log_prob(torch.zeros(5, 2, dtype=torch.float64))
    assert len(passes) == 4


def test_gradients_reach_every_weight(encoder):
    prior = build_prior(Config("digits", "a", prior="realnvp", latent_dim=3, transforms=2, transform_hidden=5), SHAPE)
    z = torch.randn(40, 3, generator=torch.Generator().manual_seed(2), requires_grad=True)
    prior(encoder).log_prob(z).sum().backward()
    assert all(bool((parameter.grad != 0).any()) for parameter in prior.parameters())
    assert bool((z.grad != 0).all())


def test_the_configuration_decides_on_its_size():
    config = Config("digits", "a", prior="realnvp", latent_dim=3, transforms=2, transform_hidden=5)
    prior = build_prior(config, SHAPE)
    assert isinstance(prior, RealNVP)
    assert len(prior.to_normal.transforms) == 2
    assert prior.to_normal.transforms[0].hyper[0].out_features == 5


def test_starts_near_the_standard_normal(encoder):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        prior = RealNVP(4, 8, 32)
    z = torch.randn(2000, 4, generator=torch.Generator().manual_seed(2))
    expected = -0.5 * (math.log(2 * math.pi) + z.square()).sum(-1)
    with torch.no_grad():
        assert (prior(encoder).log_prob(z) - expected).abs().mean() < 1
