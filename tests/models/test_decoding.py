"""Decoded means: the same point gives the same image, and what is drawn is drawn from one noise."""

import dataclasses

import pytest
import torch

from tests.models.seeded import seeded
from vampcore.config import Config, DataSpec
from vampcore.models import VAE, build, decoded_means

SHAPE = (1, 4, 5)
CONFIG = Config(data="digits", experiment="a", model="hvae", components=6, latent_dim=3, hidden=7, seed=4)


def small(model: str, prior: str = "mog") -> VAE:
    return build(dataclasses.replace(CONFIG, model=model, prior=prior), DataSpec(SHAPE, 1, ())).eval()


def decoded(model: VAE, *layers: torch.Tensor, **options) -> torch.Tensor:
    return torch.cat(list(decoded_means(model, layers, seeded(), **options)))


@pytest.mark.parametrize("model", ["vae", "hvae", "pixelhvae"])
class TestDecodedMeans:
    def test_depend_on_the_point_alone(self, model):
        z = torch.randn(1, 3, generator=seeded(1)).expand(5, 3)
        images = decoded(small(model), z, chunk=2)
        assert images.shape == (5, *SHAPE)
        torch.testing.assert_close(images, images[:1].expand_as(images), rtol=0, atol=1e-6)
        others = torch.cat([torch.randn(3, 3, generator=seeded(2)), z[:1]])
        torch.testing.assert_close(decoded(small(model), others)[3], images[0], rtol=0, atol=1e-6)

    def test_of_draws_repeat_every_so_many_rows(self, model):
        z = torch.randn(1, 3, generator=seeded(1)).expand(7, 3)
        images = decoded(small(model), z, draws=3, chunk=2)
        torch.testing.assert_close(images[3:6], images[:3], rtol=0, atol=1e-6)
        torch.testing.assert_close(images[6], images[0], rtol=0, atol=1e-6)
        distinct = (images[0] - images[1]).abs().max()
        assert distinct < 1e-6 if model == "vae" else distinct > 1e-4

    def test_of_nothing_are_nothing(self, model):
        assert decoded(small(model), torch.zeros(0, 3)).shape == (0, *SHAPE)


def test_layers_that_are_not_given_take_the_means_of_their_priors():
    model, z2 = small("hvae"), torch.randn(4, 3, generator=seeded(2))
    p1 = model.lower_layers()[0].prior(z2)
    torch.testing.assert_close(decoded(model, z2), model.decoder(z2, p1.mean).mean())
    torch.testing.assert_close(decoded(model, z2, draws=4, temperature=0.0), model.decoder(z2, p1.mean).mean())
    z1 = torch.randn(4, 3, generator=seeded(3))
    torch.testing.assert_close(decoded(model, z2, z1), model.decoder(z2, z1).mean())


def test_decode_takes_noise_that_all_samples_share():
    model, z2 = small("hvae"), torch.randn(2, 3, generator=seeded(2)).expand(5, 2, 3)
    epsilon = torch.randn(1, 3, generator=seeded(3))
    p1 = model.lower_layers()[0].prior(z2)
    expected = model.decoder(z2, p1.mean + 0.5 * p1.scale * epsilon).mean()
    torch.testing.assert_close(model.decode(z2, temperature=0.5, noise=[epsilon]).mean(), expected)


def test_the_means_below_are_those_of_the_posterior_given_the_mean_above():
    model, x = small("hvae"), torch.rand((4, *SHAPE), generator=seeded(1)).round()
    z2 = model.encoder(x).mean
    (z1,) = model.lower_means(x, z2)
    torch.testing.assert_close(z1, model.lower_layers()[0].posterior(x, z2).mean)
    assert small("vae").lower_means(x, z2) == ()
