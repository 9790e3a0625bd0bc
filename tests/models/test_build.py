import dataclasses

import pytest
import torch

from tests.small_runs import config, few_digits, train
from vampcore.checkpoints import load
from vampcore.config import Config, DataSpec
from vampcore.distributions import Flow
from vampcore.kinds import MODELS, PRIORS
from vampcore.likelihoods import Binomial, DiscretisedLogistic
from vampcore.metrics import evaluate
from vampcore.models import VAE, build
from vampcore.objectives import elbo
from vampcore.priors import VampPrior

SEEN = DataSpec((1, 4, 5), 16, ("a", "b"))
CONFIG = Config(
    data="digits", experiment="a", components=6, latent_dim=3, hidden=7, layers=2, likelihood="binomial", seed=4
)


def chosen(**fields: str | int) -> Config:
    return dataclasses.replace(CONFIG, **fields)


def equal(one: VAE, other: VAE) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("likelihood", ["bernoulli", "binomial", "logistic"])
@pytest.mark.parametrize("prior", PRIORS)
def test_every_choice_is_a_model_with_a_finite_bound(prior, likelihood, generator):
    model = build(chosen(prior=prior, likelihood=likelihood), SEEN)
    x = torch.randint(2, (5, 1, 4, 5), generator=generator).float()
    bound = elbo(model(x, 2, generator=generator))
    assert bound.shape == (5,)
    assert bound.isfinite().all()
    p = model.prior(model.encoder)
    if prior == "realnvp":
        assert isinstance(p, Flow)
    else:
        assert p.components.mean.shape == ((1 if prior == "sg" else 6), 3)
    assert isinstance(model.prior, VampPrior) == (prior in ("vamp", "vamp-weighted"))
    assert isinstance(
        model.decode(p.sample((2,), generator)), DiscretisedLogistic if likelihood == "logistic" else Binomial
    )


@pytest.mark.parametrize(("model", "epochs", "within"), [("convhvae", 3, 0.01), ("pixelhvae", 2, 0.02)])
def test_a_model_trains_is_kept_loaded_and_measured(model, epochs, within, tmp_path):
    records = train(config("vamp", model=model, epochs=epochs), tmp_path)
    assert records[-1].validation_elbo > records[0].validation_elbo
    checkpoint = load(tmp_path)
    measured = evaluate(checkpoint.model, few_digits().test.images.float() / 16, samples=3)
    assert measured.get("elbo").value == pytest.approx(checkpoint.metric("elbo").value, abs=within)


@pytest.mark.parametrize(("likelihood", "trials"), [("bernoulli", 1), ("binomial", 16)])
def test_counts_take_the_levels_of_the_data(likelihood, trials):
    assert build(chosen(likelihood=likelihood), SEEN).decode(torch.zeros(3)).trials == trials


@pytest.mark.parametrize("prior", PRIORS)
def test_a_seed_decides(prior):
    config = chosen(prior=prior)
    assert equal(build(config, SEEN), build(config, SEEN))
    assert not equal(build(config, SEEN), build(chosen(prior=prior, seed=5), SEEN))
    assert equal(build(config, SEEN, seed=5), build(chosen(prior=prior, seed=5), SEEN))


def test_the_family_of_an_experiment_shares_its_start():
    """Priors are compared from one encoder and decoder."""
    models = [build(chosen(prior=prior), SEEN) for prior in PRIORS]
    for part in ("encoder", "decoder"):
        first, *rest = (getattr(model, part).state_dict() for model in models)
        assert all(torch.equal(first[key], other[key]) for other in rest for key in first)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_architecture_has_the_layers_that_its_config_tells(name):
    model = build(chosen(model=name), SEEN)
    assert [noise.shape[-1] for noise in model.noise(2)] == list(chosen(model=name).latent_dims)
    assert len(model.lower_layers()) == MODELS[name].stochastic_layers - 1


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_is_described_without_memory(name):
    with torch.device("meta"):
        described = build(chosen(model=name), SEEN).state_dict()
    real = build(chosen(model=name), SEEN).state_dict()
    assert {key: value.shape for key, value in described.items()} == {key: value.shape for key, value in real.items()}


def test_the_largest_seed_is_a_seed():
    assert equal(build(chosen(seed=2**63 - 1), SEEN), build(chosen(seed=2**63 - 1), SEEN))


def test_global_random_numbers_go_on_as_before():
    before = torch.get_rng_state()
    build(CONFIG, SEEN)
    assert torch.equal(before, torch.get_rng_state())


def test_accelerators_are_not_seeded(monkeypatch):
    """Training in compiled form draws from the accelerator's global generator; building a model must not reset it."""
    for backend in (torch.cuda, torch.mps, torch.xpu):
        for name in ("manual_seed", "manual_seed_all"):
            if hasattr(backend, name):
                monkeypatch.setattr(backend, name, lambda *_: pytest.fail("an accelerator was seeded"))
    build(CONFIG, SEEN)


def test_no_weight_is_stored_twice():
    model = build(chosen(prior="vamp-weighted"), SEEN)
    tensors = list(model.state_dict().values())
    assert len({tensor.data_ptr() for tensor in tensors}) == len(tensors)
    assert sum(tensor.numel() for tensor in tensors) == sum(p.numel() for p in model.parameters())
