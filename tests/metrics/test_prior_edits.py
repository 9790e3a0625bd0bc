import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from tests.metrics.toys import NOISE, FixedMixture, LinearDecoder, LinearEncoder
from tests.mixtures import mixture, normals
from vampcore import datasets, zoo
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.metrics.posterior_draws import PosteriorDraws, posterior_draws
from vampcore.metrics.prior_edits import PriorEdits, learned_weights, removal_changes
from vampcore.models import VAE

DRAWS, IMAGES = 6, 5


def some_draws(prior, seed=3):
    source = torch.Generator().manual_seed(seed)
    z = prior.sample((DRAWS, IMAGES), source)
    return PosteriorDraws(z, torch.randn(DRAWS, IMAGES, generator=source).double().log_softmax(0))


def directly(prior, draws, edited):
    """log E[p'(z) / p(z)] and the effective sample size, as they are defined."""
    log_terms = draws.log_weights + edited.log_prob(draws.z) - prior.log_prob(draws.z)
    weights = log_terms.softmax(0)
    return log_terms.logsumexp(0), 1 / weights.square().sum(0)


def ten_edits(prior, usage, extra):
    """Removals, duplicates, other weights and additions."""
    ranked, weights = usage.argsort(descending=True), prior.log_weights.exp()
    half = len(ranked) // 2

    def without(some):
        return prior.reweighted(weights.index_fill(0, some, 0.0))

    most = int(ranked[0])
    noise = torch.rand(len(weights), generator=torch.Generator().manual_seed(5)).to(weights)
    heavier = weights.index_fill(0, ranked[2], 5 * float(weights[ranked[2]]))
    return [
        without(ranked[-1:]),
        without(ranked[:1]),
        without(ranked[:3]),
        without(ranked[half:]),
        without(ranked[: max(1, half - 1)]),
        prior.plus(prior.component(most), float(weights[most] / (1 + weights[most]))),
        prior.reweighted(heavier),
        prior.reweighted(weights * noise**3),
        prior.plus(extra[0], 0.05),
        without(ranked[-2:]).plus(extra[0], 0.05).plus(extra[1], 0.1),
    ]


@pytest.mark.parametrize("edit", range(10))
def test_the_product_is_the_ratio_of_densities(edit):
    prior = mixture(6)
    draws = some_draws(prior)
    edited = ten_edits(prior, torch.arange(6.0), normals(2, 2, seed=8))[edit]
    found = PriorEdits.of(prior, draws).effect(edited)
    change, ess = directly(prior, draws, edited)
    torch.testing.assert_close(found.change, change, rtol=0, atol=1e-5)
    torch.testing.assert_close(found.ess, ess, rtol=1e-4, atol=0)


def test_what_a_removed_component_explained_alone_is_computed_as_a_logarithm():
    mean = torch.tensor([[0.0, 0.0], [30.0, 0.0]], dtype=torch.float64)
    prior = DiagNormalMixture(DiagNormal(mean, torch.zeros_like(mean)), torch.zeros(2, dtype=torch.float64))
    z = mean[:1].expand(1, 1, 2)
    edits = PriorEdits.of(prior, PosteriorDraws(z, torch.zeros(1, 1, dtype=torch.float64)))
    # The other component weighs all, and lies 30 scales away.
    assert edits.effect(prior.without(0)).change.item() == pytest.approx(math.log(2) - 450)
    changes = removal_changes(edits.log_evidence(prior.components), prior.log_weights)
    assert changes[0].tolist() == pytest.approx([math.log(2) - 450, math.log(2)])


def test_all_removals_at_once_are_those_of_each_component():
    prior = mixture(6)
    prior = prior.without(4)
    edits = PriorEdits.of(prior, some_draws(prior))
    changes = removal_changes(edits.log_evidence(prior.components), prior.log_weights)
    for k in (0, 1, 2, 3, 5):
        torch.testing.assert_close(changes[:, k], edits.effect(prior.without(k)).change, rtol=0, atol=1e-5)
    assert changes[:, 4].tolist() == [0] * IMAGES


def test_too_few_effective_samples_give_no_figure():
    prior = mixture(6)
    edits = PriorEdits.of(prior, some_draws(prior))
    alone = prior.reweighted(torch.tensor([0, 0, 0, 0, 0, 1.0]).double())
    assert edits.effect(alone).ess.median() < 5
    assert edits.effect(alone).metric() is None
    assert edits.effect(alone).doubtful == int((edits.effect(alone).ess < 5).sum()) > 0


def test_the_mean_change_has_the_error_of_paired_images():
    prior = mixture(6)
    draws = some_draws(prior)
    even = PosteriorDraws(draws.z, torch.full((DRAWS, IMAGES), -math.log(DRAWS), dtype=torch.float64))
    edited = prior.reweighted(prior.log_weights.exp() * torch.tensor([1.2, 1, 1, 1, 1, 1]).double())
    effect = PriorEdits.of(prior, even).effect(edited)
    found = effect.metric()
    assert found.value == pytest.approx(effect.change.mean().item())
    assert found.se == pytest.approx(effect.change.std().item() / math.sqrt(IMAGES))
    assert (found.n, found.unit) == (IMAGES, "nats/image")


