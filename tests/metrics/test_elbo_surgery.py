import dataclasses
import math
from types import SimpleNamespace

import pytest
import torch
from torch.distributions import Normal

from tests.metrics.toys import (
    FixedMixture,
    LinearEncoder,
    exact_posterior,
    images,
    linear_vae,
    orthogonal_weight,
    two_layer_vae,
)
from vampcore.config import Config, DataSpec
from vampcore.distributions import DiagNormal, DiagNormalMixture, log_sum
from vampcore.metrics import bound, elbo_surgery
from vampcore.models import build

PIXELS, LATENT = 5, 2
WEIGHT = orthogonal_weight(PIXELS, LATENT)


def model_under_test():
    """A posterior and a mixture prior that fit neither each other nor the decoder."""
    encoder = exact_posterior(WEIGHT)
    encoder.logvar += 0.7
    mean = torch.tensor([[0.0, 1.0], [-2.0, 0.5], [1.0, -1.0]]).double()
    logvar = torch.tensor([[0.0, -1.0], [0.5, 0.2], [-0.7, 0.0]]).double()
    mixture = DiagNormalMixture(DiagNormal(mean, logvar), torch.tensor([0.1, 0.6, 0.3]).double().log())
    return linear_vae(WEIGHT, encoder, FixedMixture(mixture))


def fresh():
    return torch.Generator().manual_seed(11)


def test_against_an_explicit_enumeration(generator):
    model = model_under_test()
    x = images(300, PIXELS, generator)
    z = model(x, 1, generator=fresh()).layers[0].z[0]
    q, p = model.encoder(x), model.prior(model.encoder)
    average, information, marginal = [], [], []
    for n in range(300):
        each = Normal(q.mean, q.scale).log_prob(z[n]).sum(-1)
        log_aggregate = each.exp().mean().log().item()
        normals = Normal(p.components.mean, p.components.scale).log_prob(z[n]).sum(-1)
        log_p = (normals.exp() * torch.tensor([0.1, 0.6, 0.3]).double()).sum().log().item()
        log_q = each[n].item()
        average.append(log_q - log_p)
        information.append(log_q - log_aggregate)
        marginal.append(log_aggregate - log_p)
    found = elbo_surgery(model, x, generator=fresh())
    for metric, values in (
        (found.average_kl, average),
        (found.mutual_information, information),
        (found.marginal_kl, marginal),
    ):
        values = torch.tensor(values).double()
        assert metric.value == pytest.approx(values.mean().item(), abs=1e-6)
        assert metric.se == pytest.approx((values.std() / math.sqrt(300)).item(), abs=1e-6)
        assert (metric.n, metric.samples, metric.unit) == (300, 1, "nats/image")
    assert (found.n, found.log_n) == (300, math.log(300))


def test_parts_add_up(generator):
    found = elbo_surgery(model_under_test(), images(200, PIXELS, generator), samples=3, generator=generator)
    total = found.mutual_information.value + found.marginal_kl.value
    assert found.average_kl.value == pytest.approx(total, abs=1e-9)


def test_both_splits_are_of_the_bound(generator):
    model = model_under_test()
    x = images(200, PIXELS, generator)
    found = elbo_surgery(model, x, 2, fresh(), chunk=50)
    other = bound(model, x, 2, 50, fresh())
    assert found.average_kl.value == pytest.approx(other.kl.mean().item(), abs=1e-9)
    assert found.reconstruction.value == pytest.approx(other.reconstruction.mean().item(), abs=1e-9)
    second = found.reconstruction.value + found.posterior_entropy.value - found.cross_entropy.value
    assert second == pytest.approx(other.elbo.mean().item(), abs=1e-9)


def test_entropy_is_the_closed_form(generator):
    model = model_under_test()
    x = images(100, PIXELS, generator)
    found = elbo_surgery(model, x, 200, generator)
    exact = model.encoder(x).entropy().mean().item()
    assert found.posterior_entropy.value == pytest.approx(exact, abs=5 * found.posterior_entropy.se)
    assert found.posterior_entropy.se < 0.02


