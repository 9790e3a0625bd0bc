"""p(x | z): what a decoder returns. Observations are floats in [0, 1] of shape C H W."""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vampcore.distributions import uniform

GREY_LEVELS = 256
# Scales between a pixel and its logistic up to which float32 holds the exponential.
_FAR = 87.0


@runtime_checkable
class Likelihood(Protocol):
    """A distribution over observations; log-densities sum over C H W, in nats."""

    def log_prob(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "*batch"]: ...

    def mean(self, generator: torch.Generator | None = None) -> Float[Tensor, "*batch C H W"]: ...

    def sample(self, generator: torch.Generator | None = None) -> Float[Tensor, "*batch C H W"]: ...


@runtime_checkable
class PairwiseLikelihood(Protocol):
    """One whose pixels are independent, so that many observations are scored under many distributions at once."""

    def pairwise_log_prob(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "M N"]: ...


@dataclass(frozen=True)
class Binomial:
    """Independent counts of `trials` draws a pixel, seen as shares count / trials; one trial is the Bernoulli.

    Attributes:
        logits: Log-odds of one draw.
        trials: Draws a pixel.
    """

    logits: Float[Tensor, "*batch C H W"]
    trials: int = 1

    def log_prob(self, x: Float[Tensor, "*n C H W"]) -> Float[Tensor, "*batch"]:
        """sum over pixels of log C(n, c) + c l - n softplus(l), for counts c = n x."""
        logits = self.logits.flatten(-3)
        half = 0.5 * logits.abs()
        # softplus(l) = l / 2 + |l| / 2 + log(1 + exp(-|l|)), smooth at 0 also for autograd.
        per_draw = ((x.flatten(-3) - 0.5) * logits - half).sum(-1) - _sum_log(1 + (-2 * half).exp())
        return self.trials * per_draw + self._log_choices(x)

    def mean(self, generator: torch.Generator | None = None) -> Float[Tensor, "*batch C H W"]:
        """Expected share of each pixel."""
        return self.logits.sigmoid()

    def sample(self, generator: torch.Generator | None = None) -> Float[Tensor, "*batch C H W"]:
        """Shares drawn pixel by pixel."""
        return self.at(uniform((self.trials, *self.logits.shape), self.logits, generator))

    def at(self, u: Float[Tensor, "trials *batch C H W"]) -> Float[Tensor, "*batch C H W"]:
        """The sample that uniform noise in [0, 1) stands for, one number for each draw of a pixel."""
        return (u < self.logits.sigmoid()).to(self.logits.dtype).mean(0)

    def pairwise_log_prob(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "M N"]:
        """`log_prob` of every one of N observations under every one of M distributions, as one product."""
        logits = self.logits.flatten(-3)
        half = 0.5 * logits.abs()
        rest = half.sum(-1) + _sum_log(1 + (-2 * half).exp())
        return (self.trials * (logits @ (x.flatten(1) - 0.5).to(logits).mT - rest.unsqueeze(-1))).add_(
            self._log_choices(x)
        )

    def _log_choices(self, x: Float[Tensor, "*n C H W"]) -> Float[Tensor, "*n"]:
        if self.trials == 1:
            return x.new_zeros(x.shape[:-3])
        counts = self.trials * x
        log_choices = math.lgamma(self.trials + 1) - (counts + 1).lgamma() - (self.trials - counts + 1).lgamma()
        return log_choices.sum((-3, -2, -1))


def _sum_log(factors: Float[Tensor, "*batch P"]) -> Float[Tensor, "*batch"]:
    """Sum of the logs of factors in [1, 2], most of them multiplied first: a logarithm costs more than all the rest.

    Five halvings multiply 32 factors at most, a product that float32 holds with ease.
    """
    for _ in range(5):
        half, odd = divmod(factors.shape[-1], 2)
        if odd:
            break
        factors = factors[..., :half] * factors[..., half:]
    return factors.log().sum(-1)