def test_learned_weights_are_the_best_within_their_bound():
    prior = mixture(4).without(1)
    z = mixture(4, seed=2).sample((400,), torch.Generator().manual_seed(0))
    log_evidence = prior.components.pairwise_log_prob(z)
    found = learned_weights(log_evidence, prior.log_weights)
    learned = prior.reweighted(found).log_prob(z).mean()
    assert found[1] == 0
    assert found.sum().item() == pytest.approx(1)
    assert learned > prior.log_prob(z).mean() + 0.03
    gradient = (log_evidence - prior.reweighted(found).log_prob(z).unsqueeze(1)).exp().mean(0)
    assert gradient[[0, 2, 3]].max().log().item() < 1e-3
    # No other weights of the three are better by more.
    source = torch.Generator().manual_seed(1)
    for _ in range(200):
        other = torch.rand(4, generator=source).double().index_fill(0, torch.tensor([1]), 0.0)
        assert prior.reweighted(other).log_prob(z).mean() < learned + 1e-3


def test_ten_edits_of_a_plane_agree_with_the_integral():
    """A shipped model: the mean over images to 0.02 nats and a twentieth, where edits change up to 3 nats."""
    checkpoint, images = zoo.load("digits-2d/vamp"), 16
    test = datasets.load("digits", likelihood=checkpoint.config.likelihood).test
    x = datasets.observe(test.images[:images], test.levels, checkpoint.config.likelihood)
    model = checkpoint.model
    prior, posterior = model.prior(model.encoder), model.encoder(x)
    edits = PriorEdits.of(prior, posterior_draws(model, x, prior, torch.Generator().manual_seed(1)))
    usage = prior.responsibilities(posterior.mean).mean(0)
    edited = ten_edits(prior, usage, posterior[:2])
    z = torch.cat([prior.sample((2000,), torch.Generator().manual_seed(0)), posterior.mean])
    axes = [
        torch.arange(float(low) - 0.5, float(high) + 0.5, 0.08) for low, high in zip(z.amin(0), z.amax(0), strict=True)
    ]
    log_p_x, log_priors = [], []
    for part in torch.cartesian_prod(*axes).split(2**14):
        log_p_x.append(model.decode(part).pairwise_log_prob(x))
        log_priors.append(torch.stack([each.log_prob(part) for each in (prior, *edited)], -1))
    joint = torch.cat(log_p_x).double()
    # log p(x) but for the area of a cell, the same for all.
    peak = joint.amax(0)
    exact = ((joint - peak).exp().mT @ torch.cat(log_priors).double().exp()).log() + peak.unsqueeze(1)
    changes = torch.stack([edits.effect(each).change for each in edited], 1)
    known = (exact[:, 1:] - exact[:, :1]).mean(0)
    assert ((changes.mean(0) - known).abs() < 0.02 + 0.05 * known.abs()).all()
    assert known.abs().max() > 1


def test_edits_of_four_dimensions_agree_with_the_exact_likelihood(generator):
    """A linear model under a mixture, whose log p(x) is a mixture of normals again; draws are of `covering`."""
    weight = 1.5 * torch.randn(7, 4, dtype=torch.float64, generator=generator)
    prior = mixture(5, 4)
    precision = torch.eye(4, dtype=torch.float64) + weight.mT @ weight / NOISE**2
    matrix = torch.linalg.solve(precision, weight.mT) / NOISE**2
    encoder = LinearEncoder(matrix, torch.zeros(4).double(), 1 / precision.diag())
    model = VAE(encoder, FixedMixture(prior), LinearDecoder(weight)).double().eval()
    z = prior.sample((16,), generator)
    x = (z @ weight.mT + NOISE * torch.randn(16, 7, dtype=torch.float64, generator=generator))[:, None, None]

    def exact(p):
        normal = p.components
        noise = NOISE**2 * torch.eye(7, dtype=torch.float64)
        covariance = weight @ torch.diag_embed(normal.logvar.exp()) @ weight.mT + noise
        each = MultivariateNormal(normal.mean @ weight.mT, covariance).log_prob(x.flatten(1).unsqueeze(1))
        return (each + p.log_weights).logsumexp(1)

    edits = PriorEdits.of(prior, posterior_draws(model, x, prior, generator))
    for edited in ten_edits(prior, prior.log_weights.exp(), normals(2, 4, seed=8)):
        effect, known = edits.effect(edited), exact(edited) - exact(prior)
        assert effect.is_estimable
        assert (effect.change - known).mean().abs() < 0.03 + 0.03 * known.mean().abs()
