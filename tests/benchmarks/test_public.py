"""The public way computes what ours computes: the same log-weights for the same noise, the same log p(x)."""

import math

import pytest
import torch

from benchmarks import public
from benchmarks.public import PublicVampVAE
from vampcore.config import Config, DataSpec
from vampcore.distributions import noise as standard_noise
from vampcore.metrics import log_likelihood
from vampcore.models import build

SMALL = Config(data="static_mnist", experiment="small", components=7, latent_dim=3, hidden=16, layers=2)


@pytest.fixture
def ours():
    """A small VampPrior model with pseudo-inputs that differ, some of them clamped."""
    model = build(SMALL, DataSpec((1, 6, 6), 1))
    with torch.no_grad():
        model.prior.pseudo_inputs.uniform_(-0.2, 1.2, generator=torch.Generator().manual_seed(3))
    return model


@pytest.fixture
def x():
    return (torch.rand((5, 1, 6, 6), generator=torch.Generator().manual_seed(1)) < 0.3).float()


def test_log_weights_are_ours_for_the_same_noise(ours, x):
    expected = ours(x, generator=torch.Generator().manual_seed(2)).total()[0]
    epsilon = standard_noise((1, 5, 3), x, torch.Generator().manual_seed(2))[0]
    torch.testing.assert_close(PublicVampVAE(ours).log_weights(x.flatten(1), epsilon), expected, rtol=1e-5, atol=1e-4)


def test_importance_sampling_agrees_within_its_error(ours, x):
    samples = 4000
    estimate = log_likelihood(ours, x, samples, generator=torch.Generator().manual_seed(0))
    found = public.log_likelihood(PublicVampVAE(ours), x.flatten(1), samples, 300, torch.Generator().manual_seed(1))
    # The variance of a log of a mean of weights is about 1 / ess; two estimates, five images.
    error = (2 / estimate.ess).sqrt()
    assert bool(((estimate.log_likelihood - found).abs() < 5 * error).all())
    assert bool((error < 0.2).all())


def test_log_likelihood_is_the_log_of_the_mean_weight(ours, x):
    model = PublicVampVAE(ours)
    found = public.log_likelihood(model, x[:1].flatten(1), 10, 4, torch.Generator().manual_seed(5))
    again = torch.Generator().manual_seed(5)
    with torch.no_grad():
        chunks = [torch.randn(n, 3, generator=again) for n in (4, 4, 2)]
        parts = [model.log_weights(x[:1].flatten(1).expand(len(noise), -1), noise) for noise in chunks]
    torch.testing.assert_close(found[0], torch.cat(parts).logsumexp(0) - math.log(10))


def test_the_prior_is_a_mixture_of_the_posteriors_at_the_pseudo_inputs(ours):
    z = torch.randn((11, 3), generator=torch.Generator().manual_seed(4))
    expected = ours.prior(ours.encoder).log_prob(z)
    torch.testing.assert_close(PublicVampVAE(ours).log_prior(z), expected, rtol=1e-5, atol=1e-5)
