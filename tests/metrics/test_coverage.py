import math

import pytest
import torch
from scipy import stats

from vampcore import zoo
from vampcore.distributions import DiagNormal, DiagNormalMixture, NormalMixture
from vampcore.metrics import dead, distinct_components, effective_components, log_density, mass_levels, usage
from vampcore.metrics.coverage import DRAWS


def normals(means: list[list[float]], weights: list[float], logvar: float = 0.0) -> DiagNormalMixture:
    mean = torch.tensor(means)
    return DiagNormalMixture(DiagNormal(mean, torch.full_like(mean, logvar)), torch.tensor(weights).log())


def on_plane(mixture: DiagNormalMixture, turn: float = 0.6) -> NormalMixture:
    """The same mixture seen on turned axes: equal masses, covariances that are not diagonal."""
    c, s = math.cos(turn), math.sin(turn)
    return mixture.project(torch.tensor([[c, -s], [s, c]]), torch.tensor([0.3, -0.2]))


def test_usage_is_the_mean_responsibility(generator):
    prior = normals([[-1.0, 0.0], [1.0, 0.0], [0.0, 2.0]], [0.5, 0.3, 0.2])
    z = torch.randn(50, 2, generator=generator)
    expected = torch.zeros(3)
    for row in z:
        squared = (row - prior.components.mean).square().sum(-1)
        joint = torch.tensor([0.5, 0.3, 0.2]) * (-0.5 * squared).exp()
        expected += joint / joint.sum() / 50
    torch.testing.assert_close(usage(prior, z), expected)
    assert usage(prior, z).sum().item() == pytest.approx(1.0, abs=1e-6)


def test_usage_counts_where_components_are_far_apart():
    prior = normals([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]], [0.8, 0.1, 0.1])
    z = torch.tensor([[0.1, 0.0], [100.0, 1.0], [99.0, 0.0], [100.2, 0.3]])
    torch.testing.assert_close(usage(prior, z), torch.tensor([0.25, 0.75, 0.0]))


def test_usage_by_a_priors_own_draws_is_its_weights(generator):
    prior = normals([[-1.0, 0.0], [1.0, 0.0], [0.0, 2.0]], [0.5, 0.3, 0.2])
    found = usage(prior, prior.sample((200_000,), generator))
    torch.testing.assert_close(found, torch.tensor([0.5, 0.3, 0.2]), atol=0.005, rtol=0)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [([0.25] * 4, 4.0), ([1.0, 0.0, 0.0], 1.0), ([0.5, 0.25, 0.25], 2 * math.sqrt(2)), ([1.0], 1.0), ([2.0, 2.0], 2.0)],
)
def test_effective_components(shares, expected):
    assert effective_components(torch.tensor(shares)) == pytest.approx(expected)


def test_copies_of_a_component_are_not_distinct():
    apart, copied = normals([[-50.0, 0.0], [50.0, 0.0]], [0.5, 0.5]), normals([[-50.0, 0.0]] * 4, [0.25] * 4)
    z = torch.tensor([[-50.0, 0.3], [50.0, 0.1], [-49.5, 0.0], [50.0, 0.0]])
    assert distinct_components(apart, z) == pytest.approx(2.0)
    assert distinct_components(copied, z[[0, 2]]) == pytest.approx(1.0)
    assert effective_components(usage(copied, z[[0, 2]])) == pytest.approx(4.0)


def test_distinct_components_are_the_exponential_of_the_mutual_information(generator):
    prior = normals([[-1.0, 0.0], [1.0, 0.0], [0.0, 2.0]], [0.5, 0.3, 0.2])
    z = torch.randn(60, 2, generator=generator).double()
    joint = prior.components.pairwise_log_prob(z) + prior.log_weights
    shares = joint.softmax(1)
    entropy = stats.entropy(shares.mean(0).numpy()) - stats.entropy(shares.numpy(), axis=1).mean()
    assert distinct_components(prior, z) == pytest.approx(math.exp(entropy), rel=1e-5)
    assert distinct_components(normals([[0.0, 0.0]], [1.0]), z) == 1.0


@pytest.mark.parametrize(("prior", "distinct"), [("mog", 61), ("vamp", 287)])
def test_distinct_components_of_the_shipped_mixtures(prior, distinct):
    """Of 500, from the stored posteriors of all 10,000 test images."""
    checkpoint = zoo.load(f"static-mnist-40d/{prior}", (zoo.SHIPPED,))
    with torch.no_grad():
        mixture = checkpoint.model.prior(checkpoint.model.encoder)
    z = checkpoint.latents.layers[0].sample((), torch.Generator().manual_seed(0))
    assert distinct_components(mixture, z) == pytest.approx(distinct, abs=1.5)


def test_dead_components_are_used_less_than_a_tenth_of_the_equal_share():
    assert dead(torch.tensor([0.9, 0.049, 0.026, 0.025])).tolist() == [False, False, False, False]
    assert dead(torch.tensor([0.93, 0.0, 0.046, 0.024])).tolist() == [False, True, False, True]


@pytest.mark.parametrize("plane", [False, True])
def test_mass_levels_of_a_normal_are_chi_square_quantiles(generator, plane):
    masses = (0.5, 0.8, 0.95, 0.99)
    density = normals([[1.0, 2.0]], [1.0], logvar=0.4)
    found = mass_levels(on_plane(density) if plane else density, masses, generator)
    for level, mass in zip(found.tolist(), masses, strict=True):
        exact = -math.log(2 * math.pi) - 0.4 - stats.chi2.ppf(mass, 2) / 2
        # The log-density falls off as an exponential: its (1 - a) quantile has this standard error.
        error = math.sqrt(mass * (1 - mass) / DRAWS) / (1 - mass)
        assert level == pytest.approx(exact, abs=4 * error)


def test_mass_levels_hold_their_share_of_a_mixtures_draws(generator):
    density = normals([[-3.0, 0.0], [2.0, 1.0], [0.0, 4.0]], [0.6, 0.3, 0.1], logvar=-0.5)
    levels = mass_levels(density, (0.3, 0.9), generator)
    fresh = density.log_prob(density.sample((200_000,), generator))
    assert (fresh > levels[0]).float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert (fresh > levels[1]).float().mean().item() == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("masses", [(), (0.0,), (0.5, 1.0), (95.0,)])
def test_masses_lie_between_zero_and_one(generator, masses):
    with pytest.raises(ValueError, match="between 0 and 1"):
        mass_levels(normals([[0.0, 0.0]], [1.0]), masses, generator)


def test_log_density_in_chunks(generator):
    density = normals([[-3.0, 0.0], [2.0, 1.0]], [0.6, 0.4])
    z = torch.randn(23, 2, generator=generator)
    assert torch.equal(log_density(density, z, chunk=5), density.log_prob(z))
    torch.testing.assert_close(log_density(on_plane(density), z, chunk=5), on_plane(density).log_prob(z))
