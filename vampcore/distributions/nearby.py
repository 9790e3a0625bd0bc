"""A mixture's density around one place: accurate in the precision of the places themselves."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vampcore.distributions.mixture import DiagNormalMixture
from vampcore.distributions.normal import LOG_2PI


@dataclass(frozen=True)
class NearbyMixture:
    """The density of a mixture, for many places that lie together, such as the samples of one posterior.

    `DiagNormal.pairwise_log_prob` adds large terms that nearly cancel, in float64. Measured from a place among them,
    the terms of every component that matters are small, so that float32, twice as fast, is exact to rounding. Far from
    that place it is not; build it with `of`.

    Attributes:
        mixture: What it is the density of.
        origin: The place.
        weights: What a component's log-density takes of the squares of z - origin and of z - origin.
        constant: The log-density of each component at the origin, with its log-weight.
    """

    mixture: DiagNormalMixture
    origin: Float[Tensor, " D"]
    weights: Float[Tensor, "K 2*D"]
    constant: Float[Tensor, " K"]

    @classmethod
    def of(cls, mixture: DiagNormalMixture, origin: Float[Tensor, " D"]) -> "NearbyMixture":
        """The density of a mixture around a place; computed in float64 where the device has it."""
        dtype = origin.dtype if origin.device.type == "mps" else torch.float64
        mean, logvar = mixture.components.mean.to(dtype), mixture.components.logvar.to(dtype)
        offset, precision = mean - origin.to(dtype), (-logvar).exp()
        weights = torch.cat([-0.5 * precision, offset * precision], -1)
        at_origin = -0.5 * (LOG_2PI + logvar + offset.square() * precision).sum(-1)
        constant = at_origin + mixture.log_weights.to(dtype)
        return cls(mixture, origin, weights.to(origin.dtype), constant.to(origin.dtype))

    def log_prob(self, z: Float[Tensor, "*s D"]) -> Float[Tensor, "*s"]:
        """Log-density in nats."""
        step = z - self.origin
        with torch.autocast(z.device.type, enabled=False):
            joint = functional.linear(torch.cat([step.square(), step], -1), self.weights, self.constant)
        return joint.logsumexp(-1)

    def sample(
        self, shape: tuple[int, ...] = (), generator: torch.Generator | None = None, temperature: float = 1.0
    ) -> Float[Tensor, "*shape D"]:
        """Samples of the mixture itself."""
        return self.mixture.sample(shape, generator, temperature)
