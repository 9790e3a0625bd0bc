"""Normals, mixtures, planes and points for the tests of distributions, each decided by its seed."""

import math

import torch
from torch import distributions as reference

from vampcore.distributions import DiagNormal, DiagNormalMixture


def normals(count: int, dimensions: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> DiagNormal:
    source = torch.Generator().manual_seed(seed)
    mean = 1.2 * torch.randn(count, dimensions, generator=source)
    logvar = 0.6 * torch.randn(count, dimensions, generator=source) - 1.5
    return DiagNormal(mean.to(dtype), logvar.to(dtype))


def mixture(
    count: int = 4, dimensions: int = 2, seed: int = 0, dtype: torch.dtype = torch.float64
) -> DiagNormalMixture:
    logits = torch.randn(count, generator=torch.Generator().manual_seed(seed + 1))
    return DiagNormalMixture(normals(count, dimensions, seed, dtype), logits.to(dtype))


def plane(dimensions: int, seed: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    source = torch.Generator().manual_seed(seed)
    basis = torch.linalg.qr(torch.randn(dimensions, 2, generator=source, dtype=torch.float64))[0]
    return basis, torch.randn(dimensions, generator=source, dtype=torch.float64)


def points(shape: tuple[int, ...], seed: int = 9, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return 2 * torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def far_apart(weights: list[float], scale: float = 1.0, distance: float = 1000.0) -> DiagNormalMixture:
    """Components so far from each other that a sample tells which one it came from."""
    mean = distance * torch.arange(len(weights), dtype=torch.float64).unsqueeze(1).expand(-1, 2)
    return DiagNormalMixture(DiagNormal(mean, torch.full_like(mean, 2 * math.log(scale))), torch.tensor(weights).log())


def drawn(p: DiagNormalMixture, z: torch.Tensor) -> torch.Tensor:
    return (z.unsqueeze(-2) - p.components.mean).square().sum(-1).argmin(-1)


def same_in_torch(p: DiagNormalMixture) -> reference.MixtureSameFamily:
    """The mixture as torch.distributions has it."""
    return reference.MixtureSameFamily(
        reference.Categorical(logits=p.logits),
        reference.Independent(reference.Normal(p.components.mean, p.components.scale), 1),
    )
