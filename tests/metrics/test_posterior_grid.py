"""The posterior on a grid: analytic posteriors of a linear model, and a shipped model's exact log p(x) and ELBO."""

import itertools
import math
import sys

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from tests.metrics.toys import NOISE, LinearEncoder, PairwiseDecoder, exact_posterior, linear_vae, orthogonal_weight
from vampcore import datasets, zoo
from vampcore.metrics import posterior_grid
from vampcore.models import VAE
from vampcore.priors import StandardNormal

MODULE = sys.modules[posterior_grid.__module__]  # the function of that name hides it
PIXELS = 6
WEIGHT = orthogonal_weight(PIXELS, 2)


def model_of(encoder):
    """z ~ N(0, I), x ~ N(W z, NOISE^2 I): the posterior is a diagonal normal."""
    return VAE(encoder, StandardNormal(2).double(), PairwiseDecoder(WEIGHT)).double().eval()


def moved(shift=(0.0, 0.0), wider=1.0):
    """q with the posterior's scales times `wider`, and its mean so many of its scales away."""
    exact = exact_posterior(WEIGHT)
    variance = exact.logvar.exp()
    offset = torch.tensor(shift, dtype=torch.float64) * variance.sqrt()
    return LinearEncoder(exact.matrix, offset, wider**2 * variance)


def observation(generator, far=0.0):
    z = torch.randn(1, 2, dtype=torch.float64, generator=generator) + far
    return (z @ WEIGHT.mT + NOISE * torch.randn(1, PIXELS, dtype=torch.float64, generator=generator))[:, None, None]


def log_evidence(x):
    covariance = WEIGHT @ WEIGHT.mT + NOISE**2 * torch.eye(PIXELS, dtype=torch.float64)
    return MultivariateNormal(torch.zeros(PIXELS).double(), covariance).log_prob(x.flatten(1)).item()


def test_the_posterior_of_a_linear_model_is_the_known_normal(generator):
    x = observation(generator)
    found = posterior_grid(model_of(moved((1.0, -0.5))), x)
    assert found.holds
    assert found.at_edge < 1e-5
    assert found.log_likelihood == pytest.approx(log_evidence(x), abs=1e-4)
    known = exact_posterior(WEIGHT)(x).log_prob(found.cells.centres(x)).view(found.cells.shape)
    inside = known > known.max() - 20
    torch.testing.assert_close(found.log_posterior[inside], known[inside], rtol=0, atol=1e-4)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.6, -0.3), (2.0, 1.0), (5.0, 5.0)])
def test_total_variation_of_two_normals_of_one_covariance(generator, shift):
    """2 Phi(d / 2) - 1 at a Mahalanobis distance d, and KL = d^2 / 2."""
    found = posterior_grid(model_of(moved(shift)), observation(generator))
    far = math.hypot(*shift)
    kl, total_variation, *errors = found.distance(found.log_q)
    assert total_variation == pytest.approx(math.erf(far / 2 / math.sqrt(2)), abs=2e-3)
    assert kl == pytest.approx(far**2 / 2, abs=1e-3)
    assert errors == [0, 0]


@pytest.mark.parametrize("wider", [0.3, 3.0])
def test_the_kl_of_two_normals_of_other_scales(generator, wider):
    found = posterior_grid(model_of(moved((0.5, 0.5), wider)), observation(generator))
    scale = exact_posterior(WEIGHT).logvar.exp().sqrt()
    known = kl_divergence(Normal(0.5 * scale, wider * scale), Normal(torch.zeros(2), scale)).sum().item()
    assert found.distance(found.log_q).kl == pytest.approx(known, rel=1e-3)


def test_one_sample_leaves_q_and_more_come_nearer_to_the_posterior(generator):
    found = posterior_grid(model_of(moved((1.5, 0.0))), observation(generator))
    one = found.importance_weighted(1)
    assert one.distance == pytest.approx(found.distance(found.log_q), abs=1e-3)
    torch.testing.assert_close(one.log_density.exp(), found.log_q.exp(), rtol=0, atol=1e-3)
    steps = [one, *(found.importance_weighted(samples, generator) for samples in (2, 20, 200))]
    for before, after in itertools.pairwise(steps):
        assert after.distance.kl < 0.7 * before.distance.kl
        assert after.distance.total_variation < 0.8 * before.distance.total_variation


