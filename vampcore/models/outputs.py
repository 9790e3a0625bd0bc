"""From the maps that a convolution ends in to p(x | z): one map, or two, for each channel of an observation."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.likelihoods import Binomial, DiscretisedLogistic

Pixels = Binomial | DiscretisedLogistic
"""Independent pixels, whose samples are functions of uniform noise (`at`)."""


@dataclass(frozen=True)
class PixelOutput:
    """How maps become a distribution over pixels.

    Attributes:
        maps: Maps for each channel of an observation.
        draws: Uniform numbers that a sample of a pixel takes.
        distribution: Of maps of shape `*batch (maps C) H W`.
    """

    maps: int
    draws: int
    distribution: Callable[[Tensor], Pixels]


def pixel_output(likelihood: str, levels: int) -> PixelOutput:
    """The output of a likelihood's name; counts take `levels` trials a pixel."""
    if likelihood == "logistic":
        return PixelOutput(maps=2, draws=1, distribution=_logistic_of_maps)
    trials = 1 if likelihood == "bernoulli" else levels
    return PixelOutput(maps=1, draws=trials, distribution=lambda maps: Binomial(_exact(maps), trials))


def logistic(location: Float[Tensor, "*batch C H W"], log_scale: Float[Tensor, "*batch C H W"]) -> DiscretisedLogistic:
    """The discretised logistic of two unbounded numbers a pixel: a location in [0, 1], a log-scale in [-4.5, 0]."""
    return DiscretisedLogistic(location.sigmoid(), (log_scale - 2).clamp(-4.5, 0))


def _exact(maps: Float[Tensor, "*batch P H W"]) -> Float[Tensor, "*batch P H W"]:
    """In float32 at least: a distribution's parameters are not left in what autocast rounds to."""
    return maps.to(torch.promote_types(maps.dtype, torch.float32))


def _logistic_of_maps(maps: Float[Tensor, "*batch P H W"]) -> DiscretisedLogistic:
    location, log_scale = _exact(maps).chunk(2, -3)
    return logistic(location, log_scale)
