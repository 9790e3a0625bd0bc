"""Models whose figures are known exactly: linear maps and normal distributions, in float64."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vampcore.distributions import LOG_2PI, DiagNormal, DiagNormalMixture
from vampcore.models import VAE
from vampcore.priors import Prior, StandardNormal

NOISE = 0.5


@dataclass(frozen=True)
class Gaussian:
    """p(x | z) = N(location, NOISE^2 I)."""

    location: Tensor

    def log_prob(self, x: Tensor) -> Tensor:
        squared = ((x - self.location) / NOISE).square() + LOG_2PI
        return -0.5 * squared.sum((-3, -2, -1)) - x[0].numel() * torch.tensor(NOISE, dtype=x.dtype).log()

    def mean(self, generator: torch.Generator | None = None) -> Tensor:
        return self.location

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        return self.location + NOISE * torch.randn(self.location.shape, dtype=self.location.dtype, generator=generator)


class LinearEncoder(nn.Module):
    """q(z | x) = N(A x + b, diag variance), the same variance for every x."""

    def __init__(self, matrix: Tensor, offset: Tensor, variance: Tensor) -> None:
        super().__init__()
        self.latent_dim = len(offset)
        self.register_buffer("matrix", matrix)
        self.register_buffer("offset", offset)
        self.register_buffer("logvar", variance.log())

    def forward(self, x: Tensor) -> DiagNormal:
        mean = x.flatten(1) @ self.matrix.mT + self.offset
        return DiagNormal(mean, self.logvar.expand_as(mean))


class LinearDecoder(nn.Module):
    """p(x | z) = N(W z, NOISE^2 I) for the last layer's z."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)

    def forward(self, *z: Tensor) -> Gaussian:
        return Gaussian((z[-1] @ self.weight.mT).unsqueeze(-2).unsqueeze(-2))


@dataclass(frozen=True)
class PairwiseGaussian(Gaussian):
    """One that scores many observations under each of its locations, as `metrics.can_integrate` asks for."""

    def pairwise_log_prob(self, x: Tensor) -> Tensor:
        return torch.stack([self.log_prob(each[None]) for each in x], -1)


class PairwiseDecoder(LinearDecoder):
    """A `LinearDecoder` with such likelihoods."""

    def forward(self, *z: Tensor) -> PairwiseGaussian:
        return PairwiseGaussian(super().forward(*z).location)


class FixedMixture(Prior):
    """A prior that is a given mixture."""

    def __init__(self, mixture: DiagNormalMixture) -> None:
        super().__init__()
        self.mixture = mixture

    def forward(self, encoder: nn.Module, index: Tensor | None = None) -> DiagNormalMixture:
        return self.mixture


class LinearLower(nn.Module):
    """q(z1 | x, z2) = N(x B' + c z2, variance) and p(z1 | z2) = N(0.5 z2, 0.75)."""

    def __init__(self, matrix: Tensor, above: float, variance: float) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix)
        self.latent_dim, self.above, self.variance = len(matrix), above, variance

    def posterior(self, x: Tensor, z: Tensor) -> DiagNormal:
        mean = x.flatten(1) @ self.matrix.mT + self.above * z
        return DiagNormal(mean, torch.full_like(mean, self.variance).log())

    def prior(self, z: Tensor) -> DiagNormal:
        return DiagNormal(0.5 * z, torch.full_like(z, 0.75).log())


def orthogonal_weight(pixels: int, latent_dim: int) -> Tensor:
    """Columns at right angles, of different lengths: the exact posterior is then a diagonal normal."""
    square = torch.randn(pixels, pixels, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    lengths = torch.linspace(1.5, 0.3, latent_dim, dtype=torch.float64)
    return torch.linalg.qr(square).Q[:, :latent_dim] * lengths


def exact_posterior(weight: Tensor) -> LinearEncoder:
    """The encoder that leaves no gap between the ELBO and log p(x) under N(0, I)."""
    variance = 1 / (1 + weight.square().sum(0) / NOISE**2)
    return LinearEncoder(variance.unsqueeze(-1) * weight.mT / NOISE**2, torch.zeros_like(variance), variance)


def linear_vae(weight: Tensor, encoder: LinearEncoder | None = None, prior: nn.Module | None = None) -> VAE:
    """z ~ N(0, I) unless a prior is given, x ~ N(W z, NOISE^2 I); the posterior is exact unless an encoder is given."""
    prior = StandardNormal(weight.shape[1]).double() if prior is None else prior
    return VAE(encoder or exact_posterior(weight), prior, LinearDecoder(weight)).eval()


def two_layer_vae(pixels: int = 5, latent_dim: int = 2) -> VAE:
    """A hierarchy z2 -> z1 -> x, not at its optimum."""
    weight = orthogonal_weight(pixels, latent_dim)
    shrunk = weight.mT / (NOISE**2 + weight.square().sum(0)).unsqueeze(-1)
    zeros = torch.zeros(latent_dim, dtype=torch.float64)
    encoder = LinearEncoder(0.4 * shrunk, zeros, zeros + 0.7)
    prior = StandardNormal(latent_dim).double()
    return VAE(encoder, prior, LinearDecoder(weight), [LinearLower(shrunk, 0.2, 0.3)]).eval()


def two_layer_covariance(weight: Tensor) -> Tensor:
    """Of x under `two_layer_vae`: z1 has variance 0.25 + 0.75."""
    return weight @ weight.mT + NOISE**2 * torch.eye(len(weight), dtype=weight.dtype)


def images(n: int, pixels: int, generator: torch.Generator, scale: float = 1.0) -> Tensor:
    """Observations of one row of pixels."""
    return scale * torch.randn(n, 1, 1, pixels, dtype=torch.float64, generator=generator)