@pytest.mark.parametrize("far", [20.0, 100.0])
def test_where_q_misses_the_posterior_the_nearer_of_two_samples_is_chosen(generator, far):
    """The smaller of two normal numbers: KL = d^2 / 2 - d / sqrt(pi) + log 2 - 1 / 2."""
    found = posterior_grid(model_of(moved((far, 0.0))), observation(generator))
    kl, total_variation, error, _ = found.importance_weighted(2, generator).distance
    known = far**2 / 2 - far / math.sqrt(math.pi) + math.log(2) - 0.5
    assert kl == pytest.approx(known, abs=5 * error + 0.01 * far)
    assert total_variation == pytest.approx(1, abs=1e-6)


def test_the_density_is_that_of_resampled_samples(generator):
    """Ten samples of q, one of them chosen by its weight, many times: the same moments as the density's."""
    model, x, samples, times = model_of(moved((1.5, 0.5))), observation(generator), 10, 20_000
    found = posterior_grid(model, x)
    density = found.importance_weighted(samples, generator).log_density
    w = model(x, samples * times, generator=generator)
    log_w, z = w.total().view(times, samples), w.layers[0].z.view(times, samples, 2)
    chosen = z[torch.arange(times), torch.multinomial(log_w.softmax(1), 1, generator=generator)[:, 0]]
    share, places = density.flatten().softmax(0), found.cells.centres(x)
    for values, seen in ((places, chosen), (places.square(), chosen.square())):
        expected = (share.unsqueeze(1) * values).sum(0)
        error = seen.std(0) / math.sqrt(times)
        assert ((seen.mean(0) - expected).abs() < 5 * error).all()


def test_errors_by_sampling_say_how_far_two_runs_are_apart(generator):
    found = posterior_grid(model_of(moved((2.5, 0.0))), observation(generator))
    runs = [found.importance_weighted(5, generator).distance for _ in range(8)]
    for value, error in ((0, 2), (1, 3)):
        spread = torch.tensor([run[value] for run in runs]).std().item()
        said = sum(run[error] for run in runs) / len(runs)
        assert 0.3 * said < spread < 3 * said


def test_a_shipped_model_has_its_stored_likelihood_and_the_gap_of_its_elbo(generator):
    checkpoint, rows = zoo.load("digits-2d/vamp"), (0, 4, 22, 194)
    test = datasets.load("digits", likelihood=checkpoint.config.likelihood).test
    ids = checkpoint.latents.ids[list(rows)]
    x = datasets.observe(test.images[ids], test.levels, checkpoint.config.likelihood)
    stored = checkpoint.per_image.log_likelihood[ids]
    with torch.inference_mode():
        for one, known in zip(x.split(1), stored.tolist(), strict=True):
            found = posterior_grid(checkpoint.model, one)
            assert found.holds
            assert found.log_likelihood == pytest.approx(known, abs=0.005)
            log_w = checkpoint.model(one, 4000, generator=generator).total().double()
            gap, error = found.log_likelihood - log_w.mean().item(), log_w.std().item() / math.sqrt(4000)
            kl = found.distance(found.log_q).kl
            assert abs(kl - gap) < 4 * error
            # q_EW is at least as near as its bound says (Cremer et al., 2017).
            weighted = found.importance_weighted(20, generator).distance
            bounds = log_w.view(200, 20).logsumexp(1) - math.log(20)
            missed = found.log_likelihood - bounds.mean().item()
            assert 0 < weighted.kl < missed + 4 * bounds.std().item() / math.sqrt(200)
            assert weighted.kl < kl


def test_mass_beyond_the_window_is_found_or_said(generator, monkeypatch):
    """q stays at the origin and the observation's mass is 12 away."""
    encoder = moved()
    encoder.matrix.zero_()
    model, x = model_of(encoder), observation(generator, far=12.0)
    found = posterior_grid(model, x)
    assert found.holds
    assert found.log_likelihood == pytest.approx(log_evidence(x), abs=1e-3)
    monkeypatch.setattr(MODULE, "MOST_DOUBLINGS", 0)
    cut = posterior_grid(model, x)
    assert not cut.holds
    assert cut.at_edge > 0.1


def test_a_grid_too_coarse_for_the_posterior_is_not_trusted(generator, monkeypatch):
    monkeypatch.setattr(MODULE, "FINER_CELLS", (64, 64))
    found = posterior_grid(model_of(moved((30.0, 0.0))), observation(generator))
    assert found.by_coarser > 0.05
    assert not found.holds


def test_only_a_model_that_can_be_integrated_has_a_grid(generator):
    model = model_of(moved())
    with pytest.raises(ValueError, match="one layer of two"):
        posterior_grid(linear_vae(WEIGHT), observation(generator))
    found = posterior_grid(model, observation(generator))
    with pytest.raises(ValueError, match="at least one sample"):
        found.importance_weighted(0)
