"""log p(x) of a model with two latent dimensions: the integral over the plane, on a grid refined until it holds."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from vampcore.distributions import DiagNormal, Distribution
from vampcore.likelihoods import PairwiseLikelihood
from vampcore.metrics.chunks import log_density, observations_at_once
from vampcore.models import VAE

TOLERANCE = 0.005
# A square of the plane is so many cells wide on the first grid, and twice as many on each finer one.
CELLS = 8
# Points of a grid; with more the posteriors are too narrow for their plane.
MOST_POINTS = 2**21
MOST_HALVINGS = 6
# The smallest standard deviation of the posteriors may be so many times smaller than the first step.
WIDEST_STEP = 4.0
WINDOW_MARGIN = 10.0
# A square with less than e^-14 of an observation's mass on the first grid is not refined for it, then e^-12.
FIRST_MARGIN, MARGIN = 14.0, 12.0
PAIRS_AT_ONCE = 2**22
POINTS_AT_ONCE = 2**13
MASSES_AT_ONCE = 2**25
_SMALLEST = -60.0


class QuadratureError(ValueError):
    """An integral that this grid cannot hold; the message says why."""


@dataclass(frozen=True)
class Quadrature:
    """log p(x) of each observation, integrated over the latent plane, in nats.

    Attributes:
        log_likelihood: On the finest grid, over the larger window.
        by_halving: By how much the last halving of the step changed it.
        by_window: By how much a window that is 25 % larger changed it.
        step: Largest step of the last grid of any observation.
        tolerance: What neither change may reach.
    """

    log_likelihood: Float[Tensor, " N"]
    by_halving: Float[Tensor, " N"]
    by_window: Float[Tensor, " N"]
    step: float
    tolerance: float = TOLERANCE

    @property
    def passed(self) -> bool:
        """Whether the integral of every observation holds."""
        return bool(torch.maximum(self.by_halving, self.by_window).max() < self.tolerance)


def can_integrate(model: VAE, x: Float[Tensor, "N C H W"]) -> bool:
    """Whether a model has two latent dimensions in one layer, normal posteriors, and pixels that are independent."""
    if model.lower_layers() or getattr(model.encoder, "latent_dim", 0) != 2:
        return False
    posterior = model.encoder(x[:1])
    if not isinstance(posterior, DiagNormal):
        return False
    return isinstance(model.decode(posterior.mean), PairwiseLikelihood)


@torch.no_grad()
def quadrature(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    prior: Distribution | None = None,
    progress: Callable[[int, int], None] | None = None,
    tolerance: float = TOLERANCE,
) -> Quadrature:
    """log p(x) = log of the integral of p(x | z) p(z) over the plane, by the midpoint rule.

    The window holds every z with log p(z) > min_x (log p(x) - max_z log p(x | z)) - 10, and an eighth of its extent
    more on each side. The first step is the smallest standard deviation of the posteriors q(z | x); it is halved twice,
    and again, up to `MOST_HALVINGS` times, for the observations that this changes. A finer grid covers the squares that
    hold mass of an observation. Where the integrand is smooth, the error falls exponentially in 1 / step^2.

    Arguments:
        model: In evaluation mode; one for which `can_integrate` holds.
        x: Observations.
        prior: p(z); built once from the model if None.
        progress: Called with the observations done and their number.
        tolerance: Nats that halving the step, and enlarging the window, may change each observation by.

    Raises:
        QuadratureError: If the posteriors are too narrow, or too far apart, for a grid of `MOST_POINTS`.
        ValueError: If it is no model of this kind.
    """
    if not can_integrate(model, x):
        raise ValueError("integration needs one layer of two latent dimensions, with normal posteriors")
    prior = model.prior(model.encoder) if prior is None else prior
    parts = [model.encoder(part) for part in x.split(observations_at_once(x, 1, model.bytes_per_number))]
    posterior = DiagNormal(torch.cat([q.mean for q in parts]), torch.cat([q.logvar for q in parts]))
    # log p(x) - max_z log p(x | z) of a normal posterior, at its mean.
    level = (log_density(prior, posterior.mean) - DiagNormal.log_prob(posterior, posterior.mean)).min().item()
    plane = _plane(prior, posterior, level - 1.5 * WINDOW_MARGIN, posterior.scale.min().item())
    found: list[Quadrature] = []
    at_once = max(1, MASSES_AT_ONCE // len(plane.squares))
    for start in range(0, len(x), at_once):
        rows = slice(start, start + at_once)
        found.append(_integrate(model, x[rows], prior, posterior[rows], plane, tolerance))
        if progress is not None:
            progress(min(start + at_once, len(x)), len(x))
    changes = [torch.cat([getattr(each, name) for each in found]) for name in ("by_halving", "by_window")]
    log_p = torch.cat([each.log_likelihood for each in found])
    return Quadrature(log_p, *changes, max(each.step for each in found), tolerance)


@dataclass(frozen=True)
class _Plane:
    """The squares of a window, on a lattice with a corner at the origin.

    Attributes:
        squares: Column and row of each.
        inner: Those that the window needs; the others make it larger.
        step: Of the first grid.
        level: Log-density of the prior above which every place is in the window.
    """

    squares: Int[Tensor, "T 2"]
    inner: Bool[Tensor, " T"]
    step: float
    level: float

    def points(self, chosen: slice | int, halvings: int, like: Tensor) -> Float[Tensor, "P 2"]:
        """Centres of the cells of some squares, square after square."""
        squares = self.squares[chosen].reshape(-1, 1, 2)
        return ((squares * CELLS + _cells(halvings).to(squares.device)) * self.step).flatten(0, 1).to(like)

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


def _cells(halvings: int) -> Float[Tensor, "P 2"]:
    """Centres of a square's cells, in first steps from its corner."""
    count = CELLS * 2**halvings
    axis = (torch.arange(count, dtype=torch.float64) + 0.5) / 2**halvings
    return torch.cartesian_prod(axis, axis)


