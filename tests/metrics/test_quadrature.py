import dataclasses
import math
import sys

import pytest
import torch
from torch.distributions import MultivariateNormal

from tests.metrics.toys import NOISE, FixedMixture, LinearEncoder, PairwiseDecoder, linear_vae
from vampcore.config import Config, DataSpec
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.metrics import QuadratureError, can_integrate, evaluate, log_likelihood, quadrature
from vampcore.models import VAE, build
from vampcore.priors import StandardNormal

MODULE = sys.modules[quadrature.__module__]  # the function of that name hides it
PIXELS = 6
WEIGHT = torch.tensor([[2.0, 0.1], [1.5, -0.2], [0.3, 0.8], [-1.0, 0.4], [0.0, 0.6], [0.7, -0.5]], dtype=torch.float64)
GREY = DataSpec((1, 4, 4), 255, ())
COUNTS = DataSpec((1, 4, 4), 16, ())


def gaussian_model(weight, encoder=None, prior=None):
    """p(x) = N(0, W W' + NOISE^2 I) under a standard normal; the posterior is correlated, q never is."""
    precision = torch.eye(2, dtype=torch.float64) + weight.mT @ weight / NOISE**2
    covariance = torch.linalg.inv(precision)
    encoder = encoder or LinearEncoder(covariance @ weight.mT / NOISE**2, torch.zeros(2).double(), covariance.diag())
    return VAE(encoder, prior or StandardNormal(2).double(), PairwiseDecoder(weight)).double().eval()


def exact(weight, x):
    covariance = weight @ weight.mT + NOISE**2 * torch.eye(len(weight), dtype=torch.float64)
    return MultivariateNormal(torch.zeros(len(weight)).double(), covariance).log_prob(x.flatten(1))


def drawn(count, weight, generator):
    z = torch.randn(count, 2, dtype=torch.float64, generator=generator)
    x = z @ weight.mT + NOISE * torch.randn(count, len(weight), dtype=torch.float64, generator=generator)
    return x[:, None, None, :]


def trained_like(generator, prior, likelihood="bernoulli", observation=COUNTS, gain=3.0):
    """A model whose likelihood falls steeply, as that of a trained one."""
    config = Config(
        data="digits", experiment="toy", prior=prior, components=4, latent_dim=2, hidden=12, likelihood=likelihood
    )
    model = build(config, observation).eval().requires_grad_(False)
    model.decoder.output.linear.weight *= gain
    return model


def brute_force(model, x, limit, step):
    """Straight sums of `log_prob` in float64, over every point of a square."""
    prior = model.prior(model.encoder)
    axis = torch.arange(-limit, limit, step, dtype=torch.float64) + step / 2
    parts = []
    for column in axis.split(4):
        z = torch.cartesian_prod(column, axis).float()
        pixels = model.decode(z)
        terms = torch.stack([pixels.log_prob(each[None]) for each in x], -1).double()
        parts.append((terms + prior.log_prob(z).double()[:, None]).logsumexp(0))
    return torch.stack(parts).logsumexp(0) + 2 * math.log(step)


@pytest.mark.parametrize("scale", [0.5, 1.0, 4.0])
def test_a_linear_model_against_its_closed_form(generator, scale):
    x = drawn(40, scale * WEIGHT, generator)
    found = quadrature(gaussian_model(scale * WEIGHT), x)
    assert found.passed
    torch.testing.assert_close(found.log_likelihood, exact(scale * WEIGHT, x), rtol=0, atol=5e-4)


def test_a_mixture_far_from_the_origin_against_its_closed_form(generator):
    means = torch.tensor([[-9.0, 3.0], [12.0, -2.0]], dtype=torch.float64)
    mixture = DiagNormalMixture(DiagNormal(means, torch.full_like(means, -1.0)), torch.tensor([0.3, 1.0]).double())
    covariance = WEIGHT @ WEIGHT.mT * math.exp(-1) + NOISE**2 * torch.eye(PIXELS, dtype=torch.float64)
    parts = [MultivariateNormal(WEIGHT @ mean, covariance) for mean in means]
    x = torch.cat([part.sample((10,)) for part in parts])
    known = torch.stack([part.log_prob(x) for part in parts], -1) + mixture.log_weights
    found = quadrature(gaussian_model(WEIGHT, prior=FixedMixture(mixture)), x[:, None, None, :])
    assert found.passed
    torch.testing.assert_close(found.log_likelihood, known.logsumexp(-1), rtol=0, atol=5e-4)


@pytest.mark.parametrize(
    ("prior", "likelihood"),
    [("mog", "bernoulli"), ("vamp", "binomial"), ("sg", "logistic"), ("vamp", "logistic"), ("realnvp", "bernoulli")],
)
def test_against_brute_force(generator, prior, likelihood):
    model = trained_like(generator, prior, likelihood, GREY if likelihood == "logistic" else COUNTS)
    levels = {"bernoulli": 1, "binomial": 16, "logistic": 255}[likelihood]
    x = (torch.rand(5, 1, 4, 4, generator=generator) * levels).round()
    x = (x + 0.5) / 256 if likelihood == "logistic" else x / levels
    found = quadrature(model, x)
    assert found.passed
    torch.testing.assert_close(found.log_likelihood, brute_force(model, x, 7.0, 0.1), rtol=0, atol=0.002)


