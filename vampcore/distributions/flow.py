"""A normalising flow: a diagonal normal carried through invertible transforms."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.distributions.normal import DiagNormal, Draw, noise


@runtime_checkable
class Transform(Protocol):
    """An invertible map of the latent space; those of zuko are such.

    `call_and_ladj` gives the image of each point and the log of the Jacobian's absolute determinant there; `inv` is
    the map back, a transform as well.
    """

    def call_and_ladj(self, x: Tensor) -> tuple[Tensor, Tensor]: ...

    @property
    def inv(self) -> "Transform": ...


@dataclass(frozen=True)
class Flow:
    """z = f_T(.. f_1(u)) with u ~ N(mean, diag exp(logvar)): log p(z) = log p(u) - sum_t log |det df_t|.

    One class for a prior and for a posterior: a prior's base is a single normal, a posterior's has one for each of N
    observations, and its transforms then know them too. It has neither components nor a closed mean. Computed in the
    precision of its base also under autocast.

    Attributes:
        base: The distribution of u.
        transforms: From u to z, in the order in which they are applied.

    Reference:
        Rezende, Mohamed, Variational Inference with Normalizing Flows, ICML 2015. https://arxiv.org/abs/1505.05770
    """

    base: DiagNormal
    transforms: tuple[Transform, ...]

    def log_prob(self, z: Float[Tensor, "*s D"]) -> Float[Tensor, "*s_batch"]:
        """Log-density in nats. A transform that is autoregressive from u to z takes D passes here."""
        with _full_precision(z):
            u, log_determinant = _through([transform.inv for transform in reversed(self.transforms)], z)
            return self.base.log_prob(u) + log_determinant

    def sample(
        self, shape: tuple[int, ...] = (), generator: torch.Generator | None = None, temperature: float = 1.0
    ) -> Float[Tensor, "*shape_batch_D"]:
        """Samples of shape `(*shape, *batch, D)`; the temperature multiplies the noise of the base."""
        with _full_precision(self.base.mean):
            u = self.base.sample(shape, generator, temperature)
            return _through(self.transforms, u)[0]

    def draw(self, shape: tuple[int, ...] = (), generator: torch.Generator | None = None) -> Draw:
        """Reparameterised samples with their log-density; in the place of the mean, which has no closed form, z."""
        return self.at(noise((*shape, *self.base.mean.shape), self.base.mean, generator))

    def at(self, epsilon: Float[Tensor, "*shape_batch D"]) -> Draw:
        """The draw that standard normal noise stands for, its log-density from the way there: nothing is inverted."""
        with _full_precision(epsilon):
            start = self.base.at(epsilon)
            z, log_determinant = _through(self.transforms, start.z)
            return Draw(z, z, start.log_prob - log_determinant)


def _through(transforms: Sequence[Transform], x: Tensor) -> tuple[Tensor, Tensor]:
    """The points after all transforms, one by one (a composed transform of zuko's cannot be traced), and log |det|."""
    total = torch.zeros_like(x[..., 0])
    for transform in transforms:
        x, log_determinant = transform.call_and_ladj(x)
        total = total + log_determinant
    return x, total


def _full_precision(like: Tensor) -> AbstractContextManager[None]:
    return torch.autocast(like.device.type, enabled=False)
