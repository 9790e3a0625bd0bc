"""The VampPrior paper's PixelHVAE: p(x | z1, z2) = prod_i p(x_i | x before i, z1, z2), a PixelCNN.

Pixels follow one another row by row from the top left. The channels of a pixel come together: given the pixels before
it and z they are independent.

Tomczak, Welling, VAE with a VampPrior, AISTATS 2018. https://arxiv.org/abs/1705.07120
van den Oord et al., Conditional Image Generation with PixelCNN Decoders, NeurIPS 2016. https://arxiv.org/abs/1606.05328
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vampcore.distributions import uniform
from vampcore.likelihoods import Likelihood
from vampcore.models.outputs import PixelOutput, Pixels
from vampcore.models.wavefront import Wavefront
from vampcore.nn import GatedDense, MaskedConv2d

FLOAT = 4  # bytes
# Images drawn at once: of a thousand of 28 x 28 the wavefront keeps 30 MB for each layer of 64 filters.
DRAWN_AT_ONCE = 1000


class MaskedLayer(nn.Module):
    """A masked convolution of 3 x 3, a normalisation and a ReLU.

    Each pixel's channels are normalised by themselves. The paper normalises by the statistics of the batch; there,
    while it trains, a pixel's probability depends on the pixels after it and on other images, so that the ELBO is no
    bound, and the running statistics would have to be kept apart from steps that are not finite, and from the number
    of processes.

    Reference:
        Ba, Kiros, Hinton, Layer Normalization, 2016. https://arxiv.org/abs/1607.06450
    """

    def __init__(self, inputs: int, filters: int, mask: Literal["A", "B"]) -> None:
        super().__init__()
        self.convolution = MaskedConv2d(inputs, filters, 3, mask)
        self.norm = nn.LayerNorm(filters)

    def forward(self, x: Float[Tensor, "B I H W"]) -> Float[Tensor, "B F H W"]:
        return self.activated(self.convolution(x).movedim(1, -1)).movedim(-1, 1)

    def at(self, seen: Float[Tensor, "*pixels P"], matrix: Float[Tensor, "F P"]) -> Float[Tensor, "*pixels F"]:
        """The layer at single pixels, from the inputs at the places that each sees."""
        return self.activated(functional.linear(seen, matrix, self.convolution.bias))

    def activated(self, features: Float[Tensor, "*pixels F"]) -> Float[Tensor, "*pixels F"]:
        """What follows the convolution."""
        return self.norm(features).relu()


class PixelCNN(nn.Module):
    """Images and the maps that z became -> the distribution of each pixel given those before it.

    A mask A layer and `depth` mask B layers of `filters` channels; the maps are seen through the same masks as the
    image, so that the first pixel of all depends on nothing.

    Arguments:
        shape: Of an observation.
        conditions: Maps that z became.
        output: From maps to the distribution of each pixel.
        filters: Channels of each layer.
        depth: Layers after the first.
    """

    def __init__(
        self, shape: tuple[int, int, int], conditions: int, output: PixelOutput, filters: int, depth: int
    ) -> None:
        super().__init__()
        self.shape, self.output = shape, output
        first = MaskedLayer(shape[0] + conditions, filters, "A")
        self.layers = nn.ModuleList([first, *(MaskedLayer(filters, filters, "B") for _ in range(depth))])
        self.last = nn.Conv2d(filters, output.maps * shape[0], 1)

    def forward(self, x: Float[Tensor, "B C H W"], condition: Float[Tensor, "B Z H W"]) -> Pixels:
        features = torch.cat([x, condition], 1).contiguous(memory_format=torch.channels_last)
        for layer in self.layers:
            features = layer(features)
        return self.output.distribution(self.last(features))


@dataclass(frozen=True)
class Autoregressive:
    """p(x | z) of a PixelCNN: one pass gives the log-probability of an image, a sample is drawn pixel after pixel.

    Attributes:
        network: The PixelCNN.
        condition: The maps that z became.
    """

    network: PixelCNN
    condition: Float[Tensor, "*batch Z H W"]

    def log_prob(self, x: Float[Tensor, "*n C H W"]) -> Float[Tensor, "*batch"]:
        """sum_i log p(x_i | x before i, z) in nats."""
        batch = torch.broadcast_shapes(x.shape[:-3], self.condition.shape[:-3])
        images, condition = (
            each.expand(*batch, *each.shape[-3:]).reshape(-1, *each.shape[-3:]) for each in (x, self.condition)
        )
        return self.network(images, condition).log_prob(images).view(batch)

    def mean(self, generator: torch.Generator | None = None) -> Float[Tensor, "*batch C H W"]:
        """Expected value of each pixel given those before it in an image that is drawn; the mean proper has no form."""
        return self._drawn(generator)[1]

    def sample(self, generator: torch.Generator | None = None) -> Float[Tensor, "*batch C H W"]:
        """Images drawn pixel by pixel."""
        return self._drawn(generator)[0]

    def at(self, u: Float[Tensor, "U *batch C H W"]) -> tuple[Tensor, Tensor]:
        """The images that uniform noise in [0, 1) stands for, and each pixel's mean given those before it.

        Arguments:
            u: One number, or for counts as many as there are trials, for each channel of each pixel.
        """
        batch, shape = self.condition.shape[:-3], self.network.shape
        condition, u = self._flat(), u.reshape(len(u), -1, *shape)
        parts = zip(condition.split(DRAWN_AT_ONCE), u.split(DRAWN_AT_ONCE, 1), strict=True)
        drawn = [Wavefront(self.network.layers, self._pixels, each, noise).draw() for each, noise in parts]
        images, means = (torch.cat(each).view(*batch, *shape) for each in zip(*drawn, strict=True))
        return images, means

    def _drawn(self, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        shape = (self.network.output.draws, *self.condition.shape[:-3], *self.network.shape)
        return self.at(uniform(shape, self.condition, generator))

    def _flat(self) -> Float[Tensor, "B Z H W"]:
        return self.condition.reshape(-1, *self.condition.shape[-3:])

    def _pixels(self, features: Float[Tensor, "R B F"]) -> Pixels:
        """The distribution of single pixels, of one channel each as wide as that of an image."""
        maps = functional.linear(features, self.network.last.weight.flatten(1), self.network.last.bias)
        return self.network.output.distribution(maps[..., None, None])


class PixelDecoder(nn.Module):
    """z2, z1 -> p(x | z1, z2): each becomes one map by a gated dense layer, and both steer a PixelCNN.

    Arguments:
        shape: Of an observation.
        latent_dim: Dimensions of each layer.
        output: From maps to the distribution of each pixel.
        filters: Channels of each masked layer.
        depth: Masked layers after the first.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        latent_dim: int,
        output: PixelOutput,
        filters: int = 64,
        depth: int = 7,
    ) -> None:
        super().__init__()
        channels, *self.size = shape
        self.from_z1 = GatedDense(latent_dim, math.prod(self.size))
        self.from_z2 = GatedDense(latent_dim, math.prod(self.size))
        self.network = PixelCNN(shape, 2, output, filters, depth)
        # Of a masked layer: what goes in, what the convolution gives, whole and cut, normalised, and above 0.
        self.bytes_per_number = FLOAT * 5 * filters // channels

    def forward(self, z2: Float[Tensor, "*batch D"], z1: Float[Tensor, "*batch D"]) -> Likelihood:
        maps = torch.stack([self.from_z1(z1), self.from_z2(z2)], -2).unflatten(-1, tuple(self.size))
        return Autoregressive(self.network, maps)
