"""The VAE class, held against models whose log p(x) is known exactly.

The linear Gaussian models here pass through the class as any architecture does: modules for encoder, lower layer and
decoder. Observations are vectors written as images of one row.
"""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from tests.models.linear import WIDE, Affine, LinearDecoder, LinearLayer, observations
from tests.models.seeded import assert_gradients_reach_every_parameter
from vampcore.distributions import DiagNormalMixture
from vampcore.likelihoods import Binomial
from vampcore.models import VAE, LowerLayer
from vampcore.models.mlp import BinomialOutput, Decoder, Encoder
from vampcore.objectives import elbo, iwae_bound
from vampcore.priors import MixtureOfGaussians, Prior, StandardNormal, VampPrior


class TestOneLinearLayer:
    """x = b z + noise, pixel by pixel: the posterior is diagonal, so every single log-weight is log p(x)."""

    B = torch.tensor([0.5, -1.0, 2.0], dtype=WIDE)
    VARIANCE = 0.3

    def model(self, blur: float = 1.0) -> VAE:
        total = self.B.square() + self.VARIANCE
        encoder = Affine(torch.diag(self.B / total), torch.zeros(3, dtype=WIDE), blur * self.VARIANCE / total)
        return VAE(encoder, StandardNormal(3).double(), LinearDecoder(self.VARIANCE, torch.diag(self.B)))

    def exact(self, x: Tensor) -> Tensor:
        covariance = torch.diag(self.B.square() + self.VARIANCE)
        return MultivariateNormal(torch.zeros(3, dtype=WIDE), covariance).log_prob(x.flatten(1))

    def test_every_log_weight_is_exact_under_the_exact_posterior(self, generator):
        x = observations(5, 3)
        w = self.model()(x, 7, generator=generator)
        assert w.total().shape == (7, 5)
        torch.testing.assert_close(w.total(), self.exact(x).expand(7, 5))
        torch.testing.assert_close(elbo(w), iwae_bound(w))

    def test_bounds_rise_with_the_samples_to_the_exact_value(self, generator):
        x = observations(5, 3)
        w = self.model(blur=2.0)(x, 40_000, generator=generator).total()
        bounds = [
            (w.unflatten(0, (-1, samples)).logsumexp(1) - math.log(samples)).mean(0).mean().item()
            for samples in (1, 5, 50, 40_000)
        ]
        exact = self.exact(x).mean().item()
        assert bounds[0] < bounds[1] < bounds[2] < exact + 0.005
        assert exact - bounds[0] > 0.2
        assert bounds[3] == pytest.approx(exact, abs=0.01)


