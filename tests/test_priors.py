import math

import pytest
import torch
from torch import nn

from tests.quadrature import fit, mass
from vampcore.config import Config
from vampcore.distributions import DiagNormal, DiagNormalMixture
from vampcore.models import VAE
from vampcore.models.mlp import Encoder
from vampcore.priors import (
    MixtureOfGaussians,
    StandardNormal,
    VampData,
    VampPrior,
    aggregated_posterior,
    build_prior,
)
from vampcore.priors.vamp import clamp_inwards

SHAPE = (1, 3, 4)
NAMES = ("sg", "mog", "vamp", "vamp-weighted", "vamp-data")


class CountingEncoder(Encoder):
    """An encoder that knows how often and on how many observations it was called."""

    def __init__(self) -> None:
        super().__init__(SHAPE, latent_dim=2, hidden=8, layers=1)
        self.batches: list[int] = []

    def forward(self, x: torch.Tensor) -> DiagNormal:
        self.batches.append(len(x))
        return super().forward(x)


@pytest.fixture
def encoder(generator) -> CountingEncoder:
    made = CountingEncoder()
    for parameter in made.parameters():
        parameter.data = 0.6 * torch.randn(parameter.shape, generator=generator)
    return made


def images(count: int, seed: int = 0) -> torch.Tensor:
    return 0.1 + 0.8 * torch.rand(count, *SHAPE, generator=torch.Generator().manual_seed(seed))


def new_prior(name: str, components: int = 4) -> nn.Module:
    return build_prior(Config("digits", "a", prior=name, components=components, latent_dim=2), SHAPE)


def prior_of(name: str, components: int = 4) -> nn.Module:
    """A prior away from its symmetric start."""
    source = torch.Generator().manual_seed(11)
    prior = new_prior(name, components)
    for parameter in prior.parameters():
        parameter.data = 0.7 * torch.randn(parameter.shape, generator=source)
    if isinstance(prior, VampPrior):
        prior.pseudo_inputs.data = images(components)
    if isinstance(prior, VampData):
        prior.attach(torch.arange(components), images(components))
    return prior


def exact(encoder: Encoder, x: torch.Tensor, weights: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """log sum_k w_k q(z | x_k), written out."""
    each = [encoder(x[k : k + 1]).log_prob(z).double() + weights[k].log() for k in range(len(x))]
    return torch.stack(each).logsumexp(0)


class TestEveryPrior:
    @pytest.mark.parametrize("name", NAMES)
    def test_integrates_to_one(self, name, encoder):
        p = prior_of(name)(encoder)
        assert isinstance(p, DiagNormalMixture)
        assert mass(p.log_prob, limit=14, steps=560) == pytest.approx(1, abs=1e-4)

    @pytest.mark.parametrize("name", NAMES)
    def test_samples_come_from_its_density(self, name, encoder, generator):
        p = prior_of(name)(encoder)
        with torch.no_grad():
            z = p.sample((20_000,), generator)
        assert fit(z, p.log_prob, limit=5) > 1e-3

    @pytest.mark.parametrize("name", NAMES)
    def test_weights_sum_to_one(self, name, encoder):
        p = prior_of(name)(encoder)
        assert len(p.log_weights) == (1 if name == "sg" else 4)
        assert p.log_weights.exp().sum().item() == pytest.approx(1, abs=1e-6)

    @pytest.mark.parametrize("name", NAMES)
    def test_encodes_its_pseudo_inputs_once(self, name, encoder):
        p = prior_of(name)(encoder)
        p.log_prob(torch.zeros(9, 2))
        p.log_prob(torch.zeros(9, 2))
        assert encoder.batches == ([4] if name.startswith("vamp") else [])

    @pytest.mark.parametrize("name", NAMES)
    def test_does_not_need_to_know_the_batch(self, name, encoder):
        prior, z = prior_of(name), torch.zeros(3, 2)
        torch.testing.assert_close(
            prior(encoder, torch.tensor([5, 1, 2])).log_prob(z), prior(encoder).log_prob(z), rtol=0, atol=0
        )

    @pytest.mark.parametrize("name", NAMES)
    def test_keeps_no_encoder(self, name, encoder):
        """A prior that owned the encoder would put it into the weights a second time."""
        prior = prior_of(name)
        prior(encoder).log_prob(torch.zeros(2, 2))
        expected = {
            "sg": [],
            "mog": ["mean", "logvar", "logits"],
            "vamp": ["pseudo_inputs"],
            "vamp-weighted": ["pseudo_inputs", "logits"],
            "vamp-data": ["rows", "mean", "logvar"],
        }[name]
        assert sorted(prior.state_dict()) == sorted(expected)
        model = VAE(encoder, prior, nn.Identity())
        parts = [*(f"encoder.{key}" for key in encoder.state_dict()), *(f"prior.{key}" for key in expected)]
        assert sorted(model.state_dict()) == sorted(parts)
        assert not list(prior.children())

    @pytest.mark.parametrize("name", NAMES)
    def test_survives_its_weights(self, name, encoder):
        prior, copy, z = prior_of(name), new_prior(name), torch.randn(5, 2)
        if isinstance(prior, VampData):
            prior.refresh(encoder)
        copy.load_state_dict(prior.state_dict())
        torch.testing.assert_close(copy(encoder).log_prob(z), prior(encoder).log_prob(z), rtol=0, atol=0)

    def test_an_unknown_name_is_refused(self):
        unknown = Config("digits", "a")
        object.__setattr__(unknown, "prior", "flow")
        with pytest.raises(ValueError, match="'flow'"):
            build_prior(unknown, SHAPE)


def test_the_standard_normal(encoder):
    z = torch.randn(6, 3)
    p = StandardNormal(3)(encoder)
    torch.testing.assert_close(p.log_prob(z), -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1))


