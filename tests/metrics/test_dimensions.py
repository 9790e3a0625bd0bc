import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from tests.metrics.toys import (
    NOISE,
    LinearEncoder,
    exact_posterior,
    images,
    linear_vae,
    orthogonal_weight,
    two_layer_vae,
)
from tests.quadrature import midpoints
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.metrics import ablate_unit, bound, kl_per_dimension

N, D = 400, 3


def posteriors(generator, n: int = N, d: int = D) -> DiagNormal:
    return DiagNormal(torch.randn(n, d, generator=generator), torch.randn(n, d, generator=generator) - 2)


def mixture(generator, k: int = 5, d: int = D) -> DiagNormalMixture:
    normal = DiagNormal(2 * torch.randn(k, d, generator=generator), torch.randn(k, d, generator=generator))
    return DiagNormalMixture(normal, torch.randn(k, generator=generator))


def test_bars_sum_to_the_kl_of_the_same_draws(generator):
    q, p = posteriors(generator), mixture(generator)
    found = kl_per_dimension(q, p, torch.Generator().manual_seed(1), samples=3)
    z = q.sample((3,), torch.Generator().manual_seed(1))
    total = (q.log_prob(z) - p.log_prob(z)).mean(0).double()
    assert (found.kl.sum() + found.dependence).item() == pytest.approx(total.mean().item(), abs=1e-4)
    assert found.total.item() == pytest.approx(total.mean().item(), abs=1e-4)
    assert found.total_se.item() == pytest.approx((total.std() / math.sqrt(N)).item(), rel=1e-4)
    assert (found.n, found.samples) == (N, 3)


def test_one_normal_has_no_dependence_and_the_closed_form_in_each_dimension(generator):
    q = posteriors(generator)
    p = DiagNormal(torch.randn(1, D, generator=generator), torch.randn(1, D, generator=generator))
    found = kl_per_dimension(q, DiagNormalMixture(p, torch.zeros(1)), generator, samples=500)
    exact = kl_divergence(Normal(q.mean, q.scale), Normal(p.mean, p.scale)).mean(0).double()
    torch.testing.assert_close(found.kl, exact, rtol=0.02, atol=0.01)
    assert abs(found.dependence.item()) < 1e-5


def test_independent_dimensions_have_no_dependence_however_many_components(generator):
    # The product of two mixtures of one dimension: 2 x 3 components with the products of their weights.
    first, second = torch.tensor([-1.0, 2.0]), torch.tensor([-3.0, 0.0, 1.0])
    mean = torch.cartesian_prod(first, second)
    logvar = torch.cartesian_prod(first.sin(), second.cos())
    logits = torch.cartesian_prod(torch.tensor([0.3, 0.7]).log(), torch.tensor([0.2, 0.5, 0.3]).log()).sum(-1)
    found = kl_per_dimension(posteriors(generator, d=2), DiagNormalMixture(DiagNormal(mean, logvar), logits), generator)
    assert abs(found.dependence.item()) < 1e-5
    assert found.dependence_se.item() < 1e-5


def test_marginals_and_dependence_agree_with_integrals_on_a_grid(generator):
    normal = DiagNormal(
        torch.tensor([[-2.0, -2.0], [2.0, 1.5], [0.0, 0.5]]), torch.tensor([[0.0, -1.0], [0.4, 0.0], [0, 0]])
    )
    p = DiagNormalMixture(normal, torch.tensor([0.5, 0.48, 0.02]).log())
    q = DiagNormal(torch.tensor([[0.5, -1.0], [2.0, -1.5]]), torch.tensor([[-0.5, 0.2], [0.1, -1.0]]))
    found = kl_per_dimension(q, p, generator, samples=400_000)
    limit, steps = 14.0, 700
    grid, width = midpoints(limit, steps).float(), 2 * limit / steps
    density = p.log_prob(grid).exp()
    marginals = density.sum(1) * width, density.sum(0) * width
    exact_kl, exact_dependence = [0.0, 0.0], 0.0
    for n in range(2):
        weight = q[n].log_prob(grid).exp() * width**2
        exact_dependence -= (weight * p.log_prob(grid)).sum().item() / 2
        for i in range(2):
            axis = grid[:, 0, 0]
            log_q = Normal(q.mean[n, i], q.scale[n, i]).log_prob(axis)
            log_p = marginals[i].clamp_min(1e-38).log()
            exact_kl[i] += (log_q.exp() * (log_q - log_p)).sum().item() * width / 2
            exact_dependence += (log_q.exp() * log_p).sum().item() * width / 2
    assert found.kl.tolist() == pytest.approx(exact_kl, abs=0.01)
    assert found.dependence.item() == pytest.approx(exact_dependence, abs=0.01)
    assert abs(exact_dependence) > 0.1, "the example must have some dependence"


