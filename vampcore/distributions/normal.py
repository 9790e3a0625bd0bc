"""Normal distributions with diagonal covariance, and the random numbers that all samples are made of."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

LOG_2PI = math.log(2 * math.pi)


class Products(NamedTuple):
    """The log-densities of K normals at many places as one matrix product, x . weight_k + bias_k + rest."""

    x: Float[Tensor, "*s F"]
    weight: Float[Tensor, "K F"]
    bias: Float[Tensor, " K"]
    rest: Float[Tensor, "*s"] | None


class Draw(NamedTuple):
    """Samples with what the objectives need of them: z, the mean E[z], and log q(z)."""

    z: Float[Tensor, "*batch D"]
    mean: Float[Tensor, "*batch D"]
    log_prob: Float[Tensor, "*batch"]


def noise(shape: tuple[int, ...], like: Tensor, generator: torch.Generator | None) -> Float[Tensor, "..."]:
    """Standard normal noise on the device and in the dtype of `like`.

    A generator of another device is drawn from there and moved, so that one seed gives one noise on every device.
    """
    where = like.device if generator is None else generator.device
    return torch.randn(shape, dtype=like.dtype, device=where, generator=generator).to(like.device)


def uniform(shape: tuple[int, ...], like: Tensor, generator: torch.Generator | None) -> Float[Tensor, "..."]:
    """Uniform noise in [0, 1) on the device and in the dtype of `like`; see `noise`."""
    where = like.device if generator is None else generator.device
    return torch.rand(shape, dtype=like.dtype, device=where, generator=generator).to(like.device)


@dataclass(frozen=True)
class DiagNormal:
    """N(mean, diag exp(logvar)): one distribution over D dimensions for each index of the batch."""

    mean: Float[Tensor, "*batch D"]
    logvar: Float[Tensor, "*batch D"]

    @property
    def scale(self) -> Float[Tensor, "*batch D"]:
        """Standard deviations."""
        return (0.5 * self.logvar).exp()

    def __getitem__(self, index: int | slice | Tensor) -> "DiagNormal":
        return type(self)(self.mean[index], self.logvar[index])

    def log_prob(self, z: Float[Tensor, "*s D"]) -> Float[Tensor, "*s_batch"]:
        """log N(z; mean, diag exp(logvar)) in nats, broadcast over the batch."""
        squared = (z - self.mean).square() * (-self.logvar).exp()
        return -0.5 * (LOG_2PI + self.logvar + squared).sum(-1)

    def pairwise_log_prob(self, z: Float[Tensor, "*s D"]) -> Float[Tensor, "*s K"]:
        """log-density of every z under every one of the K distributions of a one-dimensional batch; see `products`.

        Devices without float64 take the direct form.
        """
        if z.device.type == "mps":
            return self.log_prob(z.unsqueeze(-2))
        x, weight, bias, rest = self.products(z)
        with torch.autocast(z.device.type, enabled=False):
            pairs = functional.linear(x, weight, bias)
        return (pairs if rest is None else pairs + rest.unsqueeze(-1)).to(z.dtype)

    def products(self, z: Float[Tensor, "*s D"]) -> Products:
        """What the log-density of every z under every distribution of a one-dimensional batch is a product of.

        -(z - m)^2 / v = -z^2 / v + 2 z m / v - m^2 / v. The terms are large and nearly cancel, so they are added in
        float64 (products in float32 err by up to 0.4 nats where scales are small).
        """
        mean, logvar, wide = self.mean.double(), self.logvar.double(), z.double()
        precision = (-logvar).exp()
        weight = torch.cat([-0.5 * precision, mean * precision], -1)
        bias = -0.5 * (LOG_2PI + logvar + mean.square() * precision).sum(-1)
        return Products(torch.cat([wide.square(), wide], -1), weight, bias, None)

    def entropy(self) -> Float[Tensor, "*batch"]:
        """Differential entropy in nats."""
        return 0.5 * (1 + LOG_2PI + self.logvar).sum(-1)

    def sample(
        self, shape: tuple[int, ...] = (), generator: torch.Generator | None = None, temperature: float = 1.0
    ) -> Float[Tensor, "*shape_batch_D"]:
        """Samples mean + temperature * scale * noise, of shape `(*shape, *batch, D)`."""
        epsilon = noise((*shape, *self.mean.shape), self.mean, generator)
        return self.mean + temperature * self.scale * epsilon

    def draw(self, shape: tuple[int, ...] = (), generator: torch.Generator | None = None) -> Draw:
        """Reparameterised samples with their mean and log-density."""
        return self.at(noise((*shape, *self.mean.shape), self.mean, generator))

    def at(self, epsilon: Float[Tensor, "*shape_batch D"]) -> Draw:
        """The draw that standard normal noise stands for; the noise gives its log-density without a subtraction."""
        z = self.mean + self.scale * epsilon
        return Draw(z, self.mean.expand_as(z), -0.5 * (LOG_2PI + self.logvar + epsilon.square()).sum(-1))


@dataclass(frozen=True)
class OneScaleNormal(DiagNormal):
    """N(mean, scale^2 I) with one scale for all dimensions of all distributions: `logvar` is one number, expanded."""

    @classmethod
    def of(cls, mean: Float[Tensor, "*batch D"], logvar: Float[Tensor, ""]) -> "OneScaleNormal":
        """The distributions with these means."""
        return cls(mean, logvar.expand_as(mean))

    def products(self, z: Float[Tensor, "*s D"]) -> Products:
        """Half as many products, since z^2 / v is the same under all of them.

        In float64, except where gradients are wanted: there in float32, seen from the middle of the means, so that the
        log-densities err by about 1e-7 |z| |m| / v nats. That is 1e-5 for exemplars of MNIST (v = 0.7); of 20,000
        normals in 40 dimensions it was 6e-5 at v = 0.14, 6e-4 at 0.02 and 5e-3 at 0.0025.
        """
        dtype = z.dtype if torch.is_grad_enabled() else torch.float64
        logvar = self.logvar[(0,) * self.logvar.ndim].to(dtype)
        middle = self.mean.detach().mean(0)
        mean, offset = (self.mean - middle).to(dtype), (z - middle).to(dtype)
        precision = (-logvar).exp()
        bias = -0.5 * precision * mean.square().sum(-1)
        rest = -0.5 * (precision * offset.square().sum(-1) + z.shape[-1] * (LOG_2PI + logvar))
        return Products(offset * precision, mean, bias, rest)
