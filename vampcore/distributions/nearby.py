"""A mixture's density around one place: accurate in the precision of the places themselves."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.distributions.log_sum import linear_logsumexp
from vampcore.distributions.mixture import DiagNormalMixture
from vampcore.distributions.normal import LOG_2PI, DiagNormal
from vampcore.distributions.protocols import Distribution, Posterior

# The squared distance of a sample from the origin, in scales of the narrowest component, that a single sum may hold.
# Such a sum has about 7 digits, so that a log-density is then exact to about 0.001 nats.
LARGEST_SUM = 10_000.0
# Half of the squared distance in scales within which nearly all samples of a normal lie, for each dimension.
REACH = 2.0


def float32_suffices(mixture: DiagNormalMixture, posterior: DiagNormal) -> bool:
    """Whether samples of a posterior lie near enough to each other for `NearbyMixture`, in float32.

    Arguments:
        mixture: Whose density is wanted.
        posterior: Of one observation.
    """
    if posterior.mean.dtype == torch.float64:
        return True
    widest = posterior.logvar.unsqueeze(-2) - mixture.components.logvar
    return REACH * float(widest.exp().sum(-1).max()) < LARGEST_SUM


def around(prior: Distribution, posterior: Posterior) -> Distribution:
    """The prior, as it is computed fastest around the samples of one observation's posterior, `(1, D)`."""
    if (
        not isinstance(prior, DiagNormalMixture)
        or len(prior.log_weights) == 1
        or not isinstance(posterior, DiagNormal)  # a flow has no mean at hand
        # Samples that reach far beyond a narrow component need float64 after all.
        or not float32_suffices(prior, posterior[0])
    ):
        return prior
    return NearbyMixture.of(prior, posterior.mean[0])


@dataclass(frozen=True)
class NearbyMixture:
    """The density of a mixture, for many places that lie together, such as the samples of one posterior.

    `DiagNormal.products` have large terms that nearly cancel, in float64. Measured from a place among them,
    the terms of every component that matters are small, so that float32, twice as fast, gives the density to about
    0.001 nats where `float32_suffices` says so. Far from that place it does not; build it with `of`.

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
        """Log-density in nats; memory stays bounded, however many components there are."""
        step = z - self.origin
        return linear_logsumexp(torch.cat([step.square(), step], -1), self.weights, self.constant)

    def sample(
        self, shape: tuple[int, ...] = (), generator: torch.Generator | None = None, temperature: float = 1.0
    ) -> Float[Tensor, "*shape D"]:
        """Samples of the mixture itself."""
        return self.mixture.sample(shape, generator, temperature)