def test_standard_errors_are_the_spread_of_repeated_estimates(generator):
    # All observations are alike, so that repetition and the spread over observations measure the same noise.
    q = DiagNormal(torch.full((200, 2), 0.4), torch.full((200, 2), -0.3))
    p = mixture(generator, 4, 2)
    runs = [kl_per_dimension(q, p, generator) for _ in range(200)]
    for value, error in (("kl", "kl_se"), ("dependence", "dependence_se"), ("total", "total_se")):
        spread = torch.stack([getattr(run, value) for run in runs]).std(0)
        stated = torch.stack([getattr(run, error) for run in runs]).mean(0)
        torch.testing.assert_close(stated, spread, rtol=0.2, atol=0)


def test_chunks_do_not_change_the_bars(generator):
    q, p = posteriors(generator), mixture(generator)
    whole = kl_per_dimension(q, p, torch.Generator().manual_seed(1), samples=2)
    parts = kl_per_dimension(q, p, torch.Generator().manual_seed(1), samples=2, chunk=7)
    torch.testing.assert_close(parts.kl, whole.kl)
    torch.testing.assert_close(parts.dependence, whole.dependence)


def test_the_total_agrees_with_the_bound(generator):
    weight = orthogonal_weight(6, D)
    encoder = exact_posterior(weight)
    encoder.logvar += 0.5
    model = linear_vae(weight, encoder)
    x = images(200, 6, generator)
    found = kl_per_dimension(encoder(x), model.prior(encoder), torch.Generator().manual_seed(4))
    other = bound(model, x, generator=torch.Generator().manual_seed(4))
    assert found.total.item() == pytest.approx(other.kl.mean().item(), rel=1e-6)


def test_one_observation_is_refused(generator):
    with pytest.raises(ValueError, match="at least two observations"):
        kl_per_dimension(posteriors(generator, 1), mixture(generator), generator)


def test_muting_costs_what_the_linear_model_says(generator):
    # E ||x - W z||^2 rises by |w_i|^2 ((z_i - m_i) terms): with columns at right angles, only unit i's term changes.
    weight = orthogonal_weight(6, D)
    model = linear_vae(weight)
    x = images(4000, 6, generator)
    posterior = model.encoder(x)
    target = x.flatten(1) @ weight / weight.square().sum(0)
    for unit in range(D):
        muted = posterior.mean[:, unit].mean()
        before = (target[:, unit] - posterior.mean[:, unit]).square() + posterior.logvar[:, unit].exp()
        exact = weight[:, unit].square().sum() * ((target[:, unit] - muted).square() - before) / (2 * NOISE**2)
        found = ablate_unit(model, x, unit, generator, samples=20)
        assert found.value == pytest.approx(exact.mean().item(), abs=4 * found.se / math.sqrt(20) + 1e-3)
        assert found.se == pytest.approx((exact.std() / math.sqrt(4000)).item(), rel=0.1)
        assert (found.name, found.unit, found.n, found.samples) == ("reconstruction_lost", "nats/image", 4000, 20)
        assert found.layer == 0


def test_muting_a_unit_that_the_decoder_ignores_costs_exactly_nothing(generator):
    weight = orthogonal_weight(6, D)
    weight[:, 1] = 0
    found = ablate_unit(linear_vae(weight), images(50, 6, generator), 1, generator)
    assert (found.value, found.se) == (0.0, 0.0)


def test_muting_pairs_its_noise(generator):
    # The unit says the same for all images and with almost no noise: muting changes almost nothing, although two
    # reconstructions with different noise in the other units would differ by nats.
    weight = orthogonal_weight(6, D)
    exact = exact_posterior(weight)
    matrix, variance = exact.matrix.clone(), torch.tensor([1e-6, 1.0, 1.0]).double()
    matrix[0] = 0
    model = linear_vae(weight, LinearEncoder(matrix, torch.ones(D).double(), variance))
    found = ablate_unit(model, images(200, 6, generator), 0, generator)
    assert abs(found.value) < 0.01
    assert found.se < 0.01


def test_muting_in_chunks_uses_the_mean_over_all(generator):
    model = two_layer_vae()
    x = images(64, 5, generator)
    whole = ablate_unit(model, x, 0, torch.Generator().manual_seed(1), layer=1, chunk=64)
    noise = torch.Generator().manual_seed(1)
    parts = ablate_unit(model, x, 0, noise, samples=200, layer=1, chunk=7)
    assert parts.value == pytest.approx(whole.value, abs=4 * whole.se)
    assert parts.layer == 1
    assert ablate_unit(model, x, 0, generator, layer=0).value == 0.0, "this decoder reads the lowest layer only"


@pytest.mark.parametrize(
    ("unit", "layer", "message"), [(3, 0, "unit is 3"), (-1, 0, "unit is -1"), (0, 1, "layer is 1")]
)
def test_unknown_units_are_refused(generator, unit, layer, message):
    with pytest.raises(ValueError, match=message):
        ablate_unit(linear_vae(orthogonal_weight(6, D)), images(4, 6, generator), unit, generator, layer=layer)