def test_mutual_information_agrees_with_an_integral(generator):
    weight = orthogonal_weight(PIXELS, 1)
    encoder = exact_posterior(weight)
    x = images(40, PIXELS, generator)
    q = encoder(x)
    axis = torch.linspace(-8, 8, 20_001).double()
    width = 16 / 20_000
    density = Normal(q.mean, q.scale).log_prob(axis).exp()
    aggregate = density.mean(0)
    entropy = -(aggregate * aggregate.clamp_min(1e-300).log()).sum().item() * width
    exact = entropy - q.entropy().mean().item()
    found = elbo_surgery(linear_vae(weight, encoder), x, 5000, generator)
    assert found.mutual_information.value == pytest.approx(exact, abs=0.01)
    # Under N(0, I): KL(q(z) || p) = -H(q(z)) + E[log 2 pi + z^2] / 2.
    second_moment = (q.mean.square() + q.logvar.exp()).mean().item()
    exact_marginal = -entropy + 0.5 * (math.log(2 * math.pi) + second_moment)
    assert found.marginal_kl.value == pytest.approx(exact_marginal, abs=0.01)


def test_posteriors_far_apart_saturate(generator):
    matrix = 1000 * torch.eye(LATENT, PIXELS).double()
    encoder = LinearEncoder(matrix, torch.zeros(LATENT).double(), torch.full((LATENT,), 1e-4).double())
    found = elbo_surgery(linear_vae(WEIGHT, encoder), images(50, PIXELS, generator), generator=generator)
    assert found.mutual_information.value == pytest.approx(math.log(50), abs=1e-6)
    assert found.saturation == pytest.approx(1.0)
    assert found.saturated


def test_an_encoder_that_ignores_x_tells_nothing_about_it(generator):
    encoder = LinearEncoder(
        torch.zeros(LATENT, PIXELS).double(), torch.ones(LATENT).double(), torch.ones(LATENT).double()
    )
    found = elbo_surgery(linear_vae(WEIGHT, encoder), images(50, PIXELS, generator), generator=generator)
    assert found.mutual_information.value == pytest.approx(0.0, abs=1e-9)
    assert not found.saturated
    assert found.marginal_kl.value == pytest.approx(found.average_kl.value, abs=1e-9)


def test_the_aggregated_posterior_as_prior_has_no_marginal_kl(generator):
    model = model_under_test()
    x = images(60, PIXELS, generator)
    q = model.encoder(x)
    prior = DiagNormalMixture(q, torch.zeros(60).double())
    found = elbo_surgery(model, x, generator=generator, prior=prior)
    assert found.marginal_kl.value == pytest.approx(0.0, abs=1e-9)
    assert found.mutual_information.value == pytest.approx(found.average_kl.value, abs=1e-9)


def test_a_subset_outside_keeps_the_full_mixture_inside(generator):
    model = model_under_test()
    x = images(400, PIXELS, generator)
    whole = elbo_surgery(model, x, 50, generator)
    some = elbo_surgery(model, x, 50, generator, outer=100)
    assert (some.mutual_information.n, some.n, some.log_n) == (100, 400, math.log(400))
    for name in ("average_kl", "mutual_information", "marginal_kl"):
        part, full = getattr(some, name), getattr(whole, name)
        assert part.value == pytest.approx(full.value, abs=4 * part.se)
        assert part.se > 1.5 * full.se
    # A mixture of the 100 alone would be bounded by log 100, and nearer to each posterior.
    alone = elbo_surgery(model, x[:100], 50, generator)
    assert alone.mutual_information.value < whole.mutual_information.value


def test_the_subset_is_random_and_seeded(generator):
    model = model_under_test()
    x = images(100, PIXELS, generator, scale=3.0).sort(0).values
    first, again, other = (
        elbo_surgery(model, x, generator=torch.Generator().manual_seed(seed), outer=20).average_kl.value
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    head = elbo_surgery(model, x[:20], generator=torch.Generator().manual_seed(1)).average_kl.value
    assert abs(head - first) > 1.0, "the rows are sorted: a subset that begins at the head is far off"


def test_chunks_give_the_same_parts(generator):
    model = model_under_test()
    x = images(64, PIXELS, generator)
    whole = elbo_surgery(model, x, 400, generator)
    parts = elbo_surgery(model, x, 400, generator, chunk=10)
    assert parts.mutual_information.value == pytest.approx(whole.mutual_information.value, abs=0.03)
    assert parts.mutual_information.n == 64


def test_two_layers_are_cut_at_the_top_and_split_over_all(generator):
    model = two_layer_vae()
    x = images(100, 5, generator)
    found = elbo_surgery(model, x, 1, fresh(), chunk=100)
    other = bound(model, x, 1, 100, fresh())
    assert found.average_kl.value == pytest.approx(other.kl[0].mean().item(), abs=1e-9)
    second = found.reconstruction.value + found.posterior_entropy.value - found.cross_entropy.value
    assert second == pytest.approx(other.elbo.mean().item(), abs=1e-9)


def test_labels_of_the_record(generator):
    found = elbo_surgery(model_under_test(), images(5, PIXELS, generator), generator=generator, split="train", seed=9)
    for field in dataclasses.fields(found):
        if field.name == "n":
            continue
        name, metric = field.name, getattr(found, field.name)
        assert (metric.name, metric.split, metric.seed, metric.layer) == (name, "train", 9, None)


def test_one_observation_has_no_information(generator):
    found = elbo_surgery(model_under_test(), images(1, PIXELS, generator), generator=generator)
    assert (found.log_n, found.saturation, found.saturated) == (0.0, 0.0, False)
    assert found.mutual_information.value == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("n", "samples", "outer"), [(0, 1, None), (3, 0, None), (3, 1, 0)])