def _plane(prior: Distribution, posterior: DiagNormal, level: float, smallest: float) -> _Plane:
    """The window of a level, with steps as small as the smallest posterior, or as its points allow."""
    draws = prior.sample((4096,), torch.Generator().manual_seed(0))
    seen = torch.cat([draws.to(posterior.mean), posterior.mean])
    step = smallest
    while step <= WIDEST_STEP * smallest:
        plane = _window(prior, seen, level, step)
        if plane is not None:
            return plane
        step *= math.sqrt(2)
    raise QuadratureError(
        f"the smallest posterior has a standard deviation of {smallest:.2g}, too small for a grid of "
        f"{MOST_POINTS:,} points"
    )


def _window(prior: Distribution, seen: Float[Tensor, "M 2"], level: float, step: float) -> _Plane | None:
    """The squares that reach above a level of log p(z), and those around them; None if they have too many points."""
    side = CELLS * step
    low, high = (torch.stack([seen.amin(0), seen.amax(0)]).double() / side).floor().long()
    centres = _cells(0)
    while True:
        shape = (high - low + 1).tolist()
        if math.prod(shape) * CELLS**2 > 4 * MOST_POINTS:
            return None
        axes = [torch.arange(int(a), int(b) + 1, device=seen.device) for a, b in zip(low, high, strict=True)]
        squares = torch.cartesian_prod(*axes)
        rows = max(1, POINTS_AT_ONCE // CELLS**2)
        peaks = []
        for part in squares.split(rows):
            z = ((part.unsqueeze(1) * CELLS + centres.to(part.device)) * step).flatten(0, 1).to(seen)
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
    return _Plane(chosen + low - low.new_tensor(reach), padded[tuple(chosen.T)], step, level)


def _integrate(
    model: VAE, x: Float[Tensor, "N C H W"], prior: Distribution, posterior: DiagNormal, plane: _Plane, tolerance: float
) -> Quadrature:
    """The integrals of some observations, over a window that grows until they need no more."""
    while True:
        masses, highest = _on_the_first_grid(model, x, prior, plane)
        total = masses.double().logsumexp(0)
        needed = (total - highest).min().item() - WINDOW_MARGIN
        if needed >= plane.level:
            break
        plane = _plane(prior, posterior, needed - 1, plane.step)
    by_window = total - masses[plane.inner].double().logsumexp(0)
    holds = masses > total - FIRST_MARGIN
    own = plane.square_of(posterior.mean)
    holds[own.clamp(min=0), torch.arange(len(x), device=x.device)] |= own >= 0
    rest = masses.double().masked_fill(holds, -math.inf).logsumexp(0)
    square, row = holds.nonzero().unbind(1)
    by_halving = torch.full_like(total, math.inf)
    halvings = 0
    while len(row) and halvings < MOST_HALVINGS:
        halvings += 1
        finer = _on_finer_cells(model, x, prior, plane, square, row, halvings)
        share = torch.zeros_like(total).index_add_(0, row, (finer - total[row]).exp())
        is_open = torch.zeros_like(total, dtype=torch.bool).index_fill(0, row, True)
        value = torch.where(is_open, total + (share + (rest - total).exp()).log(), total)
        by_halving = torch.where(is_open, (value - total).abs(), by_halving)
        total = value
        # Twice at least, so that the last step but one is half the smallest standard deviation.
        again = is_open & ((by_halving >= tolerance) | (halvings < 2))
        keep = again[row] & (finer > total[row] - MARGIN)
        left = again[row] & ~keep
        gone = torch.zeros_like(total).index_add_(0, row[left], (finer[left] - total[row[left]]).exp())
        rest = torch.logaddexp(rest, total + gone.log())
        square, row = square[keep], row[keep]
    return Quadrature(total, by_halving, by_window, plane.step / 2 ** min(halvings, 2), tolerance)


def _on_the_first_grid(
    model: VAE, x: Float[Tensor, "N C H W"], prior: Distribution, plane: _Plane
) -> tuple[Float[Tensor, "T N"], Float[Tensor, " N"]]:
    """Log of each observation's mass in each square, and its highest log p(x | z)."""
    count = max(1, min(PAIRS_AT_ONCE // len(x), POINTS_AT_ONCE) // CELLS**2)
    masses, highest = [], x.new_full((len(x),), -math.inf)
    for start in range(0, len(plane.squares), count):
        z = plane.points(slice(start, start + count), 0, x)
        log_p_x = _log_p_x(model, z, x)
        highest = torch.maximum(highest, log_p_x.amax(0))
        terms = (log_p_x + prior.log_prob(z).unsqueeze(-1)).unflatten(0, (-1, CELLS**2))
        largest = terms.amax(1, keepdim=True)
        # A CPU takes 40 times as long for an exponential in float32 that is too small to be a normal number.
        sums = terms.sub_(largest).clamp_(min=_SMALLEST).exp_().sum(1)
        masses.append(sums.log_().add_(largest.squeeze(1)).add_(plane.log_area(0)))
    return torch.cat(masses), highest


def _on_finer_cells(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    prior: Distribution,
    plane: _Plane,
    square: Int[Tensor, " A"],
    row: Int[Tensor, " A"],
    halvings: int,
) -> Float[Tensor, " A"]:
    """Log-masses of pairs of a square, rising, and an observation, on the grid after so many halvings, in float64."""
    found = []
    numbers, counts = square.unique_consecutive(return_counts=True)
    for number, rows in zip(numbers.tolist(), row.split(counts.tolist()), strict=True):
        points, here = plane.points(number, halvings, x), x[rows]
        total = here.new_full((len(rows),), -math.inf, dtype=torch.float64)
        for z in points.split(max(1, min(POINTS_AT_ONCE, PAIRS_AT_ONCE // len(rows)))):
            terms = _log_p_x(model, z, here).double() + prior.log_prob(z).double().unsqueeze(-1)
            total = torch.logaddexp(total, terms.logsumexp(0))
        found.append(total + plane.log_area(halvings))
    return torch.cat(found)


def _log_p_x(model: VAE, z: Float[Tensor, "P 2"], x: Float[Tensor, "N C H W"]) -> Float[Tensor, "P N"]:
    likelihood = model.decode(z)
    if not isinstance(likelihood, PairwiseLikelihood):
        raise ValueError("integration needs pixels that are independent")
    return likelihood.pairwise_log_prob(x)