class TestTwoLinearLayers:
    """z2 -> z1 -> x and z2 -> x, through the same class with one lower layer."""

    def diagonal(self) -> tuple[VAE, MultivariateNormal]:
        """Pixel by pixel: both posteriors are diagonal and exact."""
        a, b, c = torch.tensor([[0.7, -1.2, 0.4], [1.5, 0.6, -0.8], [0.3, -0.5, 1.1]], dtype=WIDE)
        below, noise = 0.5, 0.2
        slope = b * a + c
        marginal = slope.square() + b.square() * below + noise
        encoder = Affine(torch.diag(slope / marginal), torch.zeros(3, dtype=WIDE), 1 - slope.square() / marginal)
        # z1 given z2 and x: precision 1 / below + b^2 / noise.
        spread = 1 / (1 / below + b.square() / noise)
        layer = LinearLayer(
            torch.diag(a),
            below,
            torch.diag(spread * b / noise),
            torch.diag(spread * (a / below - b * c / noise)),
            spread,
        )
        decoder = LinearDecoder(noise, torch.diag(c), torch.diag(b))
        model = VAE(encoder, StandardNormal(3).double(), decoder, [layer])
        return model, MultivariateNormal(torch.zeros(3, dtype=WIDE), torch.diag(marginal))

    def test_every_log_weight_is_exact_under_the_exact_posterior(self, generator):
        model, marginal = self.diagonal()
        x = observations(5, 3)
        w = model(x, 6, generator=generator)
        torch.testing.assert_close(w.total(), marginal.log_prob(x.flatten(1)).expand(6, 5))
        assert len(w.layers) == 2
        assert (w.layers[1].kl.std(0) > 0.05).all(), "each layer alone is noisy; only their sum is exact"

    def test_samples_of_the_model_have_its_marginal_distribution(self, generator):
        model, marginal = self.diagonal()
        z = torch.randn(40_000, 3, generator=generator, dtype=WIDE)
        x = model.decode(z, generator).sample(generator).flatten(1)
        torch.testing.assert_close(x.T.cov(), marginal.covariance_matrix, rtol=0.05, atol=0.05)

    def test_importance_sampling_under_a_mixture_agrees_with_the_exact_value(self, generator):
        """General matrices, layers of different width, a mixture for the top: the posteriors are only near."""
        source = torch.Generator().manual_seed(5)
        a, b, c = (0.6 * torch.randn(*shape, generator=source, dtype=WIDE) for shape in ((3, 2), (4, 3), (4, 2)))
        below, noise = 0.5, 0.4
        prior = MixtureOfGaussians(3, 2).double()
        prior.mean.data = torch.randn(3, 2, generator=source, dtype=WIDE)
        prior.logvar.data = torch.tensor([[-1.0, 0], [0.3, -0.5], [0, 0.2]], dtype=WIDE)
        prior.logits.data = torch.tensor([0.0, 1.0, -0.5], dtype=WIDE)

        slope = b @ a + c
        around = below * b @ b.T + noise * torch.eye(4, dtype=WIDE)
        gain = slope.T @ (slope @ slope.T + around).inverse()
        encoder = Affine(gain, torch.zeros(2, dtype=WIDE), 1.5 * (torch.eye(2, dtype=WIDE) - gain @ slope).diagonal())
        p = prior(encoder)
        covariance = slope @ torch.diag_embed(p.components.logvar.exp()) @ slope.T + around
        marginal = MultivariateNormal(p.components.mean @ slope.T, covariance)
        x = observations(4, 4)
        exact = (marginal.log_prob(x.flatten(1).unsqueeze(1)) + p.log_weights).logsumexp(-1)

        spread = (torch.eye(3, dtype=WIDE) / below + b.T @ b / noise).inverse()
        layer = LinearLayer(
            a, below, spread @ b.T / noise, spread @ (a / below - b.T @ c / noise), 1.2 * spread.diagonal()
        )
        model = VAE(encoder, prior, LinearDecoder(noise, c, b), [layer])
        with torch.no_grad():
            w = model(x, 100_000, generator=generator)
        assert [layer.z.shape[-1] for layer in w.layers] == [2, 3]
        assert (exact - elbo(w)).min() > 0.05
        torch.testing.assert_close(iwae_bound(w), exact, rtol=0, atol=0.02)

        standard = StandardNormal(2).double()(encoder)
        normal = MultivariateNormal(torch.zeros(4, dtype=WIDE), slope @ slope.T + around)
        expected = normal.log_prob(x.flatten(1))
        torch.testing.assert_close(iwae_bound(w.under(standard)), expected, rtol=0, atol=0.02)

    def test_decoding_draws_the_lower_layer_at_the_temperature(self):
        model, _ = self.diagonal()
        layer = model.lower_layers()[0]
        assert isinstance(layer, LowerLayer)
        z = torch.randn(5, 3, dtype=WIDE)
        cold, one, half = (model.decode(z, torch.Generator().manual_seed(3), t).mean() for t in (0.0, 1.0, 0.5))
        expected = model.decoder(z, layer.prior(z).mean).mean()
        torch.testing.assert_close(cold, expected)
        torch.testing.assert_close(half - cold, 0.5 * (one - cold))
        assert (one - cold).abs().max() > 0.1


SHAPE = (1, 3, 4)


