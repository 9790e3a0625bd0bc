"""Two stochastic layers: the right shapes, the right dependences, and log-weights that add up."""

import dataclasses

import pytest
import torch

from tests.models.seeded import assert_gradients_reach_every_parameter, binary, seeded
from tests.small_runs import FILES, RUN_FILES, config, few_digits, train
from vampcore import zoo
from vampcore.checkpoints import load
from vampcore.config import Config, DataSpec
from vampcore.kinds import PRIORS
from vampcore.metrics import active_units, evaluate, log_likelihood
from vampcore.models import VAE, build
from vampcore.models.hvae import Joined, LowerDenseLayer
from vampcore.nn import NormalHead

SHAPE = (1, 4, 5)
CONFIG = Config(data="digits", experiment="a", model="hvae", components=6, latent_dim=3, hidden=7, seed=4)


def small(prior: str = "vamp", **changes) -> VAE:
    return build(dataclasses.replace(CONFIG, prior=prior, **changes), DataSpec(SHAPE, 1, ()))


class TestJoined:
    def test_serves_all_samples_with_an_images_features(self):
        joined, a, b = Joined(5, 3, 4), torch.randn(6, 5), torch.randn(9, 6, 3)
        together = joined(a, b)
        assert together.shape == (9, 6, 4)
        torch.testing.assert_close(together[7], joined(a, b[7]))
        torch.testing.assert_close(together[:, 2], joined(a[2:3].expand(9, 5), b[:, 2]))

    def test_takes_both_inputs(self):
        joined = Joined(5, 3, 4)
        a, b = torch.randn(6, 5, requires_grad=True), torch.randn(6, 3, requires_grad=True)
        joined(a, b).square().sum().backward()
        assert (a.grad != 0).all(1).all()
        assert (b.grad != 0).all(1).all()


class TestLogWeights:
    def test_are_the_sum_of_their_definition(self):
        model, x = small(), binary(6, SHAPE)
        noise = model.noise(6, 5, seeded())
        w = model(x, noise=noise)
        (lower,) = model.lower_layers()
        q2 = model.encoder(x)
        z2 = q2.mean + q2.scale * noise[0]
        q1 = lower.posterior(x, z2)
        z1 = q1.mean + q1.scale * noise[1]
        total = model.decoder(z2, z1).log_prob(x) + model.prior(model.encoder).log_prob(z2) - q2.log_prob(z2)
        total = total + lower.prior(z2).log_prob(z1) - q1.log_prob(z1)
        torch.testing.assert_close(w.total(), total, rtol=1e-4, atol=1e-4)
        assert [layer.z.shape for layer in w.layers] == [(5, 6, 3), (5, 6, 3)]

    def test_integrate_to_one_over_all_images(self):
        """sum over x of p(x) = 1, each p(x) by importance sampling: 16 images of 4 pixels."""
        model = build(dataclasses.replace(CONFIG, prior="sg", latent_dim=2), DataSpec((1, 2, 2), 1, ())).eval()
        with torch.no_grad():  # closer to one another, so that importance sampling is sound
            for head in (module for module in model.modules() if isinstance(module, NormalHead)):
                head.linear.weight *= 0.3
        x = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 4).view(16, 1, 2, 2)
        found = log_likelihood(model, x, 20_000, generator=seeded())
        assert found.log_likelihood.exp().sum().item() == pytest.approx(1, abs=0.01)

    @pytest.mark.parametrize("prior", PRIORS)
    def test_gradients_reach_every_parameter(self, prior):
        model = small(prior)
        (-model(binary(6, SHAPE), 3, generator=seeded()).total().mean()).backward()
        assert_gradients_reach_every_parameter(model)


class TestDecode:
    def test_draws_the_lower_layer_from_its_prior(self):
        model, z2 = small(), torch.randn(4, 3, generator=seeded(2))
        (lower,) = model.lower_layers()
        p1 = lower.prior(z2)
        z1 = p1.sample((), seeded(5))
        torch.testing.assert_close(model.decode(z2, seeded(5)).mean(), model.decoder(z2, z1).mean())
        cold = model.decode(z2, seeded(5), temperature=0.0).mean()
        torch.testing.assert_close(cold, model.decoder(z2, p1.mean).mean())

    def test_a_layer_tells_its_dimensions(self):
        lower = LowerDenseLayer(SHAPE, 3, 7, 2)
        assert lower.latent_dim == 3
        assert [noise.shape for noise in small().noise(4, 2)] == [(2, 4, 3), (2, 4, 3)]
        assert CONFIG.latent_dims == (3, 3)


class TestWholeWay:
    def test_trains_is_kept_loaded_and_measured(self, tmp_path):
        records = train(config("vamp", model="hvae", epochs=6), tmp_path / "small" / "vamp")
        assert records[-1].validation_elbo > records[0].validation_elbo
        assert {path.name for path in (tmp_path / "small" / "vamp").iterdir()} == FILES | RUN_FILES
        checkpoint = load(tmp_path / "small" / "vamp")
        (entry,) = zoo.entries((tmp_path,))
        assert (entry.info.model, entry.info.latent_dims) == ("hvae", (2, 2))
        assert [layer.mean.shape for layer in checkpoint.latents.layers] == [(100, 2), (100, 2)]
        x = few_digits().test.images.float() / 16
        measured = evaluate(checkpoint.model, x, samples=20)
        layers = [metric.layer for metric in measured.metrics if metric.name == "active_units"]
        assert layers == [None, 0, 1]

    def test_the_lower_posterior_that_is_kept_is_that_over_samples_above(self, tmp_path):
        train(config("sg", model="hvae", epochs=1), tmp_path)
        checkpoint = load(tmp_path)
        x = few_digits().test.images.float() / 16
        (lower,) = checkpoint.model.lower_layers()
        with torch.no_grad():
            q1 = lower.posterior(x, checkpoint.model.encoder(x).sample((4000,), seeded()))
        kept = checkpoint.latents.layers[1]
        variance = q1.logvar.exp().mean(0) + q1.mean.var(0)
        spread = q1.mean.std(0).mean().item()
        torch.testing.assert_close(kept.mean, q1.mean.mean(0), rtol=0.05, atol=6 * spread / 32**0.5)
        torch.testing.assert_close(kept.scale.square().mean(0), variance.mean(0), rtol=0.1, atol=0.01)
        first, second = active_units(checkpoint.model, x, 64, seeded())
        assert (first.activity >= 0).all()
        assert second.activity.shape == (2,)