class TestMixtureOfGaussians:
    def test_is_its_parameters(self, encoder):
        prior, z = prior_of("mog"), torch.randn(6, 2)
        each = DiagNormal(prior.mean, prior.logvar).log_prob(z.unsqueeze(1))
        expected = (each + prior.logits.log_softmax(0)).logsumexp(-1)
        torch.testing.assert_close(prior(encoder).log_prob(z), expected)

    def test_learns_means_scales_and_weights(self, encoder):
        prior = prior_of("mog")
        prior(encoder).log_prob(torch.randn(6, 2)).sum().backward()
        for parameter in (prior.mean, prior.logvar, prior.logits):
            assert (parameter.grad != 0).all()

    def test_starts_at_scale_one_and_equal_weights_with_distinct_means(self, encoder):
        p = MixtureOfGaussians(50, 3)(encoder)
        assert torch.equal(p.components.scale, torch.ones(50, 3))
        torch.testing.assert_close(p.log_weights.exp(), torch.full((50,), 0.02))
        assert len(p.components.mean.unique(dim=0)) == 50


class TestVampPrior:
    @pytest.mark.parametrize("learned", [False, True])
    def test_is_the_mixture_of_posteriors_at_its_pseudo_inputs(self, encoder, learned):
        prior, z = VampPrior(images(4), learned), torch.randn(6, 2)
        weights = torch.full((4,), 0.25)
        if learned:
            prior.logits.data = torch.tensor([0.0, 1.0, -1.0, 2.0])
            weights = prior.logits.detach().softmax(0)
        expected = exact(encoder, images(4), weights, z)
        torch.testing.assert_close(prior(encoder).log_prob(z).double(), expected, rtol=0, atol=1e-5)

    def test_learned_weights_learn_and_equal_ones_do_not(self, encoder):
        assert [name for name, _ in VampPrior(images(4)).named_parameters()] == ["pseudo_inputs"]
        prior = VampPrior(images(4), learned_weights=True)
        prior(encoder).log_prob(torch.randn(6, 2)).sum().backward()
        assert (prior.logits.grad != 0).all()

    def test_images_are_images(self):
        prior = VampPrior(4 * images(4) - 2)
        assert prior.images().min() == 0
        assert prior.images().max() == 1
        assert torch.equal(prior.images(), prior.pseudo_inputs.clamp(0, 1))

    def test_what_it_was_given_is_not_trained_in_place(self, encoder):
        start = images(4)
        prior = VampPrior(start)
        prior.pseudo_inputs.data += 1
        assert torch.equal(start, images(4))

    def test_gradients_reach_pixels_inside_and_those_outside_that_they_lead_back(self, encoder):
        raw = images(4)
        raw[:, :, 0] = torch.tensor([-0.2, 1.3, 0.0, 1.0])
        prior, z = VampPrior(raw), encoder(images(9, seed=1)).mean.detach()
        (-prior(encoder).log_prob(z).sum()).backward()
        seen = raw.clamp(0, 1).requires_grad_()
        (-DiagNormalMixture(encoder(seen), torch.zeros(4)).log_prob(z).sum()).backward()
        outwards = ((raw <= 0) & (seen.grad > 0)) | ((raw >= 1) & (seen.grad < 0))
        assert 0 < outwards.sum() < 16  # of the 16 at the ends some are held, some let go
        assert (prior.pseudo_inputs.grad[outwards] == 0).all()
        torch.testing.assert_close(prior.pseudo_inputs.grad[~outwards], seen.grad[~outwards])
        assert (prior.pseudo_inputs.grad[~outwards] != 0).all()
        assert prior.outside() == pytest.approx(16 / 48)

    def test_a_pixel_comes_back_from_outside(self):
        raw = torch.tensor([-0.5, 1.5, -0.5, 1.5], requires_grad=True)
        wanted = torch.tensor([0.5, 0.5, -3.0, 3.0])
        (clamp_inwards(raw) - wanted).square().sum().backward()
        assert raw.grad.tolist() == [-1.0, 1.0, 0.0, 0.0]

    def test_a_pixel_on_the_edge_counts_as_outside(self):
        raw = images(4)
        raw[0, 0, 0] = torch.tensor([-0.2, 1.3, 0.0, 1.0])
        assert VampPrior(raw).outside() == pytest.approx(4 / 48)

    def test_the_encoder_learns_through_the_prior(self, encoder):
        """Not detached: its gradients are those of the density written out."""
        prior, z = VampPrior(images(4)), torch.randn(6, 2)
        parameters = list(encoder.parameters())
        ours = torch.autograd.grad(prior(encoder).log_prob(z).sum(), parameters)
        direct = torch.autograd.grad(exact(encoder, images(4), torch.full((4,), 0.25), z).sum(), parameters)
        torch.testing.assert_close(ours, direct, rtol=1e-4, atol=1e-4)
        assert all((gradient != 0).any() for gradient in ours)


