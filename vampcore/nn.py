"""Layers: gated dense layers, and the head that turns features into a normal distribution."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vampcore.distributions import DiagNormal

LOGVAR_RANGE = (-6.0, 2.0)


class GatedDense(nn.Module):
    """h * sigmoid(g), where h and g are affine maps of the input, computed as one.

    Reference:
        Dauphin et al., Language Modeling with Gated Convolutional Networks, ICML 2017. https://arxiv.org/abs/1612.08083
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, 2 * outputs)
        _initialise(self.linear, "relu")

    def forward(self, x: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch outputs"]:
        value, gate = self.linear(x).chunk(2, -1)
        return value * gate.sigmoid()


def gated_layers(inputs: int, hidden: int, layers: int) -> nn.Sequential:
    """`layers` gated dense layers of `hidden` units each."""
    return nn.Sequential(*(GatedDense(inputs if i == 0 else hidden, hidden) for i in range(layers)))


class NormalHead(nn.Module):
    """Features to N(mean, diag exp(logvar)), the log-variance kept within `LOGVAR_RANGE`.

    Computed in float32 also under autocast: a distribution's parameters are never rounded to bfloat16.
    """

    def __init__(self, inputs: int, dimensions: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, 2 * dimensions)
        _initialise(self.linear, "linear")

    def forward(self, features: Float[Tensor, "*batch inputs"]) -> DiagNormal:
        with torch.autocast(features.device.type, enabled=False):
            mean, logvar = self.linear(features.to(self.linear.weight.dtype)).chunk(2, -1)
            return DiagNormal(mean, logvar.clamp(*LOGVAR_RANGE))


def _initialise(linear: nn.Linear, nonlinearity: Literal["relu", "linear"]) -> None:
    """He's normal initialisation, and no bias.

    Weights without memory, built for their shapes only, are left alone: to draw numbers that are never stored torch
    imports its compiler, for a second and a half.
    """
    if not linear.weight.is_meta:
        nn.init.kaiming_normal_(linear.weight, nonlinearity=nonlinearity)
        nn.init.zeros_(linear.bias)
