"""Layers: gated dense and convolutional ones, masked convolutions, and the head that gives a normal distribution."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vampcore.distributions import DiagNormal

# Of the public implementations. In two dimensions a lower bound of -10 gave no better log p(x).
LOGVAR_RANGE = (-6.0, 2.0)


class Affine(nn.Linear):
    """A dense layer with a bias; compiled, the bias is added with what follows and not laid under the product first.

    Compiled under autocast, the product in bfloat16 and the bias in float32 are added to float32, where torch rounds
    the bias and the sum to bfloat16.
    """

    def forward(self, x: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch outputs"]:
        if not torch.compiler.is_compiling():
            return super().forward(x)
        return functional.linear(x, self.weight).to(self.bias.dtype) + self.bias


class GatedDense(nn.Module):
    """h * sigmoid(g), where h and g are affine maps of the input, computed as one.

    Reference:
        Dauphin et al., Language Modeling with Gated Convolutional Networks, ICML 2017. https://arxiv.org/abs/1612.08083
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = Affine(inputs, 2 * outputs)
        _initialise(self.linear, "relu")

    def forward(self, x: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch outputs"]:
        value, gate = self.linear(x).chunk(2, -1)
        return value * gate.sigmoid()

    def of_both(self, shared: Float[Tensor, "N I"], each: Float[Tensor, "*S N J"]) -> Float[Tensor, "*S N outputs"]:
        """The layer of the two side by side, where `shared` serves all S samples: multiplied once, not S times."""
        weight, bias = self.linear.weight, self.linear.bias
        of_shared, of_each = weight.split((shared.shape[-1], each.shape[-1]), 1)
        value, gate = (functional.linear(shared, of_shared, bias) + functional.linear(each, of_each)).chunk(2, -1)
        return value * gate.sigmoid()


def gated_layers(inputs: int, hidden: int, layers: int) -> nn.Sequential:
    """`layers` gated dense layers of `hidden` units each."""
    return nn.Sequential(*(GatedDense(inputs if i == 0 else hidden, hidden) for i in range(layers)))


class GatedConv2d(nn.Module):
    """h * sigmoid(g), where h and g are convolutions of the input, computed as one.

    Padded by half the kernel: at stride 1 the size stays, at stride s it becomes the next whole number of size / s.

    Arguments:
        inputs: Channels in.
        outputs: Channels out.
        kernel: Odd width and height of the kernel.
        stride: Of the convolution, in both directions.

    Reference:
        Dauphin et al., Language Modeling with Gated Convolutional Networks, ICML 2017. https://arxiv.org/abs/1612.08083
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, 2 * outputs, kernel, stride, padding=kernel // 2)
        _initialise(self.convolution, "relu")

    def forward(self, x: Float[Tensor, "N inputs H W"]) -> Float[Tensor, "N outputs h w"]:
        # In the order of memory in which convolutions are fastest, on CPUs and GPUs alike.
        return functional.glu(self.convolution(x.contiguous(memory_format=torch.channels_last)), 1)


class MaskedConv2d(nn.Module):
    """A convolution that sees of each pixel's surroundings only those before it, row by row from the top left.

    Mask A leaves out the pixel itself, mask B includes it. The rows of the kernel below the pixel, which a mask would
    make zero, are neither stored nor multiplied.

    Arguments:
        inputs: Channels in.
        outputs: Channels out.
        kernel: Odd width of the kernel.
        mask: `A` or `B`.

    Reference:
        van den Oord, Kalchbrenner, Kavukcuoglu, Pixel Recurrent Neural Networks, ICML 2016.
        https://arxiv.org/abs/1601.06759
    """

    seen: Float[Tensor, "h w"]

    def __init__(self, inputs: int, outputs: int, kernel: int, mask: Literal["A", "B"]) -> None:
        super().__init__()
        self.reach = kernel // 2
        seen = torch.ones(self.reach + 1, kernel)
        seen[-1, self.reach + (mask == "B") :] = 0
        self.register_buffer("seen", seen, persistent=False)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, *seen.shape))
        self.bias = nn.Parameter(torch.empty(outputs))
        if not self.weight.is_meta:  # see `_initialise`
            fan_in = inputs * int(seen.sum())
            nn.init.normal_(self.weight, std=math.sqrt(2 / fan_in))
            # Not zero: at the first pixel, which sees nothing, the bias is all that there is to be normalised.
            nn.init.uniform_(self.bias, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    def forward(self, x: Float[Tensor, "N inputs H W"]) -> Float[Tensor, "N outputs H W"]:
        # Padded below as above; what the last rows say there is of no pixel.
        return functional.conv2d(x, self.weight * self.seen, self.bias, padding=self.reach)[..., : x.shape[-2], :]

    def places(self) -> list[tuple[int, int]]:
        """Row and column, seen from a pixel, of the places that it sees, in reading order."""
        return [(row - self.reach, column - self.reach) for row, column in self.seen.nonzero().tolist()]

    def matrix(self) -> Float[Tensor, "outputs P"]:
        """The weights as a matrix, for the inputs at `places` one after another."""
        return self.weight[:, :, self.seen > 0].movedim(1, 2).flatten(1)


class NormalHead(nn.Module):
    """Features to N(mean, diag exp(logvar)), the log-variance kept within `LOGVAR_RANGE`.

    Computed in float32 also under autocast: a distribution's parameters are never rounded to bfloat16.
    """

    def __init__(self, inputs: int, dimensions: int) -> None:
        super().__init__()
        self.linear = Affine(inputs, 2 * dimensions)
        _initialise(self.linear, "linear")

    def forward(self, features: Float[Tensor, "*batch inputs"]) -> DiagNormal:
        with torch.autocast(features.device.type, enabled=False):
            mean, logvar = self.linear(features.to(self.linear.weight.dtype)).chunk(2, -1)
            return DiagNormal(mean, logvar.clamp(*LOGVAR_RANGE))


def _initialise(linear: nn.Linear | nn.Conv2d, nonlinearity: Literal["relu", "linear"]) -> None:
    """He's normal initialisation, and no bias.

    Weights without memory, built for their shapes only, are left alone: to draw numbers that are never stored torch
    imports its compiler, for a second and a half.
    """
    if not linear.weight.is_meta:
        nn.init.kaiming_normal_(linear.weight, nonlinearity=nonlinearity)
        if linear.bias is not None:
            nn.init.zeros_(linear.bias)
