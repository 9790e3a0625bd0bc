"""Learned invertible transforms of the latent space: the layers that a flow is made of."""

import math
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from zuko.flows import MaskedAutoregressiveTransform
from zuko.nn import MaskedLinear
from zuko.transforms import MonotonicAffineTransform

from vampcore.distributions import Transform

# A transform stretches a dimension by a factor of exp(-3) to exp(3), smoothly bounded, so that the densities of many
# transforms stay within float32 whatever their weights are.
LOG_SCALE_BOUND = 3.0
# Of the last layer's weights at the start, as a share of their usual size: near the identity, yet with gradients.
START = 0.1
HIDDEN_LAYERS = 2


class AffineTransforms(nn.Module):
    """Affine transforms y_i = exp(s_i) x_i + t_i, where a network makes s_i and t_i of other dimensions and a context.

    With coupling, the dimensions fall into two halves, of which the first moves the second; the inverse takes two
    passes. Otherwise all dimensions before the i-th one move it, and the inverse takes D passes. The order of the
    dimensions is turned round from one transform to the next.

    Arguments:
        dimensions: D, two or more.
        transforms: Their number.
        hidden: Units of each of the two hidden layers of each network.
        coupling: Whether they are coupling transforms.
        context: Features of the context; 0 for none.

    References:
        Dinh, Sohl-Dickstein, Bengio, Density estimation using Real NVP, ICLR 2017. https://arxiv.org/abs/1605.08803
        Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow, NeurIPS 2016.
        https://arxiv.org/abs/1606.04934
    """

    def __init__(self, dimensions: int, transforms: int, hidden: int, coupling: bool, context: int = 0) -> None:
        super().__init__()
        orders = torch.arange(dimensions, device="cpu"), torch.arange(dimensions, device="cpu").flip(0)
        self.transforms = nn.ModuleList(
            _affine(orders[i % 2], hidden, 2 if coupling else dimensions, context) for i in range(transforms)
        )

    def forward(self, context: Float[Tensor, "*batch context"] | None = None) -> tuple[Transform, ...]:
        """The transforms of a context, first to last."""
        return tuple(transform(context) for transform in self.transforms)


def count_learned(module: nn.Module) -> int:
    """Numbers that a module learns: those of its parameters that no mask takes out."""
    masked = sum(int((~layer.mask).sum()) for layer in module.modules() if isinstance(layer, MaskedLinear))
    return sum(parameter.numel() for parameter in module.parameters()) - masked


def _affine(order: Tensor, hidden: int, passes: int, context: int) -> nn.Module:
    without_memory = torch.empty(()).is_meta
    with torch.device("cpu"):  # masks are worked out from values, which a tensor without memory does not have
        transform = MaskedAutoregressiveTransform(
            len(order),
            context,
            passes=passes,
            order=order,
            univariate=_bounded_affine,
            hidden_features=(hidden,) * HIDDEN_LAYERS,
            activation=nn.SiLU,
        )
    layers = [layer for layer in transform.modules() if isinstance(layer, MaskedLinear)]
    for layer in layers:
        # Follows from the configuration, so it is not stored: no file can make the transform another than it is.
        mask = cast(Tensor, layer.mask)
        del layer.mask
        layer.register_buffer("mask", mask, persistent=False)
    transform.order = None  # serves its printed form only
    with torch.no_grad():
        layers[-1].weight.mul_(START)
        layers[-1].bias.zero_()
    return transform.to("meta") if without_memory else transform


def _bounded_affine(shift: Tensor, scale: Tensor) -> MonotonicAffineTransform:
    return MonotonicAffineTransform(shift, scale, slope=math.exp(-LOG_SCALE_BOUND))