def narrow(encoder, variance):
    return LinearEncoder(encoder.matrix, encoder.offset, torch.full((2,), variance, dtype=torch.float64))


def test_what_a_narrow_posterior_misses_is_integrated_all_the_same(generator):
    """A q of a tenth of the posterior's scale: S = 2,000 samples of it lose nats, the integral does not."""
    x = drawn(20, 0.3 * WEIGHT, generator)
    model = gaussian_model(0.3 * WEIGHT)
    model.encoder = narrow(model.encoder, 0.01)
    known = exact(0.3 * WEIGHT, x)
    sampled = log_likelihood(model, x, 2000, generator=generator).log_likelihood
    assert (known - sampled).mean() > 0.3
    torch.testing.assert_close(quadrature(model, x).log_likelihood, known, rtol=0, atol=5e-4)


def test_a_posterior_narrower_than_q_is_found_by_halving(generator):
    """The first step is four times the true posterior's scale."""
    x = drawn(20, 4 * WEIGHT, generator)
    model = gaussian_model(4 * WEIGHT)
    model.encoder = narrow(model.encoder, 16 * model.encoder.logvar.exp().min().item())
    found = quadrature(model, x)
    assert found.passed
    torch.testing.assert_close(found.log_likelihood, exact(4 * WEIGHT, x), rtol=0, atol=5e-4)


def test_a_window_that_a_shifted_q_would_choose_too_small_grows(generator):
    """q lies at the origin, the observations' mass 9 away."""
    x = drawn(20, WEIGHT, generator) + 9 * WEIGHT.sum(-1)
    model = gaussian_model(WEIGHT)
    model.encoder.matrix.zero_()
    found = quadrature(model, x)
    assert found.passed
    torch.testing.assert_close(found.log_likelihood, exact(WEIGHT, x), rtol=0, atol=5e-4)


def test_observations_do_not_depend_on_each_other(generator, monkeypatch):
    model, x = trained_like(generator, "mog"), torch.rand(12, 1, 4, 4, generator=generator).round()
    whole = quadrature(model, x).log_likelihood
    monkeypatch.setattr(MODULE, "MASSES_AT_ONCE", 1)
    reported = []
    parts = quadrature(model, x, progress=lambda *each: reported.append(each))
    torch.testing.assert_close(parts.log_likelihood, whole, rtol=0, atol=1e-5)
    assert reported == [(done, 12) for done in range(1, 13)]


def test_a_posterior_too_narrow_for_the_plane_is_refused(generator):
    model = gaussian_model(WEIGHT)
    model.encoder = narrow(model.encoder, 1e-8)
    with pytest.raises(QuadratureError, match=r"standard deviation of 0\.0001"):
        quadrature(model, drawn(3, WEIGHT, generator))


def test_an_integrand_that_no_halving_settles_is_not_passed(generator, monkeypatch):
    monkeypatch.setattr(MODULE, "MOST_HALVINGS", 1)
    x = drawn(5, 6 * WEIGHT, generator)
    model = gaussian_model(6 * WEIGHT)
    model.encoder = narrow(model.encoder, 30 * model.encoder.logvar.exp().min().item())
    found = quadrature(model, x)
    assert not found.passed
    assert found.by_halving.max() > found.tolerance


def test_only_one_layer_of_two_dimensions_is_integrated():
    assert not can_integrate(linear_vae(WEIGHT), torch.zeros(1, 1, 1, PIXELS, dtype=torch.float64))
    for change in ({"latent_dim": 3}, {"model": "hvae"}, {"posterior": "iaf"}):
        config = Config("digits", "toy", prior="sg", latent_dim=2, hidden=8, likelihood="binomial")
        model = build(dataclasses.replace(config, **change), COUNTS).eval()
        assert not can_integrate(model, torch.zeros(1, 1, 4, 4)), change
        with pytest.raises(ValueError, match="one layer of two"):
            quadrature(model, torch.zeros(2, 1, 4, 4))


def test_evaluation_integrates_by_itself_and_keeps_the_sampled_score_beside(generator):
    model, x = trained_like(generator, "vamp"), torch.rand(30, 1, 4, 4, generator=generator).round()
    found = evaluate(model, x, samples=200)
    score, sampled = found.get("log_likelihood"), found.get("log_likelihood_is")
    assert (score.estimator, score.n, score.samples) == ("quadrature", 30, None)
    assert (sampled.estimator, sampled.n, sampled.samples) == ("is", 30, 200)
    assert score.value == pytest.approx(quadrature(model, x).log_likelihood.mean().item(), abs=1e-4)
    assert score.se == pytest.approx(found.log_likelihood.std().item() / math.sqrt(30), rel=1e-4)
    assert sampled.value == pytest.approx(found.log_likelihood_is.mean().item(), abs=1e-4)
    assert found.refusal is None


def test_where_the_integral_does_not_hold_the_sampled_score_is_shown_and_says_so(generator, monkeypatch):
    monkeypatch.setattr("vampcore.metrics.plane.MOST_POINTS", 64)
    model, x = trained_like(generator, "mog"), torch.rand(10, 1, 4, 4, generator=generator).round()
    found = evaluate(model, x, samples=50)
    assert found.get("log_likelihood").estimator == "is"
    assert found.get("log_likelihood_is") is None
    assert "too small for a grid of 64 points" in found.refusal
