import json
import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from tests.metrics.toys import NOISE, exact_posterior, images, linear_vae, orthogonal_weight, two_layer_vae
from vampcore.config import Config, DataSpec
from vampcore.metrics import evaluate, metric_from_json, metric_to_json
from vampcore.models import build

PIXELS, LATENT = 6, 3
WEIGHT = orthogonal_weight(PIXELS, LATENT)

UNITS = {
    "elbo": "nats/image",
    "reconstruction": "nats/image",
    "kl": "nats/image",
    "average_kl": "nats/image",
    "mutual_information": "nats/image",
    "marginal_kl": "nats/image",
    "active_units": "units",
    "effective_components": "components",
    "prior_parameters": "parameters",
}
IMPORTANCE = {"log_likelihood": "nats/image", "ess_median": "samples", "ess_below_10": "share"}


def loose_model():
    encoder = exact_posterior(WEIGHT)
    encoder.logvar += 0.7
    return linear_vae(WEIGHT, encoder)


def value(found, name, layer=None):
    return found.get(name, layer).value


def test_names_and_units_without_and_with_importance_sampling(generator):
    x = images(30, PIXELS, generator)
    plain, full = evaluate(loose_model(), x), evaluate(loose_model(), x, samples=20)
    assert {m.name: m.unit for m in plain.metrics} == UNITS
    assert {m.name: m.unit for m in full.metrics} == UNITS | IMPORTANCE
    assert len(full.metrics) == len(UNITS) + len(IMPORTANCE)
    assert plain.log_likelihood is None
    assert full.log_likelihood.shape == full.elbo.shape == (30,)
    assert plain.get("log_likelihood") is None


def test_labels_of_the_records_and_json(generator):
    found = evaluate(loose_model(), images(30, PIXELS, generator), samples=20, seed=7, split="validation")
    for metric in found.metrics:
        assert (metric.split, metric.seed, metric.layer, metric.device) == ("validation", 7, None, "cpu")
        assert metric_from_json(json.loads(json.dumps(metric_to_json(metric), allow_nan=False))) == metric
        if metric.name != "prior_parameters":
            assert metric.n == 30
    assert found.get("log_likelihood").samples == 20
    assert found.get("elbo").samples == 1


def test_figures_belong_together(generator):
    found = evaluate(loose_model(), images(2500, PIXELS, generator), draws=2)
    assert value(found, "elbo") == pytest.approx(value(found, "reconstruction") - value(found, "kl"), abs=1e-9)
    parts = value(found, "mutual_information") + value(found, "marginal_kl")
    assert value(found, "kl") == pytest.approx(parts, abs=1e-9)
    assert value(found, "average_kl") == pytest.approx(parts, abs=1e-9)
    assert value(found, "elbo") == pytest.approx(found.elbo.mean().item())


def test_log_likelihood_and_its_effective_samples(generator):
    x = images(200, PIXELS, generator)
    covariance = WEIGHT @ WEIGHT.mT + NOISE**2 * torch.eye(PIXELS, dtype=torch.float64)
    exact = MultivariateNormal(torch.zeros(PIXELS, dtype=torch.float64), covariance).log_prob(x.flatten(1))
    found = evaluate(loose_model(), x, samples=2000)
    assert value(found, "log_likelihood") == pytest.approx(exact.mean().item(), abs=0.02)
    assert found.get("log_likelihood").se == pytest.approx((exact.std() / math.sqrt(200)).item(), rel=0.05)
    assert value(found, "elbo") < value(found, "log_likelihood")
    assert 10 < value(found, "ess_median") < 2000
    assert value(found, "ess_below_10") == 0.0
    few = evaluate(loose_model(), x, samples=9)
    assert value(few, "ess_below_10") == 1.0


def test_log_likelihood_of_some_observations_only(generator):
    x = images(30, PIXELS, generator)
    chosen = torch.arange(30) % 3 == 1
    reported = []
    found = evaluate(loose_model(), x, samples=20, estimated=chosen, progress=lambda *each: reported.append(each))
    whole = evaluate(loose_model(), x, samples=20)
    alone = evaluate(loose_model(), x[chosen], samples=20)
    assert torch.equal(found.log_likelihood.isfinite(), chosen)
    assert torch.equal(found.log_likelihood[chosen], alone.log_likelihood)
    for name in set(IMPORTANCE) - {"log_likelihood"}:
        assert found.get(name) == alone.get(name)
    gap = (found.log_likelihood - found.elbo)[chosen]
    assert value(found, "log_likelihood") == pytest.approx((found.elbo.mean() + gap.mean()).item(), abs=1e-5)
    assert found.get("log_likelihood").n == 10
    assert [m for m in found.metrics if m.name in UNITS] == [m for m in whole.metrics if m.name in UNITS]
    assert reported[-1] == (30 * (1 + 1 + 10) + 10 * 20,) * 2


