import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from tests.metrics.toys import (
    NOISE,
    FixedMixture,
    exact_posterior,
    images,
    linear_vae,
    orthogonal_weight,
    two_layer_covariance,
    two_layer_vae,
)
from tests.mixtures import mixture
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.metrics import bound, log_likelihood

PIXELS, LATENT = 6, 3
WEIGHT = orthogonal_weight(PIXELS, LATENT)


def exact_log_likelihood(x: torch.Tensor) -> torch.Tensor:
    covariance = WEIGHT @ WEIGHT.mT + NOISE**2 * torch.eye(PIXELS, dtype=torch.float64)
    return MultivariateNormal(torch.zeros(PIXELS, dtype=torch.float64), covariance).log_prob(x.flatten(1))


def wide_posterior(factor=2.0, offset=0.1):
    encoder = exact_posterior(WEIGHT)
    encoder.logvar += math.log(factor)
    encoder.offset += offset
    return encoder


def test_with_the_exact_posterior_every_sample_gives_log_p(generator):
    x = images(20, PIXELS, generator)
    found = bound(linear_vae(WEIGHT), x, samples=2, generator=generator)
    torch.testing.assert_close(found.elbo, exact_log_likelihood(x))
    estimate = log_likelihood(linear_vae(WEIGHT), x, samples=7, generator=generator)
    torch.testing.assert_close(estimate.log_likelihood, exact_log_likelihood(x))
    torch.testing.assert_close(estimate.ess, torch.full((20,), 7.0, dtype=torch.float64))


def test_a_wrong_posterior_loses_its_kl_to_the_exact_one(generator):
    x = images(50, PIXELS, generator)
    exact, wide = exact_posterior(WEIGHT)(x), wide_posterior()(x)
    gap = torch.distributions.kl_divergence(
        torch.distributions.Normal(wide.mean, wide.scale), torch.distributions.Normal(exact.mean, exact.scale)
    ).sum(-1)
    found = bound(linear_vae(WEIGHT, wide_posterior()), x, samples=20_000, generator=generator)
    torch.testing.assert_close(found.elbo, exact_log_likelihood(x) - gap, atol=0.1, rtol=0)
    torch.testing.assert_close(found.elbo, found.reconstruction - found.kl.sum(0))
    assert found.kl.shape == (1, 50)
    assert (found.elbo < exact_log_likelihood(x)).all()


def test_kl_of_the_bound_is_the_closed_form(generator):
    x = images(50, PIXELS, generator)
    q = torch.distributions.Normal(wide_posterior()(x).mean, wide_posterior()(x).scale)
    exact = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(-1)
    found = bound(linear_vae(WEIGHT, wide_posterior()), x, samples=20_000, generator=generator)
    torch.testing.assert_close(found.kl[0], exact, atol=0.1, rtol=0)


def test_importance_sampling_finds_the_exact_log_likelihood(generator):
    x = images(200, PIXELS, generator)
    estimate = log_likelihood(linear_vae(WEIGHT, wide_posterior()), x, samples=5000, generator=generator)
    # The variance of log of a mean of S weights is 1 / ess - 1 / S, by the delta method.
    error = (1 / estimate.ess - 1 / 5000).sqrt()
    standardised = (estimate.log_likelihood - exact_log_likelihood(x)) / error
    assert abs(standardised.mean().item()) < 4 / math.sqrt(200)
    assert 0.7 < standardised.std().item() < 1.3


def test_importance_sampling_of_two_layers_finds_the_exact_log_likelihood(generator):
    model = two_layer_vae()
    covariance = two_layer_covariance(model.decoder.weight)
    x = images(200, 5, generator, scale=0.5)
    exact = MultivariateNormal(torch.zeros(5, dtype=torch.float64), covariance).log_prob(x.flatten(1))
    estimate = log_likelihood(model, x, samples=15_000, generator=generator)
    standardised = (estimate.log_likelihood - exact) / (1 / estimate.ess - 1 / 15_000).sqrt()
    assert abs(standardised.mean().item()) < 4 / math.sqrt(200)
    assert 0.7 < standardised.std().item() < 1.3
    assert estimate.ess.min() > 100, "the approximation of the error needs effective samples"


