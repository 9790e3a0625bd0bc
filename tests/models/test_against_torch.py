"""The bound against a second implementation: weights by name, plain matrix products, torch.distributions.

Nothing of vampcore computes here but the side that is tested; what the second side shares with it is the stored
weights, the images and the noise.
"""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Binomial,
    Categorical,
    Distribution,
    Independent,
    MixtureSameFamily,
    Normal,
)

from vampcore.config import Config, DataSpec
from vampcore.models import VAE, build
from vampcore.objectives import elbo, iwae_bound

SHAPE, HIDDEN, LATENT, K, IMAGES, SAMPLES = (1, 4, 5), 12, 3, 6, 7, 9
Weights = dict[str, Tensor]


def gated(weights: Weights, name: str, x: Tensor) -> Tensor:
    affine = x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return affine[..., :HIDDEN] / (1 + torch.exp(-affine[..., HIDDEN:]))


def normal(weights: Weights, name: str, features: Tensor) -> Independent:
    affine = features @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    deviation = (0.5 * affine[..., LATENT:].clamp(-6, 2)).exp()
    return Independent(Normal(affine[..., :LATENT], deviation), 1)


def body(weights: Weights, name: str, x: Tensor, layers: int = 2) -> Tensor:
    for layer in range(layers):
        x = gated(weights, f"{name}.{layer}.linear", x)
    return x


def encoded(weights: Weights, x: Tensor) -> Independent:
    return normal(weights, "encoder.head.linear", body(weights, "encoder.body", x.flatten(1)))


def joined(weights: Weights, name: str, one: Tensor, other: Tensor) -> Tensor:
    both = gated(weights, f"{name}.first.linear", one), gated(weights, f"{name}.second.linear", other)
    shape = (*other.shape[:-1], HIDDEN)
    return gated(weights, f"{name}.both.linear", torch.cat([part.expand(shape) for part in both], -1))


def prior_of(weights: Weights, name: str) -> Distribution:
    if name == "sg":
        return Independent(Normal(torch.zeros(LATENT, dtype=torch.float64), 1.0), 1)
    if name == "mog":
        components = Independent(Normal(weights["prior.mean"], (0.5 * weights["prior.logvar"]).exp()), 1)
        return MixtureSameFamily(Categorical(logits=weights["prior.logits"]), components)
    logits = weights.get("prior.logits", torch.zeros(K, dtype=torch.float64))
    return MixtureSameFamily(Categorical(logits=logits), encoded(weights, weights["prior.pseudo_inputs"].clamp(0, 1)))


def log_weights(weights: Weights, config: Config, x: Tensor, noise: tuple[Tensor, ...]) -> Tensor:
    """log p(x, z) - log q(z | x) of S samples of N images."""
    q = encoded(weights, x)
    z = q.base_dist.loc + q.base_dist.scale * noise[0]
    found = prior_of(weights, config.prior).log_prob(z) - q.log_prob(z)
    if config.model == "vae":
        features = body(weights, "decoder.body", z)
    else:
        q1 = normal(weights, "layers.0.posterior_head.linear", joined(weights, "layers.0.joined", x.flatten(1), z))
        z1 = q1.base_dist.loc + q1.base_dist.scale * noise[1]
        p1 = normal(weights, "layers.0.prior_head.linear", body(weights, "layers.0.from_above", z))
        found = found + p1.log_prob(z1) - q1.log_prob(z1)
        features = joined(weights, "decoder.joined", z1, z)
    logits = features @ weights["decoder.output.linear.weight"].T + weights["decoder.output.linear.bias"]
    if config.likelihood == "bernoulli":
        return found + Independent(Bernoulli(logits=logits), 1).log_prob(x.flatten(1))
    return found + Independent(Binomial(16, logits=logits), 1).log_prob((16 * x.flatten(1)).round())


def model_of(config: Config) -> VAE:
    """All weights at work, biases too; the log-weights are in the hundreds, where float32 has 1e-5."""
    model = build(config, DataSpec(SHAPE, 1 if config.likelihood == "bernoulli" else 16))
    source = torch.Generator().manual_seed(8)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=source)
    return model.eval()


@pytest.mark.parametrize("likelihood", ["bernoulli", "binomial"])
@pytest.mark.parametrize("prior", ["sg", "mog", "vamp", "vamp-weighted"])
@pytest.mark.parametrize("architecture", ["vae", "hvae"])
def test_every_image_has_the_same_bounds(architecture, prior, likelihood, generator):
    config = Config(
        data="digits",
        experiment="x",
        model=architecture,
        prior=prior,
        components=K,
        latent_dim=LATENT,
        hidden=HIDDEN,
        layers=2,
        likelihood=likelihood,
    )
    model, levels = model_of(config), 1 if likelihood == "bernoulli" else 16
    x = torch.randint(0, levels + 1, (IMAGES, *SHAPE), generator=generator) / levels
    noise = model.noise(IMAGES, SAMPLES, generator)
    with torch.no_grad():
        w = model(x, noise=noise)
    weights = {name: value.double() for name, value in model.state_dict().items()}
    expected = log_weights(weights, config, x.double(), tuple(each.double() for each in noise))
    assert expected.shape == (SAMPLES, IMAGES)
    assert expected.std(0).min() > 0.1
    torch.testing.assert_close(w.total().double(), expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(elbo(w).double(), expected.mean(0), atol=1e-4, rtol=0)
    importance = expected.exp().mean(0).log()
    torch.testing.assert_close(iwae_bound(w).double(), importance, atol=1e-4, rtol=0)


def test_two_layers_of_one_number_each_by_hand():
    """z2 = 0.5, z1 = -1, x = 2 and every normal written out."""
    from tests.metrics.toys import LinearDecoder, LinearEncoder, LinearLower
    from vampcore.priors import StandardNormal

    one = torch.ones(1, 1, dtype=torch.float64)
    encoder = LinearEncoder(0.1 * one, torch.zeros(1, dtype=torch.float64), torch.tensor([0.04], dtype=torch.float64))
    model = VAE(encoder, StandardNormal(1).double(), LinearDecoder(3 * one), [LinearLower(0.2 * one, 0.4, 0.25)])
    x = 2 * one.view(1, 1, 1, 1)
    # q(z2 | x) = N(0.2, 0.2^2) and q(z1 | x, z2) = N(0.2 * 2 + 0.4 * 0.5, 0.5^2).
    noise = ((0.5 - 0.2) / 0.2 * one[None], (-1 - 0.6) / 0.5 * one[None])

    def log_normal(value: float, mean: float, deviation: float) -> float:
        return -0.5 * ((value - mean) / deviation) ** 2 - math.log(deviation * math.sqrt(2 * math.pi))

    log_p = log_normal(0.5, 0, 1) + log_normal(-1, 0.5 * 0.5, math.sqrt(0.75)) + log_normal(2, -3, 0.5)
    log_q = log_normal(0.5, 0.2, 0.2) + log_normal(-1, 0.6, 0.5)
    w = model(x, noise=noise)
    assert w.total().item() == pytest.approx(log_p - log_q, abs=1e-9)
    assert [layer.z.item() for layer in w.layers] == pytest.approx([0.5, -1.0])
