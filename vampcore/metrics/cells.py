"""A rectangle of a latent plane in square cells."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from vampcore.distributions import DiagNormal, Distribution

DRAWS = 4096


def extent(
    prior: Distribution, posterior: DiagNormal, scales: float
) -> tuple[Float[Tensor, " 2"], Float[Tensor, " 2"]]:
    """Corners of a rectangle that holds `DRAWS` draws of a prior, and posteriors to so many scales."""
    reach = scales * posterior.scale
    drawn = prior.sample((DRAWS,), torch.Generator().manual_seed(0)).to(reach)
    seen = torch.cat([drawn, posterior.mean - reach, posterior.mean + reach])
    return seen.amin(0), seen.amax(0)


@dataclass(frozen=True)
class Cells:
    """Square cells, row by row.

    Attributes:
        low: Lower left corner.
        step: Side of a cell.
        shape: Rows along the second axis, and columns.
    """

    low: Float[Tensor, " 2"]
    step: float
    shape: tuple[int, int]

    @classmethod
    def spanning(cls, low: Float[Tensor, " 2"], high: Float[Tensor, " 2"], step: float) -> "Cells":
        """The fewest cells of a side that reach from one corner to another."""
        columns, rows = (max(1, math.ceil(side / step)) for side in (high - low).tolist())
        return cls(low, step, (rows, columns))

    @property
    def high(self) -> Float[Tensor, " 2"]:
        """Upper right corner."""
        rows, columns = self.shape
        return self.low + self.step * self.low.new_tensor([columns, rows])

    def axes(self, like: Tensor) -> tuple[Float[Tensor, " columns"], Float[Tensor, " rows"]]:
        """The middles of the columns and of the rows."""
        rows, columns = (torch.arange(count, device=like.device, dtype=like.dtype) + 0.5 for count in self.shape)
        return self.low[0] + self.step * columns, self.low[1] + self.step * rows

    def centres(self, like: Tensor) -> Float[Tensor, "P 2"]:
        """The middle of every cell."""
        columns, rows = self.axes(like)
        return torch.cartesian_prod(rows, columns).flip(1)