@dataclass(frozen=True)
class DiscretisedLogistic:
    """A logistic distribution cut into 256 bins of [0, 1]; the end bins take the tails.

    Attributes:
        location: Centre of the logistic, in units of [0, 1].
        log_scale: Log of its scale; one value for each pixel, or broadcast.

    Reference:
        Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow, NeurIPS 2016.
        https://arxiv.org/abs/1606.04934
    """

    location: Float[Tensor, "*batch C H W"]
    log_scale: Float[Tensor, "*#batch C H W"]

    def log_prob(self, x: Float[Tensor, "*n C H W"]) -> Float[Tensor, "*batch"]:
        """Log of the probability of each pixel's bin, summed over pixels; x is a bin's centre, (k + 0.5) / 256."""
        left = (x * GREY_LEVELS).floor().clamp(0, GREY_LEVELS - 1) / GREY_LEVELS
        scale = self.log_scale.exp()
        low = (left - self.location) / scale
        high = (left + 1 / GREY_LEVELS - self.location) / scale
        # sigmoid(high) - sigmoid(low) = sigmoid(high) sigmoid(-low) (1 - exp(-width)): no cancellation in tails.
        # The width is exact, where high - low would lose it (and be 0, of infinite log) at a large scale or far away.
        width = 1 / (GREY_LEVELS * scale)
        inside = functional.logsigmoid(high) + functional.logsigmoid(-low) + (-(-width).expm1()).log()
        first, last = left <= 0, left >= (GREY_LEVELS - 1) / GREY_LEVELS
        log_bin = torch.where(
            first, functional.logsigmoid(high), torch.where(last, functional.logsigmoid(-low), inside)
        )
        return log_bin.sum((-3, -2, -1))

    def pairwise_log_prob(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "M N"]:
        """`log_prob` of every one of N observations under every one of M distributions.

        With u = exp(low) and w = exp(-width), 1 / (sigmoid(high) sigmoid(-low)) = (1 + w / u) (1 + u): one exponential
        and one logarithm a pixel.
        """
        location, precision = self.location.flatten(1), (-self.log_scale).exp().flatten(1)
        width = precision / GREY_LEVELS
        shrunk, log_share = (-width).exp(), (-(-width).expm1()).log()
        left = (x.flatten(1) * GREY_LEVELS).floor().clamp(0, GREY_LEVELS - 1) / GREY_LEVELS
        not_first, not_last = (left > 0).to(x.dtype), (left < (GREY_LEVELS - 1) / GREY_LEVELS).to(x.dtype)
        # Beyond, an exponential is infinite in float32; its logarithm is the distance, to all digits.
        is_far = bool((precision * torch.maximum(location, 1 - location)).amax() > _FAR)
        found = log_share @ (not_first * not_last).mT
        for n in range(len(x)):
            distance = (left[n] - location) * precision
            near = distance.clamp(-_FAR, _FAR) if is_far else distance
            u = near.exp()
            factors = not_first[n] * (u + not_last[n] * shrunk) + 1 + not_last[n] * shrunk / u
            found[:, n] -= factors.log_().sum(-1)
            if is_far:
                found[:, n] -= (distance - near).abs_().sum(-1)
        return found

    def mean(self, generator: torch.Generator | None = None) -> Float[Tensor, "*batch C H W"]:
        """Centre of each pixel's logistic, kept in [0, 1]."""
        return self.location.clamp(0, 1)

    def sample(self, generator: torch.Generator | None = None) -> Float[Tensor, "*batch C H W"]:
        """Centres of drawn bins."""
        return self.at(uniform((1, *self.location.shape), self.location, generator))

    def at(self, u: Float[Tensor, "1 *batch C H W"]) -> Float[Tensor, "*batch C H W"]:
        """The sample that uniform noise in [0, 1) stands for, by the inverse of the cumulative distribution."""
        value = self.location + self.log_scale.exp() * u[0].clamp(1e-7, 1 - 1e-7).logit()
        return ((value * GREY_LEVELS).floor().clamp(0, GREY_LEVELS - 1) + 0.5) / GREY_LEVELS