class TestVampData:
    def test_is_the_mixture_of_posteriors_at_the_lent_images(self, encoder):
        prior, z = prior_of("vamp-data"), torch.randn(6, 2)
        expected = exact(encoder, images(4), torch.full((4,), 0.25), z)
        torch.testing.assert_close(prior(encoder).log_prob(z).double(), expected, rtol=0, atol=1e-5)

    def test_follows_the_encoder_while_it_has_images_and_the_store_does_not(self, encoder):
        prior, z = prior_of("vamp-data"), torch.randn(6, 2)
        prior.refresh(encoder)
        stored = VampData(4, 2)
        stored.load_state_dict(prior.state_dict())
        before = prior(encoder).log_prob(z)
        encoder.head.linear.bias.data += 0.5
        assert torch.equal(stored(encoder).log_prob(z), before)
        assert not torch.allclose(prior(encoder).log_prob(z), before)

    def test_holds_no_image_and_learns_nothing_of_its_own(self):
        prior = prior_of("vamp-data")
        assert not list(prior.parameters())
        assert all(value.shape != (4, *SHAPE) for value in prior.state_dict().values())
        assert prior.rows.tolist() == [0, 1, 2, 3]

    def test_the_encoder_learns_through_it(self, encoder):
        prior = prior_of("vamp-data")
        prior(encoder).log_prob(torch.randn(6, 2)).sum().backward()
        assert all((parameter.grad != 0).any() for parameter in encoder.parameters())


class TestAggregatedPosterior:
    @pytest.mark.parametrize("chunk", [1, 3, 7, 1000])
    def test_is_the_mean_of_the_posteriors(self, encoder, chunk):
        x, z = images(7), torch.randn(6, 2)
        q = aggregated_posterior(encoder, x, chunk)
        expected = exact(encoder, x, torch.full((7,), 1 / 7), z)
        torch.testing.assert_close(q.log_prob(z).double(), expected, rtol=0, atol=1e-5)
        assert sum(encoder.batches[: -len(x)]) == 7

    def test_integrates_to_one_and_carries_no_gradient(self, encoder):
        q = aggregated_posterior(encoder, images(7))
        assert not q.components.mean.requires_grad
        assert mass(q.log_prob, limit=14, steps=560) == pytest.approx(1, abs=1e-4)

    def test_no_prior_explains_its_samples_better(self, encoder, generator):
        """It is the optimum of the ELBO over priors: E_q log q(z) >= E_q log p(z)."""
        q = aggregated_posterior(encoder, images(7))
        z = q.sample((5000,), generator)
        for name in NAMES:
            difference = (q.log_prob(z) - prior_of(name)(encoder).log_prob(z)).detach()
            assert difference.mean() > -3 * difference.std() / 5000**0.5
