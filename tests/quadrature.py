"""Densities on a plane, held against their integral and against samples."""

from collections.abc import Callable

import torch
from scipy import stats
from torch import Tensor

Density = Callable[[Tensor], Tensor]


def midpoints(limit: float, steps: int) -> Tensor:
    """Centres of `steps` x `steps` equal cells of [-limit, limit]^2, of shape (steps, steps, 2), in float64."""
    width = 2 * limit / steps
    axis = -limit + width * (torch.arange(steps, dtype=torch.float64) + 0.5)
    return torch.cartesian_prod(axis, axis).unflatten(0, (steps, steps))


def mass(log_prob: Density, limit: float = 8.0, steps: int = 400) -> float:
    """Integral of a density over [-limit, limit]^2 by the midpoint rule, exact where scales exceed a cell."""
    with torch.no_grad():
        return float(log_prob(midpoints(limit, steps)).exp().sum() * (2 * limit / steps) ** 2)


def fit(samples: Tensor, log_prob: Density, limit: float = 4.0, cells: int = 8, steps: int = 320) -> float:
    """p-value of a chi-squared test that samples come from a density: cells of a square, and all the rest as one."""
    with torch.no_grad():
        density = log_prob(midpoints(limit, steps)).exp() * (2 * limit / steps) ** 2
    size = steps // cells
    expected = density.double().unflatten(0, (cells, size)).unflatten(2, (cells, size)).sum((1, 3)).flatten()
    place = ((samples + limit) / (2 * limit) * cells).floor().long()
    inside = ((place >= 0) & (place < cells)).all(-1)
    index = place[inside] @ torch.tensor([cells, 1])
    observed = torch.bincount(index, minlength=cells**2).double()
    # Cells where fewer than five samples are expected join the outside: the test's approximation needs as many.
    often = expected * len(samples) >= 5
    assert int(often.sum()) >= 8, "the square does not show the density"
    rest = len(samples) - observed[often].sum()
    observed = torch.cat([observed[often], rest.unsqueeze(0)])
    expected = torch.cat([expected[often], (1 - expected[often].sum()).unsqueeze(0)]) * len(samples)
    return float(stats.chisquare(observed.numpy(), expected.numpy(), sum_check=False).pvalue)
