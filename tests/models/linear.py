"""Linear Gaussian models, whose log p(x) is known exactly, as modules for encoder, lower layer and decoder."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vampcore.distributions import DiagNormal

WIDE = torch.float64


@dataclass(frozen=True)
class Gaussian:
    """p(x | z) of the linear models: equal variance for each pixel."""

    centre: Tensor
    variance: float

    def log_prob(self, x: Tensor) -> Tensor:
        squared = (x - self.centre).square() / self.variance
        return -0.5 * (squared + math.log(2 * math.pi * self.variance)).sum((-3, -2, -1))

    def mean(self, generator: torch.Generator | None = None) -> Tensor:
        return self.centre

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        noise = torch.randn(self.centre.shape, generator=generator, dtype=self.centre.dtype)
        return self.centre + self.variance**0.5 * noise


class Affine(nn.Module):
    """q(z | x), normal with a mean linear in x."""

    def __init__(self, matrix: Tensor, shift: Tensor, variance: Tensor) -> None:
        super().__init__()
        self.matrix, self.shift = nn.Parameter(matrix), nn.Parameter(shift)
        self.logvar = nn.Parameter(variance.log())

    def forward(self, x: Tensor) -> DiagNormal:
        mean = x.flatten(1) @ self.matrix.T + self.shift
        return DiagNormal(mean, self.logvar.expand_as(mean))


class LinearDecoder(nn.Module):
    """x ~ N(sum over layers of W_l z_l, variance)."""

    def __init__(self, variance: float, *matrices: Tensor) -> None:
        super().__init__()
        self.matrices, self.variance = matrices, variance

    def forward(self, *z: Tensor) -> Gaussian:
        centre = sum(each @ matrix.T for each, matrix in zip(z, self.matrices, strict=True))
        return Gaussian(centre.unflatten(-1, (1, 1, -1)), self.variance)


class LinearLayer(nn.Module):
    """z1 ~ N(A z2, variance) below z2, with a normal posterior linear in x and z2."""

    def __init__(self, a: Tensor, variance: float, from_x: Tensor, from_z: Tensor, posterior_variance: Tensor) -> None:
        super().__init__()
        self.a, self.variance, self.from_x, self.from_z = a, variance, from_x, from_z
        self.posterior_logvar = posterior_variance.log()
        self.latent_dim = len(a)

    def posterior(self, x: Tensor, *above: Tensor) -> DiagNormal:
        mean = x.flatten(1) @ self.from_x.T + above[-1] @ self.from_z.T
        return DiagNormal(mean, self.posterior_logvar.expand_as(mean))

    def prior(self, *above: Tensor) -> DiagNormal:
        mean = above[-1] @ self.a.T
        return DiagNormal(mean, torch.full_like(mean, math.log(self.variance)))


def observations(count: int, pixels: int, seed: int = 0) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.randn(count, 1, 1, pixels, generator=source, dtype=WIDE)