def test_bounds_rise_with_the_number_of_samples(generator):
    x = images(3000, PIXELS, generator)
    model = linear_vae(WEIGHT, wide_posterior(4.0, 0.3))
    means = [
        log_likelihood(model, x, samples=s, generator=generator).log_likelihood.mean().item() for s in (1, 3, 10, 100)
    ]
    assert means == sorted(means)
    assert means[-1] <= exact_log_likelihood(x).mean().item() + 0.01
    elbo = bound(model, x, generator=generator).elbo
    assert elbo.mean().item() == pytest.approx(means[0], abs=4 * 2 * (elbo.std().item() / math.sqrt(3000)))


def test_effective_sample_size_lies_between_one_and_the_number_of_samples(generator):
    x = images(100, PIXELS, generator, scale=3.0)
    ess = log_likelihood(linear_vae(WEIGHT, wide_posterior(0.05, 1.0)), x, samples=40, generator=generator).ess
    assert ess.min() >= 1 - 1e-9
    assert ess.max() <= 40 + 1e-9
    assert ess.max() > ess.min()


def test_chunks_of_samples_and_of_images_give_the_same_estimate(generator):
    x = images(12, PIXELS, generator)
    model = linear_vae(WEIGHT, wide_posterior(1.2, 0.0))
    whole = log_likelihood(model, x, 4000, None, generator)
    by_samples = log_likelihood(model, x, 4000, 300, generator)
    by_images = log_likelihood(model, x, 4000, 9000, generator)
    for other in (by_samples, by_images):
        torch.testing.assert_close(other.log_likelihood, whole.log_likelihood, atol=0.05, rtol=0)
        assert other.samples == 4000


def test_chunks_take_their_noise_one_after_the_other(generator):
    x = images(16, PIXELS, generator)
    model = linear_vae(WEIGHT, wide_posterior())
    whole = bound(model, x, 1, 8, torch.Generator().manual_seed(3))
    noise = torch.Generator().manual_seed(3)
    parts = [bound(model, part, generator=noise) for part in x.split(8)]
    assert torch.equal(whole.elbo, torch.cat([part.elbo for part in parts]))
    assert torch.equal(whole.kl, torch.cat([part.kl for part in parts], -1))


def test_progress_reports_every_image(generator):
    x = images(10, PIXELS, generator)
    seen = []
    log_likelihood(linear_vae(WEIGHT), x, 5, 20, generator, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(4, 10), (8, 10), (10, 10)]


def test_another_prior_can_be_passed(generator):
    x = images(30, PIXELS, generator)
    narrow = DiagNormal(torch.zeros(1, LATENT, dtype=torch.float64), torch.full((1, LATENT), -1.0, dtype=torch.float64))
    prior = DiagNormalMixture(narrow, torch.zeros(1, dtype=torch.float64))
    estimate = log_likelihood(linear_vae(WEIGHT), x, 5000, generator=generator, prior=prior)
    covariance = math.exp(-1) * WEIGHT @ WEIGHT.mT + NOISE**2 * torch.eye(PIXELS, dtype=torch.float64)
    exact = MultivariateNormal(torch.zeros(PIXELS, dtype=torch.float64), covariance).log_prob(x.flatten(1))
    torch.testing.assert_close(estimate.log_likelihood, exact, atol=0.25, rtol=0)


def test_image_by_image_the_log_weights_are_those_of_the_mixture_itself(generator):
    x = images(3, PIXELS, generator)
    model = linear_vae(WEIGHT, wide_posterior(), prior=FixedMixture(mixture(20, LATENT)))
    found = log_likelihood(model, x, 50, 50, torch.Generator().manual_seed(2)).log_likelihood
    noise = torch.Generator().manual_seed(2)
    weights = torch.cat([model(part, 50, generator=noise).total() for part in x.split(1)], 1)
    torch.testing.assert_close(found, weights.logsumexp(0) - math.log(50))


def test_no_sample_is_refused(generator):
    with pytest.raises(ValueError, match="at least one sample"):
        log_likelihood(linear_vae(WEIGHT), images(2, PIXELS, generator), samples=0)
