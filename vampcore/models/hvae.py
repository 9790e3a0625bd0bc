"""The VampPrior paper's two-layer model: p(x | z1, z2) p(z1 | z2) p(z2), and q(z1 | x, z2) q(z2 | x).

Tomczak, Welling, VAE with a VampPrior, AISTATS 2018. https://arxiv.org/abs/1705.07120
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vampcore.distributions import DiagNormal
from vampcore.likelihoods import Likelihood
from vampcore.nn import GatedDense, NormalHead, gated_layers


class Joined(nn.Module):
    """Features of two inputs: a gated layer of each, and a gated layer of both together, to `outputs` or as many."""

    def __init__(self, first: int, second: int, hidden: int, outputs: int | None = None) -> None:
        super().__init__()
        self.first = GatedDense(first, hidden)
        self.second = GatedDense(second, hidden)
        self.both = GatedDense(2 * hidden, outputs or hidden)

    def forward(self, a: Float[Tensor, "*a I"], b: Float[Tensor, "*b J"]) -> Float[Tensor, "*b outputs"]:
        features, others = self.first(a), self.second(b)
        if features.numel() < others.numel():  # an image's features serve all samples of the layer above
            return self.both.of_both(features, others)
        return self.both(torch.cat([features.expand(*others.shape[:-1], -1), others], -1))


class LowerDenseLayer(nn.Module):
    """z1 below z2: q(z1 | x, z2) and p(z1 | z2)."""

    def __init__(self, shape: tuple[int, int, int], latent_dim: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.joined = Joined(math.prod(shape), latent_dim, hidden)
        self.posterior_head = NormalHead(hidden, latent_dim)
        self.from_above = gated_layers(latent_dim, hidden, layers)
        self.prior_head = NormalHead(hidden, latent_dim)

    def posterior(self, x: Float[Tensor, "N C H W"], *above: Float[Tensor, "*batch D"]) -> DiagNormal:
        (z2,) = above
        return self.posterior_head(self.joined(x.flatten(1), z2))

    def prior(self, *above: Float[Tensor, "*batch D"]) -> DiagNormal:
        (z2,) = above
        return self.prior_head(self.from_above(z2))


class TwoLayerDecoder(nn.Module):
    """z2, z1 -> p(x | z1, z2)."""

    def __init__(self, latent_dim: int, hidden: int, output: nn.Module) -> None:
        super().__init__()
        self.joined = Joined(latent_dim, latent_dim, hidden)
        self.output = output

    def forward(self, z2: Float[Tensor, "*batch D"], z1: Float[Tensor, "*batch D"]) -> Likelihood:
        return self.output(self.joined(z1, z2))
