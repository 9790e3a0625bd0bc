"""Encoders whose posterior is a flow: the bound by hand, gradients, and how it is built from a configuration."""

import dataclasses

import pytest
import torch
from torch import nn

from tests.flows import shaken
from vampcore.config import Config, DataSpec
from vampcore.distributions import LOG_2PI, DiagNormal, Flow
from vampcore.models import build
from vampcore.models.flow import FlowEncoder
from vampcore.objectives import elbo, iwae_bound

SEEN = DataSpec((1, 3, 4), 1)
CHOSEN = Config(
    data="digits",
    experiment="a",
    prior="sg",
    posterior="iaf",
    latent_dim=3,
    hidden=7,
    layers=1,
    transforms=2,
    transform_hidden=6,
)


def model_of(**changes):
    return shaken(build(dataclasses.replace(CHOSEN, **changes), SEEN), seed=3, size=0.4)


class Elsewhere(nn.Module):
    """A proposal that knows nothing of the observation."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.latent_dim = dimensions

    def forward(self, x):
        zeros = torch.zeros(len(x), self.latent_dim, dtype=x.dtype)
        return DiagNormal(zeros, zeros)


@pytest.fixture
def x(generator):
    return torch.rand(5, 1, 3, 4, generator=generator, dtype=torch.float64).round()


def test_the_bound_of_an_iaf_by_hand(x, generator):
    model = model_of()
    (noise,) = model.noise(5, 4, generator)
    w = model(x, noise=(noise,))
    encoder = model.encoder
    features = encoder.normal.body(x.flatten(1))
    mean, logvar = encoder.normal.head.linear(features).chunk(2, -1)
    logvar = logvar.clamp(-6, 2)
    context = encoder.context(features).expand(4, 5, 6)
    z, log_q = mean + (0.5 * logvar).exp() * noise, (-0.5 * (LOG_2PI + noise**2 + logvar)).sum(-1)
    for transform in encoder.transforms.transforms:
        shift, raw = transform.hyper(torch.cat([z, context], -1)).unflatten(-1, (3, 2)).unbind(-1)
        log_scale = raw / (1 + raw.abs() / 3)
        z, log_q = log_scale.exp() * z + shift, log_q - log_scale.sum(-1)
    log_p = (-0.5 * (LOG_2PI + z**2)).sum(-1)
    log_weights = model.decoder(z).log_prob(x) + log_p - log_q
    torch.testing.assert_close(elbo(w), log_weights.mean(0))
    torch.testing.assert_close(iwae_bound(w), log_weights.logsumexp(0) - torch.tensor(4.0).log())
    torch.testing.assert_close(w.layers[0].mean, w.layers[0].z)


@pytest.mark.parametrize("posterior", ["nf", "iaf"])
@pytest.mark.parametrize("architecture", ["vae", "hvae"])
class TestBuilt:
    def test_gradients_reach_every_parameter(self, posterior, architecture, x, generator):
        model = model_of(posterior=posterior, model=architecture)
        elbo(model(x, 3, generator=generator)).sum().backward()
        assert all(parameter.grad is not None for parameter in model.parameters())
        assert all(bool((parameter.grad != 0).any()) for parameter in model.parameters())

    def test_densities_of_draws(self, posterior, architecture, x, generator):
        model = model_of(posterior=posterior, model=architecture)
        top = model(x, 3, generator=generator).layers[0]
        q = model.encoder(x)
        assert isinstance(q, Flow)
        assert top.z.shape == (3, 5, 3)
        torch.testing.assert_close(q.log_prob(top.z), top.log_q)

    def test_importance_weights_average_to_the_same_evidence_as_another_proposal(
        self, posterior, architecture, x, generator
    ):
        """p(x) does not depend on who proposes: the flow, or the prior."""
        model = model_of(posterior=posterior, model=architecture)
        with torch.no_grad():
            ours = iwae_bound(model(x[:1], 40_000, generator=generator))
            model.encoder = Elsewhere(dimensions=3)
            others = iwae_bound(model(x[:1], 40_000, generator=generator))
        torch.testing.assert_close(ours, others, rtol=0, atol=0.1)


def test_an_encoder_knows_its_dimensions():
    encoder = model_of().encoder
    assert isinstance(encoder, FlowEncoder)
    assert encoder.latent_dim == 3


def test_the_context_matters(x):
    model = model_of()
    epsilon = torch.ones(5, 3, dtype=torch.float64)
    q = model.encoder(x)
    moved = Flow(q.base, model.encoder.transforms(torch.zeros(5, 6, dtype=torch.float64)))
    assert (q.at(epsilon).z - moved.at(epsilon).z).abs().max() > 1e-3
