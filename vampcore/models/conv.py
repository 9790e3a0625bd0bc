"""The VampPrior paper's convolutional two-layer model: q(z1 | x, z2) q(z2 | x) and p(x | z1, z2) p(z1 | z2) p(z2).

The dependences are those of `vampcore.models.hvae`; images are read and written by gated convolutions.

Tomczak, Welling, VAE with a VampPrior, AISTATS 2018. https://arxiv.org/abs/1705.07120
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vampcore.distributions import DiagNormal
from vampcore.likelihoods import Likelihood
from vampcore.models.hvae import Joined
from vampcore.models.outputs import PixelOutput
from vampcore.nn import GatedConv2d, GatedDense, NormalHead, gated_layers

Shape = tuple[int, int, int]
FLOAT = 4  # bytes
LAST_CHANNELS = 6


class ConvFeatures(nn.Sequential):
    """x -> features: five gated convolutions, two of which halve the size, and a flattening.

    Arguments:
        shape: Of an observation.
        first: Width of the first kernel.
        third: Width of the kernel between the two halvings.
    """

    def __init__(self, shape: Shape, first: int, third: int) -> None:
        channels, height, width = shape
        super().__init__(
            GatedConv2d(channels, 32, first),
            GatedConv2d(32, 32, 3, stride=2),
            GatedConv2d(32, 64, third),
            GatedConv2d(64, 64, 3, stride=2),
            GatedConv2d(64, LAST_CHANNELS, 3),
            nn.Flatten(1),
        )
        # Halved twice, and rounded up each time.
        self.size = LAST_CHANNELS * -(-height // 4) * -(-width // 4)


class ConvEncoder(nn.Module):
    """x -> q(z2 | x), with kernels of 7 x 7 and 5 x 5 before and after the first halving."""

    def __init__(self, shape: Shape, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.body = ConvFeatures(shape, first=7, third=5)
        self.head = NormalHead(self.body.size, latent_dim)

    def forward(self, x: Float[Tensor, "N C H W"]) -> DiagNormal:
        return self.head(self.body(x))


class LowerConvLayer(nn.Module):
    """z1 below z2: q(z1 | x, z2), which reads x by convolutions of 3 x 3, and p(z1 | z2), which is dense."""

    def __init__(self, shape: Shape, latent_dim: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.body = ConvFeatures(shape, first=3, third=3)
        self.from_sample = GatedDense(latent_dim, self.body.size)
        self.both = GatedDense(2 * self.body.size, hidden)
        self.posterior_head = NormalHead(hidden, latent_dim)
        self.from_above = gated_layers(latent_dim, hidden, layers)
        self.prior_head = NormalHead(hidden, latent_dim)

    def posterior(self, x: Float[Tensor, "N C H W"], *above: Float[Tensor, "*batch D"]) -> DiagNormal:
        (z2,) = above
        # An image's features serve all samples of the layer above.
        features = self.body(x).expand(*z2.shape[:-1], -1)
        return self.posterior_head(self.both(torch.cat([features, self.from_sample(z2)], -1)))

    def prior(self, *above: Float[Tensor, "*batch D"]) -> DiagNormal:
        (z2,) = above
        return self.prior_head(self.from_above(z2))


class ConvDecoder(nn.Module):
    """z2, z1 -> p(x | z1, z2): a dense map to one image, four gated convolutions of 3 x 3, and the likelihood's maps.

    Arguments:
        shape: Of an observation.
        latent_dim: Dimensions of each layer.
        hidden: Units of the dense layers.
        output: From maps to the likelihood.
        filters: Channels of each convolution.
    """

    def __init__(self, shape: Shape, latent_dim: int, hidden: int, output: PixelOutput, filters: int = 64) -> None:
        super().__init__()
        channels, *self.size = shape
        self.joined = Joined(latent_dim, latent_dim, hidden, outputs=math.prod(self.size))
        self.convolutions = nn.Sequential(*(GatedConv2d(filters if i else 1, filters) for i in range(4)))
        self.last = nn.Conv2d(filters, output.maps * channels, 1)
        self.output = output
        # Of a gated convolution: what goes in, value and gate, and what comes out, at every pixel.
        self.bytes_per_number = FLOAT * 4 * filters // channels

    def forward(self, z2: Float[Tensor, "*batch D"], z1: Float[Tensor, "*batch D"]) -> Likelihood:
        images = self.joined(z1, z2).reshape(-1, 1, *self.size)
        maps = self.last(self.convolutions(images))
        return self.output.distribution(maps.view(*z1.shape[:-1], *maps.shape[1:]))