def small(prior: nn.Module | None = None) -> VAE:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(3)
        encoder = Encoder(SHAPE, 2, 8, 1)
        decoder = Decoder(2, 8, 1, BinomialOutput(8, SHAPE, 1))
        return VAE(encoder, prior or VampPrior(torch.rand(5, *SHAPE)), decoder)


def binary(count: int, seed: int = 0) -> Tensor:
    return torch.randint(2, (count, *SHAPE), generator=torch.Generator().manual_seed(seed)).float()


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(6)


class TestLogWeights:
    def test_are_what_they_say(self):
        model, x = small(), binary(6)
        w = model(x, 3, generator=seeded())
        (layer,) = w.layers
        q = model.encoder(x)
        torch.testing.assert_close(layer.z, q.sample((3,), seeded()), rtol=0, atol=0)
        torch.testing.assert_close(layer.mean, q.mean.expand(3, 6, 2))
        torch.testing.assert_close(layer.log_q, q.log_prob(layer.z))
        torch.testing.assert_close(layer.log_p, model.prior(model.encoder).log_prob(layer.z))
        torch.testing.assert_close(layer.kl, layer.log_q - layer.log_p)
        for s in range(3):
            torch.testing.assert_close(w.log_likelihood[s], model.decode(layer.z[s]).log_prob(x))

    def test_a_seed_decides_and_the_global_source_is_left_alone(self):
        model, x, before = small(), binary(6), torch.get_rng_state()
        assert torch.equal(model(x, 3, generator=seeded()).total(), model(x, 3, generator=seeded()).total())
        assert torch.equal(before, torch.get_rng_state())

    def test_a_prior_built_before_is_used_and_not_built_again(self, monkeypatch):
        model, x = small(), binary(6)
        expected = model(x, 3, generator=seeded()).total()
        built = model.prior(model.encoder)
        monkeypatch.setattr(model.prior, "forward", lambda *_: pytest.fail("built again"))
        assert torch.equal(model(x, 3, prior=built, generator=seeded()).total(), expected)

    def test_under_another_prior_equals_a_pass_with_it(self):
        model, x = small(), binary(6)
        other = MixtureOfGaussians(4, 2)(model.encoder)
        moved = model(x, 3, generator=seeded()).under(other)
        torch.testing.assert_close(moved.total(), model(x, 3, prior=other, generator=seeded()).total())

    def test_the_prior_is_told_the_rows_of_the_batch(self):
        class LeaveOneOut(Prior):
            """The mixture of all posteriors but the observation's own."""

            def forward(self, encoder, index=None) -> DiagNormalMixture:
                p = DiagNormalMixture(encoder(binary(9)), torch.zeros(9))
                return p if index is None else p.without(index)

        model, rows = small(LeaveOneOut()), torch.tensor([7, 0, 3])
        w = model(binary(9)[rows], 4, index=rows, generator=seeded())
        everyone = DiagNormalMixture(model.encoder(binary(9)), torch.zeros(9))
        for n, row in enumerate(rows.tolist()):
            expected = everyone.without(row).log_prob(w.layers[0].z[:, n])
            torch.testing.assert_close(w.layers[0].log_p[:, n], expected)

    def test_gradients_reach_every_parameter(self):
        model = small()
        (-elbo(model(binary(6), 3, generator=seeded())).mean()).backward()
        assert_gradients_reach_every_parameter(model)

    def test_training_improves_the_bound(self):
        model, x = small(), binary(40)
        optimiser = torch.optim.Adam(model.parameters(), 1e-2)
        first = elbo(model(x, 20, generator=seeded())).mean().item()
        source = seeded()
        for _ in range(60):
            optimiser.zero_grad()
            (-elbo(model(x, generator=source)).mean()).backward()
            optimiser.step()
        assert elbo(model(x, 20, generator=seeded())).mean().item() > first + 0.5


@pytest.mark.parametrize("shape", [(), (5,), (2, 5)])
def test_any_number_of_places_is_decoded(shape):
    likelihood = small().decode(torch.zeros(*shape, 2))
    assert isinstance(likelihood, Binomial)
    assert likelihood.mean().shape == likelihood.sample().shape == (*shape, *SHAPE)