def test_nothing_to_cut_is_refused(generator, n, samples, outer):
    with pytest.raises(ValueError, match="at least one observation"):
        elbo_surgery(model_under_test(), images(n, PIXELS, generator), samples, generator, outer=outer)


def test_pairs_of_a_large_split_are_never_held_at_once(generator, monkeypatch):
    pairs = []
    written_out = log_sum.functional.linear

    def counted(*arguments):
        found = written_out(*arguments)
        pairs.append(found.numel())
        return found

    monkeypatch.setattr(log_sum, "functional", SimpleNamespace(linear=counted))
    elbo_surgery(model_under_test(), images(3000, PIXELS, generator), generator=generator)
    assert sum(pairs) >= 3000**2
    assert max(pairs) <= log_sum.PAIRS_AT_ONCE_ON_CPU < 3000**2


@pytest.mark.parametrize("prior", ["sg", "vamp"])
def test_a_networks_surgery_against_loops_over_all_posteriors(prior, generator):
    """500 images, each met by all 500 posteriors, one density at a time."""
    settings = {"data": "digits", "experiment": "x", "likelihood": "binomial", "components": 5, "latent_dim": 2}
    model = build(Config(prior=prior, hidden=8, layers=1, **settings), DataSpec((1, 8, 8), 16)).eval()
    with torch.no_grad():
        for parameter in model.prior.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator))
        model.encoder.head.linear.weight *= 6  # posteriors that lie apart
    x = torch.randint(0, 17, (500, 1, 8, 8), generator=generator) / 16
    found = elbo_surgery(model, x, generator=fresh(), chunk=500)
    with torch.no_grad():
        z = model(x, 1, generator=fresh()).layers[0].z[0].double()
        q = model.encoder(x)
        components = [([0.0, 0.0], [1.0, 1.0])]
        if prior == "vamp":
            seen = model.encoder(model.prior.pseudo_inputs)
            components = list(zip(seen.mean.tolist(), (0.5 * seen.logvar).exp().tolist(), strict=True))

    def density(place: list[float], mean: list[float], deviation: list[float]) -> float:
        squares = [((a - b) / c) ** 2 for a, b, c in zip(place, mean, deviation, strict=True)]
        return math.exp(-0.5 * sum(squares)) / math.prod(math.sqrt(2 * math.pi) * c for c in deviation)

    posteriors = list(zip(q.mean.tolist(), (0.5 * q.logvar).exp().tolist(), strict=True))
    average, information, marginal = [], [], []
    for n, place in enumerate(z.tolist()):
        log_q = math.log(density(place, *posteriors[n]))
        aggregate = math.log(math.fsum(density(place, *posterior) for posterior in posteriors) / 500)
        log_p = math.log(math.fsum(density(place, *component) for component in components) / len(components))
        average.append(log_q - log_p)
        information.append(log_q - aggregate)
        marginal.append(aggregate - log_p)
    assert found.average_kl.value == pytest.approx(math.fsum(average) / 500, abs=1e-4)
    assert found.mutual_information.value == pytest.approx(math.fsum(information) / 500, abs=1e-4)
    assert found.marginal_kl.value == pytest.approx(math.fsum(marginal) / 500, abs=1e-4)
    assert 0.1 < found.mutual_information.value < 0.9 * math.log(500)
