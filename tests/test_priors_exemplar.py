"""Exemplars: all training images but the one itself, by their kept means, the neighbours' encoded afresh."""

import dataclasses
import math

import pytest
import torch
from safetensors.torch import load_file

from tests.quadrature import fit, mass
from tests.small_runs import config, few_digits, first, train
from vampcore.checkpoints import load
from vampcore.config import ConfigError
from vampcore.datasets import observe
from vampcore.distributions import DiagNormal
from vampcore.models.mlp import Encoder
from vampcore.priors import ExemplarPrior
from vampcore.training import Run

SHAPE = (1, 3, 4)
COUNT = 9


@pytest.fixture
def encoder(generator) -> Encoder:
    made = Encoder(SHAPE, latent_dim=2, hidden=8, layers=1)
    for parameter in made.parameters():
        parameter.data = 0.6 * torch.randn(parameter.shape, generator=generator)
    return made


@pytest.fixture
def x() -> torch.Tensor:
    return torch.rand(COUNT, *SHAPE, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def prior(encoder, x) -> ExemplarPrior:
    made = ExemplarPrior(COUNT, 2, neighbours=2)
    made.logvar.data = torch.tensor(-0.7)
    made.attach(x)
    made.refresh(encoder)
    return made


def brute_force(mean: torch.Tensor, logvar: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """log of the mean density of normals at these means, written out."""
    each = [DiagNormal(m, logvar.expand(2)).log_prob(z).double() for m in mean]
    return torch.stack(each).logsumexp(0) - math.log(len(mean))


def without(mean: torch.Tensor, n: int) -> torch.Tensor:
    return torch.cat([mean[:n], mean[n + 1 :]])


class TestDensity:
    def test_is_that_of_all_images(self, prior, encoder, x):
        z = torch.randn(6, 2)
        expected = brute_force(encoder(x).mean, prior.logvar, z)
        torch.testing.assert_close(prior(encoder).log_prob(z).double(), expected, rtol=0, atol=1e-5)

    def test_of_a_batch_leaves_each_image_out_of_its_own(self, prior, encoder, x):
        rows, z = torch.tensor([4, 0, 8]), torch.randn(5, 3, 2)
        prior.choose(encoder, rows)
        found = prior(encoder, rows).log_prob(z)
        for i, n in enumerate(rows.tolist()):
            expected = brute_force(without(encoder(x).mean, n), prior.logvar, z[:, i])
            torch.testing.assert_close(found[:, i].double(), expected, rtol=0, atol=1e-5)

    def test_integrates_to_one_with_and_without_an_image(self, prior, encoder):
        assert mass(prior(encoder).log_prob, limit=14, steps=560) == pytest.approx(1, abs=1e-4)
        left_out = prior(encoder, torch.tensor([3]))

        def log_prob(z: torch.Tensor) -> torch.Tensor:
            return left_out.log_prob(z.unsqueeze(-2)).squeeze(-1)

        assert mass(log_prob, limit=14, steps=560) == pytest.approx(1, abs=1e-4)

    def test_samples_come_from_it(self, prior, encoder, generator):
        with torch.no_grad():
            p = prior(encoder)
            assert fit(p.sample((20_000,), generator), p.log_prob, limit=5) > 1e-3

    def test_in_parts_it_is_the_same(self, prior, encoder, monkeypatch):
        p, z = prior(encoder), torch.randn(4, 25, 2)
        whole = p.log_prob(z)
        monkeypatch.setattr("vampcore.distributions.log_sum.PAIRS_WRITTEN_OUT", 0)
        monkeypatch.setattr("vampcore.distributions.log_sum.PAIRS_AT_ONCE_ON_CPU", 7 * COUNT)
        torch.testing.assert_close(p.log_prob(z), whole, rtol=0, atol=1e-5)
        with torch.no_grad():
            torch.testing.assert_close(p.log_prob(z), whole.detach(), rtol=0, atol=1e-5)


class TestWhatIsKept:
    def test_fresh_means_are_those_that_are_kept_where_nothing_moved(self, prior, encoder):
        rows, z = torch.tensor([4, 0]), torch.randn(2, 2)
        before = prior(encoder, rows).log_prob(z)  # of kept means alone
        prior.choose(encoder, rows)
        assert prior(encoder, rows).components.mean.requires_grad
        torch.testing.assert_close(prior(encoder, rows).log_prob(z), before, rtol=0, atol=1e-5)

    def test_once_the_encoder_moves_batch_and_neighbours_follow_and_the_others_wait(self, prior, encoder, x):
        old, rows = prior.mean.clone(), torch.tensor([2, 5])
        encoder.head.linear.bias.data += torch.tensor([0.9, -0.3, 0.0, 0.0])
        new = encoder(x).mean
        prior.choose(encoder, rows)
        chosen = prior.fresh[prior.fresh < COUNT].tolist()
        found = prior(encoder, rows).components.mean
        for n in range(COUNT):
            current = n in chosen or n in rows
            torch.testing.assert_close(found[n], (new if current else old)[n], rtol=0, atol=1e-6)
        assert 0 < len({*chosen, 2, 5}) < COUNT
        prior.refresh(encoder)
        torch.testing.assert_close(prior(encoder).components.mean, new, rtol=0, atol=1e-6)

    def test_the_nearest_are_chosen_and_never_the_image_itself(self, prior, encoder, x):
        rows = torch.tensor([7])
        prior.choose(encoder, rows)
        distances = (encoder(x).mean - encoder(x).mean[7]).square().sum(-1)
        assert set(prior.fresh.tolist()) == set(distances.argsort()[1:3].tolist())

    def test_a_smaller_batch_leaves_the_size_of_the_choice(self, prior, encoder):
        prior.choose(encoder, torch.arange(4))
        size = prior.fresh.shape
        prior.choose(encoder, torch.tensor([1]))
        assert prior.fresh.shape == size
        assert (prior.fresh < COUNT).sum() == 2


class TestGradients:
    def test_are_those_of_the_density_written_out_where_all_are_neighbours(self, encoder, x):
        prior = ExemplarPrior(COUNT, 2, neighbours=COUNT)
        prior.attach(x)
        rows, z = torch.arange(COUNT), torch.randn(COUNT, 2, requires_grad=True)
        prior.choose(encoder, rows)
        over = [z, prior.logvar, *encoder.parameters()]
        ours = torch.autograd.grad(prior(encoder, rows).log_prob(z).sum(), over)
        mean = encoder(x).mean
        written = sum(brute_force(without(mean, n), prior.logvar, z[n]) for n in range(COUNT))
        torch.testing.assert_close(ours, torch.autograd.grad(written, over), rtol=1e-4, atol=1e-4)

    def test_reach_scale_and_encoder_through_few_neighbours(self, prior, encoder):
        rows = torch.tensor([1, 6])
        prior.choose(encoder, rows)
        prior(encoder, rows).log_prob(torch.randn(2, 2)).sum().backward()
        assert prior.logvar.grad != 0
        assert all((parameter.grad != 0).any() for parameter in encoder.parameters())

    def test_none_are_kept_of_the_validation(self, prior, encoder):
        assert not prior(encoder).components.mean.requires_grad


class TestRuns:
    @pytest.mark.parametrize("model", ["vae", "hvae"])
    def test_have_as_many_components_as_images_and_store_none_of_them(self, model, tmp_path):
        train(config("exemplar", model=model, neighbours=3), tmp_path / "run")
        stored = load(tmp_path / "run")
        assert stored.config.components == 250
        images = observe(few_digits().train.images, 16, "binomial")
        for path in (tmp_path / "run").glob("*.safetensors"):
            for name, value in load_file(path).items():
                # Neither a stack of images nor one, as they are or flat.
                assert 64 not in value.shape[1:] or value.shape[0] != 250, name
                assert tuple(value.shape[-2:]) != (8, 8), name
        torch.testing.assert_close(stored.model.prior.mean, stored.model.encoder(images).mean, rtol=1e-3, atol=2e-3)
        assert stored.model.prior.lent is None

    def test_validation_is_of_current_means(self):
        run = Run(config("exemplar"), few_digits())
        list(run.epochs())
        x = observe(few_digits().train.images, 16, "binomial")
        torch.testing.assert_close(run.model.prior.mean, run.model.encoder(x).mean, rtol=0, atol=1e-5)
        assert torch.equal(run.state.weights["prior.mean"], run.model.prior.mean)

    def test_the_scale_is_learned(self):
        run = Run(config("exemplar"), few_digits())
        list(run.epochs())
        assert run.model.prior.logvar != 0

    def test_many_are_kept_without_their_past(self, monkeypatch):
        monkeypatch.setattr("vampcore.training.run.MOST_NUMBERS_OF_A_SNAPSHOT", 499)
        assert Run(config("exemplar"), few_digits()).state.snapshots == []

    def test_one_image_is_too_few(self):
        few = few_digits()
        with pytest.raises(ConfigError, match="leave an image out of its own prior: give two training images or more"):
            Run(config("exemplar"), dataclasses.replace(few, train=first(few.train, 1)))
