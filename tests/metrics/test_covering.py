import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from tests.metrics.toys import (
    NOISE,
    LinearDecoder,
    LinearEncoder,
    two_layer_covariance,
    two_layer_vae,
)
from vampcore.config import Config, DataSpec
from vampcore.metrics import can_cover, covering, log_likelihood
from vampcore.models import VAE, build
from vampcore.priors import StandardNormal


def correlated_weight(pixels, latent_dim, scale=0.35):
    """Columns that are not at right angles, so that no diagonal normal is the posterior."""
    return scale * torch.randn(pixels, latent_dim, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def linear_model(weight, variance=1.0, shift=0.0):
    """q has the exact mean, shifted by some of its scales, and the best diagonal variances times a factor."""
    dims = weight.shape[1]
    precision = torch.eye(dims, dtype=torch.float64) + weight.mT @ weight / NOISE**2
    best = 1 / precision.diag()
    encoder = LinearEncoder(torch.linalg.solve(precision, weight.mT) / NOISE**2, shift * best.sqrt(), variance * best)
    return VAE(encoder, StandardNormal(dims).double(), LinearDecoder(weight)).double().eval()


def drawn(count, weight, generator):
    z = torch.randn(count, weight.shape[1], dtype=torch.float64, generator=generator)
    x = z @ weight.mT + NOISE * torch.randn(count, len(weight), dtype=torch.float64, generator=generator)
    return x[:, None, None, :]


def exact(covariance, x):
    return MultivariateNormal(torch.zeros(len(covariance), dtype=torch.float64), covariance).log_prob(x.flatten(1))


@pytest.mark.parametrize(("dims", "pixels", "scale"), [(10, 16, 0.3), (40, 30, 0.06)])
@pytest.mark.parametrize(("variance", "shift"), [(0.2, 0.0), (1.0, 1.0)])
def test_a_narrow_and_a_shifted_q_are_covered(generator, dims, pixels, scale, variance, shift):
    weight = correlated_weight(pixels, dims, scale)
    model, x = linear_model(weight, variance, shift), drawn(6, weight, generator)
    known = exact(two_layer_covariance(weight), x)
    found = covering(model, x, 2000, generator)
    alone = log_likelihood(model, x, 2000, generator=generator).log_likelihood
    missed, still_missed = (known - alone).mean().item(), (known - found.log_likelihood).mean().item()
    assert abs(still_missed) < 0.1
    assert missed > 3 * abs(still_missed)
    assert missed > 0.15


def test_two_layers_with_a_shift_of_the_lower_one(generator):
    model = two_layer_vae()
    x = drawn(20, model.decoder.weight, generator)
    for layer in model.layers:
        layer.variance /= 8
    known = exact(two_layer_covariance(model.decoder.weight), x)
    found = covering(model, x, 2000, generator)
    alone = log_likelihood(model, x, 2000, generator=generator).log_likelihood
    assert (known - found.log_likelihood).mean().abs() < 0.03
    assert (known - alone).mean() > 0.1


def test_the_errors_of_eight_blocks_are_the_spread_over_seeds(generator):
    weight = correlated_weight(16, 10)
    model, x = linear_model(weight), drawn(3, weight, generator)
    found = [covering(model, x, 400, torch.Generator().manual_seed(seed), steps=0) for seed in range(16)]
    spread = torch.stack([each.log_likelihood for each in found]).std(0)
    error = torch.stack([each.error for each in found]).square().mean(0).sqrt()
    torch.testing.assert_close(error, spread, rtol=0.7, atol=0.02)


def test_it_is_a_lower_bound_in_expectation(generator):
    """The mean weight over many seeds is p(x): the mean of its log is not above log p(x)."""
    weight = correlated_weight(8, 4)
    model, x = linear_model(weight, 0.5), drawn(3, weight, generator)
    known = exact(two_layer_covariance(weight), x)
    found = torch.stack(
        [covering(model, x, 64, torch.Generator().manual_seed(seed), steps=5).log_likelihood for seed in range(30)]
    )
    assert ((found.mean(0) - known) < 3 * found.std(0) / math.sqrt(30)).all()
    weights = (found - known).exp()
    assert ((weights.mean(0) - 1).abs() < 4 * weights.std(0) / math.sqrt(30)).all()


def test_what_the_encoder_may_not_say_is_refined_beyond_its_bounds(generator):
    """The clamp keeps the log-variance above -6; the posteriors here are narrower."""
    weight = 60 * correlated_weight(6, 2)
    model, x = linear_model(weight), drawn(6, weight, generator)
    model.encoder.logvar.clamp_(min=-6)
    known = exact(two_layer_covariance(weight), x)
    found = covering(model, x, 1000, generator)
    alone = log_likelihood(model, x, 1000, generator=generator).log_likelihood
    assert (known - found.log_likelihood).mean().abs() < 0.02
    assert found.ess.mean() > 2 * log_likelihood(model, x, 1000, generator=generator).ess.mean()
    assert (known - alone).abs().max() > (known - found.log_likelihood).abs().max()


def test_samples_come_in_halves_and_flows_are_refused(generator):
    weight = correlated_weight(6, 2)
    x = drawn(2, weight, generator)
    for samples in (15, 14, 33):
        with pytest.raises(ValueError, match="even number"):
            covering(linear_model(weight), x, samples)
    config = Config("digits", "toy", prior="sg", latent_dim=2, hidden=8, likelihood="binomial", posterior="nf")
    flow, images = build(config, DataSpec((1, 4, 4), 16, ())).eval(), torch.zeros(2, 1, 4, 4)
    assert not can_cover(flow, images)
    with pytest.raises(ValueError, match="only normal posteriors"):
        covering(flow, images, 16)


def test_the_model_is_left_as_it_was(generator):
    config = Config("digits", "toy", prior="vamp", components=3, latent_dim=3, hidden=8, likelihood="binomial")
    model = build(config, DataSpec((1, 4, 4), 16, ())).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    reported = []
    found = covering(
        model, torch.rand(3, 1, 4, 4, generator=generator), 64, generator, None, lambda *n: reported.append(n)
    )
    assert reported == [(1, 3), (2, 3), (3, 3)]
    assert found.samples == 64
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
