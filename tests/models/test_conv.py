"""Convolutional two-layer models: sizes that hold for every observation, and the dependences of the paper."""

import dataclasses

import pytest
import torch

from tests.models.seeded import apart, assert_gradients_reach_every_parameter, binary, seeded
from vampcore.config import Config, DataSpec
from vampcore.distributions import DiagNormal
from vampcore.kinds import PRIORS
from vampcore.likelihoods import Binomial, DiscretisedLogistic
from vampcore.models import VAE, build
from vampcore.models.conv import ConvDecoder, ConvEncoder, ConvFeatures, LowerConvLayer
from vampcore.models.outputs import pixel_output
from vampcore.nn import GatedConv2d

SHAPE = (1, 6, 5)
SHAPES = [(1, 8, 8), (1, 28, 20), (3, 5, 9), (1, 1, 1)]
CONFIG = Config(data="digits", experiment="a", model="convhvae", components=4, latent_dim=3, hidden=7, seed=4)


def small(shape: tuple[int, int, int] = SHAPE, prior: str = "vamp", **changes) -> VAE:
    return build(dataclasses.replace(CONFIG, prior=prior, **changes), DataSpec(shape, 1, ()))


@pytest.mark.parametrize("shape", SHAPES)
class TestSizes:
    def test_features_are_as_many_as_they_say(self, shape):
        features = ConvFeatures(shape, 7, 5)
        assert features(torch.rand(2, *shape)).shape == (2, features.size)

    def test_every_observation_is_encoded_and_decoded(self, shape):
        model, x = small(shape), binary(2, shape)
        assert model(x, 3, generator=seeded()).total().shape == (3, 2)
        for batch in ((), (4,), (3, 4)):
            assert model.decode(torch.zeros(*batch, 3), seeded()).mean().shape == (*batch, *shape)


def test_the_encoder_is_the_papers():
    encoder, lower = ConvEncoder((1, 28, 28), 40), LowerConvLayer((1, 28, 28), 40, 300, 2)
    for body, widths in ((encoder.body, (7, 3, 5, 3, 3)), (lower.body, (3, 3, 3, 3, 3))):
        convolutions = [layer.convolution for layer in body if isinstance(layer, GatedConv2d)]
        assert [each.kernel_size for each in convolutions] == [(width, width) for width in widths]
        assert [each.out_channels for each in convolutions] == [64, 64, 128, 128, 12]  # value and gate
        assert [each.stride[0] for each in convolutions] == [1, 2, 1, 2, 1]
    assert encoder.body.size == 294


class TestLowerConvLayer:
    def test_serves_all_samples_with_an_images_features(self):
        lower, x, z2 = LowerConvLayer(SHAPE, 3, 7, 2), binary(4, SHAPE), torch.randn(9, 4, 3)
        together = lower.posterior(x, z2)
        assert isinstance(together, DiagNormal)
        assert together.mean.shape == (9, 4, 3)
        torch.testing.assert_close(together.mean[7], lower.posterior(x, z2[7]).mean)
        torch.testing.assert_close(together.mean[:, 2], lower.posterior(x[2:3].expand(9, -1, -1, -1), z2[:, 2]).mean)

    def test_its_posterior_sees_image_and_sample_and_its_prior_the_sample(self):
        lower = LowerConvLayer(SHAPE, 3, 7, 2)
        x, z2 = binary(4, SHAPE).requires_grad_(), torch.randn(4, 3, requires_grad=True)
        lower.posterior(x, z2).mean.square().sum().backward()
        assert (x.grad.flatten(1) != 0).any(1).all()
        assert (z2.grad != 0).any(1).all()
        (gradient,) = torch.autograd.grad(lower.prior(z2).mean.square().sum(), z2)
        assert (gradient != 0).any(1).all()


class TestConvDecoder:
    @pytest.mark.parametrize(
        ("likelihood", "levels", "kind"),
        [("bernoulli", 1, Binomial), ("binomial", 16, Binomial), ("logistic", 255, DiscretisedLogistic)],
    )
    def test_ends_in_its_likelihood(self, likelihood, levels, kind):
        decoder = ConvDecoder((2, 4, 5), 3, 7, pixel_output(likelihood, levels), filters=4)
        p = decoder(torch.zeros(2, 3, 3), torch.randn(2, 3, 3, generator=seeded()))
        assert type(p) is kind
        assert p.log_prob(torch.full((3, 2, 4, 5), 0.5)).shape == (2, 3)
        assert getattr(p, "trials", 16) == (1 if likelihood == "bernoulli" else 16)

    def test_a_logistic_has_locations_in_the_image_and_the_papers_scales(self):
        maps = 100 * torch.randn(3, 4, 5, 5, generator=seeded())
        p = pixel_output("logistic", 255).distribution(maps)
        torch.testing.assert_close(p.location, maps[:, :2].sigmoid())
        torch.testing.assert_close(p.log_scale, (maps[:, 2:] - 2).clamp(-4.5, 0))

    def test_leaves_autocast(self):
        decoder = ConvDecoder((1, 4, 5), 3, 7, pixel_output("bernoulli", 1), filters=4)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert decoder(torch.zeros(2, 3), torch.zeros(2, 3)).logits.dtype == torch.float32

    def test_samples_do_not_see_each_other(self):
        decoder, z = ConvDecoder((1, 4, 5), 3, 7, pixel_output("bernoulli", 1)), torch.randn(2, 6, 3)
        torch.testing.assert_close(decoder(z, z).logits[1, 4], decoder(z[1, 4], z[1, 4]).logits)


@pytest.mark.parametrize("prior", PRIORS)
def test_gradients_reach_every_parameter(prior):
    model = apart(small(prior=prior))
    (-model(binary(6, SHAPE), 3, generator=seeded()).total().mean()).backward()
    assert_gradients_reach_every_parameter(model)
