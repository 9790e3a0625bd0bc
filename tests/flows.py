"""Flows away from the identity, each decided by its seed, in float64."""

import torch
from torch import nn

from vampcore.distributions import DiagNormal, Flow
from vampcore.transforms import AffineTransforms


def shaken(module: nn.Module, seed: int, size: float = 0.6) -> nn.Module:
    """The module in float64, its weights drawn anew."""
    source = torch.Generator().manual_seed(seed)
    for parameter in module.double().parameters():
        parameter.data = size * torch.randn(parameter.shape, generator=source, dtype=torch.float64)
    return module


def transforms(
    dimensions: int, coupling: bool, count: int = 3, context: int = 0, hidden: int = 8, seed: int = 0, size: float = 0.6
) -> AffineTransforms:
    made = shaken(AffineTransforms(dimensions, count, hidden, coupling, context), seed, size)
    assert isinstance(made, AffineTransforms)
    return made


def flow(dimensions: int, coupling: bool, inverse: bool = False, seed: int = 0, size: float = 0.6) -> Flow:
    """One density over D dimensions; with `inverse`, the transforms run from the latent space to the normal."""
    source = torch.Generator().manual_seed(seed + 100)
    mean, logvar = (0.3 * torch.randn(2, dimensions, generator=source, dtype=torch.float64)).unbind()
    chain = transforms(dimensions, coupling, seed=seed, size=size)()
    return Flow(DiagNormal(mean, logvar), tuple(t.inv for t in reversed(chain)) if inverse else chain)
