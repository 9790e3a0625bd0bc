"""The part of a latent plane that holds the prior's mass, in squares of equal cells."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from vampcore.distributions import DiagNormal, Distribution
from vampcore.metrics.chunks import log_density

# A square is so many cells wide.
CELLS = 8
# Points of the first grid; with more the posteriors are too narrow for their plane.
MOST_POINTS = 2**21
# The first step, in smallest standard deviations of the posteriors: this, and more where the points do not suffice.
FIRST_STEP, WIDEST_STEP = 2.0, 4.0
POINTS_AT_ONCE = 2**13


class QuadratureError(ValueError):
    """An integral that this grid cannot hold; the message says why."""


@dataclass(frozen=True)
class Plane:
    """The squares of a window, on a lattice with a corner at the origin.

    Attributes:
        squares: Column and row of each.
        inner: Those that the window needs; the others make it larger.
        step: Of the first grid.
        level: Log-density of the prior above which every place is in the window.
        smallest: Standard deviation of the posteriors.
    """

    squares: Int[Tensor, "T 2"]
    inner: Bool[Tensor, " T"]
    step: float
    level: float
    smallest: float

    @property
    def halvings(self) -> int:
        """Halvings after which the step is at most a quarter of the smallest standard deviation."""
        return math.ceil(math.log2(4 * self.step / self.smallest) - 1e-9)

    def points(self, squares: Int[Tensor, "U 2"], halvings: int, like: Tensor) -> Float[Tensor, "P 2"]:
        """Centres of the cells of some squares after so many halvings, square after square."""
        return _centres(squares, self.step / 2**halvings, like)

    def log_area(self, halvings: int) -> float:
        """Log of the area of a cell."""
        return 2 * math.log(self.step / 2**halvings)

    def square_of(self, z: Float[Tensor, "N 2"]) -> Int[Tensor, " N"]:
        """Number of the square that each place lies in; -1 outside."""
        wanted = (z.double() / (CELLS * self.step)).floor().long()
        low = self.squares.amin(0)
        columns = int(self.squares[:, 1].max() - low[1]) + 1
        key = (self.squares - low) @ low.new_tensor([columns, 1])
        numbers = low.new_full((int(key.max()) + 1,), -1).index_copy(0, key, torch.arange(len(key), device=key.device))
        place = wanted - low
        inside = ((place >= 0) & (wanted <= self.squares.amax(0))).all(-1)
        return torch.where(inside, numbers[(place @ low.new_tensor([columns, 1])).clamp(0, len(numbers) - 1)], -1)


def window(prior: Distribution, posterior: DiagNormal, level: float, smallest: float) -> Plane:
    """The window of a level, with steps as small as the smallest posterior, or as its points allow."""
    draws = prior.sample((4096,), torch.Generator().manual_seed(0))
    seen = torch.cat([draws.to(posterior.mean), posterior.mean])
    step = FIRST_STEP * smallest
    while step <= WIDEST_STEP * smallest:
        found = _squares_above(prior, seen, level, step, smallest)
        if found is not None:
            return found
        step *= math.sqrt(2)
    raise QuadratureError(
        f"the smallest posterior has a standard deviation of {smallest:.2g}, too small for a grid of "
        f"{MOST_POINTS:,} points"
    )


def _squares_above(
    prior: Distribution, seen: Float[Tensor, "M 2"], level: float, step: float, smallest: float
) -> Plane | None:
    """The squares that reach above a level of log p(z), and those around them; None if they have too many points."""
    side = CELLS * step
    low, high = (torch.stack([seen.amin(0), seen.amax(0)]).double() / side).floor().long()
    while True:
        shape = (high - low + 1).tolist()
        if math.prod(shape) * CELLS**2 > 4 * MOST_POINTS:
            return None
        axes = [torch.arange(int(a), int(b) + 1, device=seen.device) for a, b in zip(low, high, strict=True)]
        squares = torch.cartesian_prod(*axes)
        rows = max(1, POINTS_AT_ONCE // CELLS**2)
        peaks = []
        for part in squares.split(rows):
            z = _centres(part, step, seen)
            peaks.append(log_density(prior, z).view(len(part), -1).amax(-1))
        inside = (torch.cat(peaks) > level).view(shape)
        occupied = [inside.any(1), inside.any(0)]
        first = torch.stack([axis[0] for axis in occupied])
        last = torch.stack([axis[-1] for axis in occupied])
        if not bool(first.any() | last.any()):
            break
        more = (high - low + 1) // 4 + 1
        low, high = low - more * first, high + more * last
    # An eighth of the window's extent on each side.
    reach = [math.ceil(int(axis.sum()) / 8) for axis in occupied]
    around = (reach[1], reach[1], reach[0], reach[0])
    padded = functional.pad(inside, around)
    spread = functional.max_pool2d(
        functional.pad(padded, around)[None].float(), (2 * reach[0] + 1, 2 * reach[1] + 1), stride=1
    )[0]
    chosen = (spread > 0).nonzero()
    if len(chosen) * CELLS**2 > MOST_POINTS:
        return None
    return Plane(chosen + low - low.new_tensor(reach), padded[tuple(chosen.T)], step, level, smallest)


def _centres(squares: Int[Tensor, "U 2"], step: float, like: Tensor) -> Float[Tensor, "P 2"]:
    """Centres of the cells of squares, in the dtype of `like`."""
    axis = torch.arange(CELLS, dtype=torch.float64, device=squares.device) + 0.5
    cells = squares.unsqueeze(1) * CELLS + torch.cartesian_prod(axis, axis)
    return (cells * step).flatten(0, 1).to(like)