@pytest.mark.parametrize("count", [0, 1])
def test_log_likelihood_of_fewer_than_two_is_refused(generator, count):
    with pytest.raises(ValueError, match="two or more observations"):
        evaluate(loose_model(), images(30, PIXELS, generator), samples=20, estimated=torch.arange(30) < count)


def test_one_seed_gives_one_result(generator):
    x = images(30, PIXELS, generator)
    first, again, other = (evaluate(loose_model(), x, samples=5, seed=seed) for seed in (1, 1, 2))
    assert first.metrics == again.metrics
    assert torch.equal(first.log_likelihood, again.log_likelihood)
    assert not torch.equal(first.elbo, other.elbo)


def test_evaluation_leaves_the_global_random_state_alone(generator):
    state = torch.get_rng_state()
    evaluate(loose_model(), images(10, PIXELS, generator), samples=5)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_exact_posterior_has_every_unit_active_that_the_data_show(generator):
    x = linear_vae(WEIGHT).decode(torch.randn(3000, LATENT, dtype=torch.float64, generator=generator)).sample(generator)
    found = evaluate(linear_vae(WEIGHT), x)
    # At the optimum the means vary by 1 - posterior variance, and the aggregated posterior is the prior.
    assert value(found, "active_units") == LATENT
    information = 0.5 * (1 + WEIGHT.square().sum(0) / NOISE**2).log().sum().item()
    assert value(found, "mutual_information") == pytest.approx(information, abs=0.1)
    assert value(found, "marginal_kl") == pytest.approx(0.0, abs=0.1)


def test_two_layers_are_listed_one_by_one_beside_the_whole(generator):
    found = evaluate(two_layer_vae(), images(100, 5, generator), samples=3)
    assert value(found, "kl") == pytest.approx(value(found, "kl", 0) + value(found, "kl", 1), abs=1e-9)
    assert value(found, "active_units") == value(found, "active_units", 0) + value(found, "active_units", 1)
    assert value(found, "average_kl") == pytest.approx(value(found, "kl", 0), abs=1e-9)
    assert value(found, "elbo") == pytest.approx(value(found, "reconstruction") - value(found, "kl"), abs=1e-9)
    assert found.get("kl", 2) is None


def test_grey_images_are_measured_in_bits_as_well(generator):
    x = images(30, PIXELS, generator)
    found = evaluate(loose_model(), x, samples=10, levels=255)
    scale = PIXELS * math.log(2)
    for bits, nats in (("bits_per_dimension", "log_likelihood"), ("elbo_bits_per_dimension", "elbo")):
        assert value(found, bits) == pytest.approx(-value(found, nats) / scale)
        assert found.get(bits).se == pytest.approx(found.get(nats).se / scale)
        assert found.get(bits).unit == "bits/dimension"
    assert evaluate(loose_model(), x, samples=10, levels=16).get("bits_per_dimension") is None


def test_progress_rises_to_the_end(generator):
    seen = []
    evaluate(loose_model(), images(30, PIXELS, generator), 10, progress=lambda done, total: seen.append((done, total)))
    done = [d for d, _ in seen]
    assert done == sorted(done)
    assert len({total for _, total in seen}) == 1
    assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize(
    ("prior", "learned"),
    [
        ("sg", 0),
        ("mog", 7 * 2 * 3 + 7),
        ("vamp", 7 * 64),
        ("vamp-weighted", 7 * 64 + 7),
        ("vamp-data", 0),
        ("exemplar", 1),
    ],
)
def test_real_models_with_every_prior(generator, prior, learned):
    config = Config("digits", "test", prior=prior, components=7, latent_dim=3, hidden=8, likelihood="binomial")
    model = build(config, DataSpec((1, 8, 8), 16)).eval()
    x = torch.randint(0, 17, (40, 1, 8, 8), generator=generator) / 16
    found = evaluate(model, x, samples=30, levels=16)
    assert value(found, "prior_parameters") == learned
    assert 1.0 <= value(found, "effective_components") <= 7.0 + 1e-6
    assert 0 <= value(found, "active_units") <= 3
    assert value(found, "mutual_information") <= math.log(40)
    assert value(found, "elbo") < value(found, "log_likelihood") + 1.0
    assert all(math.isfinite(m.value) for m in found.metrics)
    assert not found.elbo.requires_grad


@pytest.mark.parametrize(("n", "samples", "draws"), [(1, 0, 1), (5, -1, 1), (5, 0, 0)])
def test_too_little_is_refused(generator, n, samples, draws):
    with pytest.raises(ValueError, match="two or more observations"):
        evaluate(loose_model(), images(n, PIXELS, generator), samples, draws=draws)
