"""What the models ask of a distribution, whatever it is made of."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.distributions.normal import Draw


@runtime_checkable
class Distribution(Protocol):
    """A density over the latent space: what every prior builds."""

    def log_prob(self, z: Float[Tensor, "*s D"]) -> Float[Tensor, "*s"]: ...

    def sample(
        self, shape: tuple[int, ...] = (), generator: torch.Generator | None = None, temperature: float = 1.0
    ) -> Float[Tensor, "*shape D"]: ...


@runtime_checkable
class Posterior(Protocol):
    """q(z | x) of N observations: what every encoder returns.

    `draw` and `at` give samples with their log-density; `at` takes the standard normal noise itself.
    """

    def log_prob(self, z: Float[Tensor, "*s D"]) -> Float[Tensor, "*s_batch"]: ...

    def sample(
        self, shape: tuple[int, ...] = (), generator: torch.Generator | None = None, temperature: float = 1.0
    ) -> Float[Tensor, "*shape_batch_D"]: ...

    def draw(self, shape: tuple[int, ...] = (), generator: torch.Generator | None = None) -> Draw: ...

    def at(self, epsilon: Float[Tensor, "*shape_batch D"]) -> Draw: ...
