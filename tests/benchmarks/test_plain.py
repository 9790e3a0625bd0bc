"""The plain model computes what ours computes: the same loss and gradients for the same noise, the same log p(x)."""

import math

import pytest
import torch

from benchmarks import plain
from benchmarks.alike import plain_copy, plain_state
from benchmarks.plain import PlainVampVAE, PublicVampVAE
from vampcore.config import Config, Observation
from vampcore.distributions import noise as standard_noise
from vampcore.metrics import log_likelihood
from vampcore.models import build
from vampcore.objectives import elbo

SMALL = Config(data="static_mnist", experiment="small", components=7, latent_dim=3, hidden=16, layers=2)


@pytest.fixture
def ours():
    """A small VampPrior model with pseudo-inputs that differ, some of them clamped."""
    model = build(SMALL, Observation((1, 6, 6), 1))
    with torch.no_grad():
        model.prior.pseudo_inputs.uniform_(-0.2, 1.2, generator=torch.Generator().manual_seed(3))
    return model


@pytest.fixture
def x():
    return (torch.rand((5, 1, 6, 6), generator=torch.Generator().manual_seed(1)) < 0.3).float()


@pytest.mark.parametrize("kind", [PlainVampVAE, PublicVampVAE])
@pytest.mark.parametrize("beta", [1.0, 0.25])
def test_loss_and_gradients_are_ours_for_the_same_noise(ours, x, beta, kind):
    loss = -elbo(ours(x, generator=torch.Generator().manual_seed(2)), beta).mean()
    loss.backward()
    copy = plain_copy(ours, kind)
    epsilon = standard_noise((1, 5, 3), x, torch.Generator().manual_seed(2))[0]
    expected = copy.loss(x.flatten(1), epsilon, beta)
    expected.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-5)
    gradients = plain_state({name: parameter.grad for name, parameter in ours.named_parameters()})
    found = {name: parameter.grad for name, parameter in copy.named_parameters()}
    assert gradients.keys() == found.keys()
    for name, gradient in found.items():
        expected = gradients[name]
        if name == "pseudo_inputs":  # a plain clamp passes no gradient outside; ours passes what leads back
            raw = copy.pseudo_inputs.detach()
            expected = expected.where((raw > 0) & (raw < 1), 0.0)
        torch.testing.assert_close(expected, gradient, rtol=1e-4, atol=1e-4, msg=name)
    assert found["pseudo_inputs"].abs().sum() > 0


def test_importance_sampling_agrees_within_its_error(ours, x):
    samples = 4000
    estimate = log_likelihood(ours, x, samples, generator=torch.Generator().manual_seed(0))
    copy = plain_copy(ours)
    plainly = plain.log_likelihood(copy, x.flatten(1), samples, 300, torch.Generator().manual_seed(1))
    # The variance of a log of a mean of weights is about 1 / ess; two estimates, five images.
    error = (2 / estimate.ess).sqrt()
    assert bool(((estimate.log_likelihood - plainly).abs() < 5 * error).all())
    assert bool((error < 0.2).all())


def test_log_likelihood_is_the_log_of_the_mean_weight(ours, x):
    copy = plain_copy(ours)
    found = plain.log_likelihood(copy, x[:1].flatten(1), 10, 4, torch.Generator().manual_seed(5))
    again = torch.Generator().manual_seed(5)
    with torch.no_grad():
        chunks = [torch.randn(n, 3, generator=again) for n in (4, 4, 2)]
        parts = [copy.log_weights(x[:1].flatten(1).expand(len(noise), -1), noise) for noise in chunks]
    log_weights = torch.cat([log_likelihood + log_p - log_q for log_likelihood, log_p, log_q in parts])
    torch.testing.assert_close(found[0], log_weights.logsumexp(0) - math.log(10))


def test_the_prior_is_a_mixture_of_the_posteriors_at_the_pseudo_inputs(ours):
    copy = plain_copy(ours)
    z = torch.randn((11, 3), generator=torch.Generator().manual_seed(4))
    torch.testing.assert_close(copy.log_prior(z), ours.prior(ours.encoder).log_prob(z), rtol=1e-5, atol=1e-5)


def test_a_step_lowers_the_loss(ours, x):
    copy, x = plain_copy(ours), x.flatten(1)
    epsilon = torch.zeros((5, 3))
    before = copy.loss(x, epsilon).item()
    optimizer = torch.optim.Adam(copy.parameters(), 1e-2)
    generator = torch.Generator().manual_seed(0)
    for _ in range(100):
        plain.train_step(copy, optimizer, x, generator=generator)
    assert copy.loss(x, epsilon).item() < before - 5
