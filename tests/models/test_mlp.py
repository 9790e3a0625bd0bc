import pytest
import torch

from vampcore.likelihoods import Binomial, DiscretisedLogistic
from vampcore.models.mlp import BinomialOutput, Decoder, Encoder, LogisticOutput, output_module
from vampcore.nn import GatedDense

SHAPE = (2, 3, 4)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_an_encoder_has_the_layers_asked_for(layers, generator):
    encoder = Encoder(SHAPE, latent_dim=5, hidden=7, layers=layers)
    q = encoder(torch.rand(6, *SHAPE, generator=generator))
    assert q.mean.shape == q.logvar.shape == (6, 5)
    assert sum(isinstance(module, GatedDense) for module in encoder.modules()) == layers
    # Each gated layer holds two affine maps, and so does the head.
    widths = [24] + [7] * layers
    expected = sum(2 * (width + 1) * 7 for width in widths[:-1]) + 2 * (7 + 1) * 5
    assert sum(parameter.numel() for parameter in encoder.parameters()) == expected


def test_observations_do_not_see_each_other(generator):
    encoder, x = Encoder(SHAPE, 5, 7, 2), torch.rand(6, *SHAPE, generator=generator)
    torch.testing.assert_close(encoder(x[2:3]).mean, encoder(x)[2:3].mean)


@pytest.mark.parametrize("shape", [(), (6,), (3, 6)])
@pytest.mark.parametrize(
    ("likelihood", "levels", "kind", "trials"),
    [("bernoulli", 255, Binomial, 1), ("binomial", 16, Binomial, 16), ("logistic", 255, DiscretisedLogistic, None)],
)
def test_a_decoder_ends_in_its_likelihood(shape, likelihood, levels, kind, trials):
    decoder = Decoder(5, 7, 2, output_module(likelihood, levels)(7, SHAPE))
    p = decoder(torch.zeros(*shape, 5))
    assert type(p) is kind
    assert p.mean().shape == (*shape, *SHAPE)
    assert p.log_prob(torch.zeros(6, *SHAPE)).shape == (shape or (6,))
    if trials is not None:
        assert p.trials == trials


def test_a_logistic_output_keeps_to_locations_and_scales_that_images_have(generator):
    p = LogisticOutput(7, SHAPE)(100 * torch.randn(50, 7, generator=generator))
    assert 0 <= p.location.min() < 0.01
    assert 0.99 < p.location.max() <= 1
    assert (p.log_scale.min(), p.log_scale.max()) == (-4.5, 0)


def test_under_autocast_a_model_of_images_is_float32(generator):
    """Only the matrix products may be rounded, never the parameters of a distribution."""
    encoder = Encoder(SHAPE, 5, 7, 2)
    decoders = [Decoder(5, 7, 2, output) for output in (BinomialOutput(7, SHAPE, 1), LogisticOutput(7, SHAPE))]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        q = encoder(torch.rand(6, *SHAPE, generator=generator))
        assert q.mean.dtype == q.logvar.dtype == torch.float32
        binomial, logistic = (decoder(q.mean) for decoder in decoders)
        assert binomial.log_prob(torch.ones(6, *SHAPE)).dtype == torch.float32
    assert binomial.logits.dtype == logistic.location.dtype == logistic.log_scale.dtype == torch.float32
