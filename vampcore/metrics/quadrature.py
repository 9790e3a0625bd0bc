"""log p(x) of a model with two latent dimensions: the integral over the plane, on a grid refined until it holds."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vampcore.distributions import DiagNormal, Distribution
from vampcore.likelihoods import PairwiseLikelihood
from vampcore.metrics.chunks import log_density, observations_at_once
from vampcore.metrics.plane import CELLS, POINTS_AT_ONCE, Plane, window
from vampcore.models import VAE

TOLERANCE = 0.005
MOST_HALVINGS = 7
WINDOW_MARGIN = 10.0
# A square that cannot hold e^-14 of an observation's mass is not refined for it.
MARGIN = 14.0
PAIRS_AT_ONCE = 2**21
MASSES_AT_ONCE = 2**25
_SMALLEST = -60.0


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
    more on each side. The first step is twice the smallest standard deviation of the posteriors q(z | x). It is halved
    until it is half of that, then once more, and again, up to `MOST_HALVINGS` times, for the observations that the last
    halving changed. A finer grid covers the squares that hold mass of an observation. Where the integrand is smooth,
    the error falls exponentially in 1 / step^2.

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
    plane = window(prior, posterior, level - 1.5 * WINDOW_MARGIN, posterior.scale.min().item())
    found: list[Quadrature] = []
    at_once = max(1, MASSES_AT_ONCE // len(plane.squares))
    for start in range(0, len(x), at_once):
        rows = slice(start, start + at_once)
        found.append(_integrate(model, x[rows], prior, posterior[rows], plane, tolerance))
        if progress is not None:
            progress(min(start + at_once, len(x)), len(x))
    return Quadrature(
        torch.cat([each.log_likelihood for each in found]),
        torch.cat([each.by_halving for each in found]),
        torch.cat([each.by_window for each in found]),
        max(each.step for each in found),
        tolerance,
    )


def _integrate(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    prior: Distribution,
    posterior: DiagNormal,
    plane: Plane,
    tolerance: float,
) -> Quadrature:
    """The integrals of some observations, over a window that grows until they need no more."""
    while True:
        (masses, ceilings), highest = _on_the_first_grid(model, x, prior, plane)
        total = masses.double().logsumexp(0)
        needed = (total - highest).min().item() - WINDOW_MARGIN
        if needed >= plane.level:
            break
        plane = window(prior, posterior, needed - 1, plane.smallest)
    holds = ceilings > total - MARGIN
    own = plane.square_of(posterior.mean)
    holds[own.clamp(min=0), torch.arange(len(x), device=x.device)] |= own >= 0
    # Of the window, and of what makes it larger.
    sides = (plane.inner, ~plane.inner)
    rest = torch.stack([masses[each].double().masked_fill(holds[each], -math.inf).logsumexp(0) for each in sides], 1)
    square, row = holds.nonzero().unbind(1)
    by_halving, by_window = torch.full_like(total, math.inf), torch.zeros_like(total)
    squares, outside, halvings = plane.squares, (~plane.inner).long(), 0
    while len(row) and halvings < MOST_HALVINGS:
        halvings += 1
        finer = _on_quarters(model, x, prior, plane, squares, square, row, halvings)
        shares = (finer.log_mass - total[row].unsqueeze(1)).exp()
        side = 2 * row + outside[square]
        is_open = torch.zeros_like(total, dtype=torch.bool).index_fill(0, row, True)
        found = _added_up(shares, side, len(x)) + (rest - total.unsqueeze(1)).exp()
        change = found.sum(1).log()
        by_halving = torch.where(is_open, change.abs(), by_halving)
        by_window = torch.where(is_open, change - found[:, 0].log(), by_window)
        again = is_open & ((by_halving >= tolerance) | (halvings < plane.halvings))
        keep = again[row].unsqueeze(1) & (finer.ceiling > (total + change)[row].unsqueeze(1) - MARGIN)
        rest = torch.logaddexp(rest, total.unsqueeze(1) + _added_up(shares.masked_fill(keep, 0), side, len(x)).log())
        total = torch.where(is_open, total + change, total)
        pair, quarter = keep.nonzero().unbind(1)
        number, order = (square[pair] * 4 + quarter).sort(stable=True)
        number, square = number.unique_consecutive(return_inverse=True)
        squares = 2 * squares[number // 4] + torch.stack([number % 4 // 2, number % 2], 1)
        outside, row = outside[number // 4], row[pair][order]
    return Quadrature(total, by_halving, by_window, plane.step / 2**plane.halvings, tolerance)


def _added_up(shares: Float[Tensor, "A 4"], side: Int[Tensor, " A"], count: int) -> Float[Tensor, "N 2"]:
    """Sums over each observation's squares in the window, and over those outside."""
    return shares.new_zeros(2 * count).index_add_(0, side, shares.sum(1)).view(count, 2)


class _Masses(NamedTuple):
    """Of squares, for observations: the log of the mass on this grid, and what the log of a mass can be at most.

    A peak between two points of a grid, of a log-density that is quadratic around it, rises above the higher one by at
    most a quarter of their difference from point to point. A square that is as high all over holds no more.
    """

    log_mass: Float[Tensor, "U N"]
    ceiling: Float[Tensor, "U N"]

    @classmethod
    def of(cls, terms: Float[Tensor, "P N"], log_area: float) -> "_Masses":
        """From the log-densities at the squares' points, which are lost."""
        cells = terms.view(-1, CELLS, CELLS, terms.shape[-1])
        rise = sum(cells.diff(dim=axis).abs_().amax((1, 2)) for axis in (1, 2)) / 4
        largest = cells.amax((1, 2), keepdim=True)
        # A CPU takes 40 times as long for an exponential in float32 that is too small to be a normal number.
        sums = cells.sub_(largest).clamp_(min=_SMALLEST).exp_().sum((1, 2))
        top = largest[:, 0, 0] + log_area
        return cls(sums.log_() + top, top + rise + 2 * math.log(CELLS))


def _on_the_first_grid(
    model: VAE, x: Float[Tensor, "N C H W"], prior: Distribution, plane: Plane
) -> tuple[_Masses, Float[Tensor, " N"]]:
    """Each observation's masses in the squares, and its highest log p(x | z)."""
    count = max(1, min(PAIRS_AT_ONCE // len(x), POINTS_AT_ONCE) // CELLS**2)
    found, highest = [], x.new_full((len(x),), -math.inf)
    for squares in plane.squares.split(count):
        z = plane.points(squares, 0, x)
        log_p_x = _log_p_x(model, z, x)
        highest = torch.maximum(highest, log_p_x.amax(0))
        found.append(_Masses.of(log_p_x.add_(prior.log_prob(z).unsqueeze(-1)), plane.log_area(0)))
    return _Masses(*(torch.cat(each) for each in zip(*found, strict=True))), highest


def _on_quarters(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    prior: Distribution,
    plane: Plane,
    squares: Int[Tensor, "U 2"],
    square: Int[Tensor, " A"],
    row: Int[Tensor, " A"],
    halvings: int,
) -> _Masses:
    """Masses, in float64, of the four quarters of each pair's square, each with as many cells as the square had."""
    corners = torch.cartesian_prod(*[torch.arange(2, device=squares.device)] * 2)
    found = []
    for number, rows in zip(square.unique_consecutive().tolist(), row.split(_counts(square)), strict=True):
        z = plane.points(2 * squares[number] + corners, halvings, x)
        log_prior = prior.log_prob(z).double().unsqueeze(-1)
        for some in rows.split(max(1, PAIRS_AT_ONCE // len(z))):
            terms = _log_p_x(model, z, x[some]).double() + log_prior
            found.append(_Masses.of(terms, plane.log_area(halvings)))
    return _Masses(*(torch.cat([part.mT for part in each]) for each in zip(*found, strict=True)))


def _counts(rising: Int[Tensor, " A"]) -> list[int]:
    return rising.unique_consecutive(return_counts=True)[1].tolist()


def _log_p_x(model: VAE, z: Float[Tensor, "P 2"], x: Float[Tensor, "N C H W"]) -> Float[Tensor, "P N"]:
    likelihood = model.decode(z)
    if not isinstance(likelihood, PairwiseLikelihood):
        raise ValueError("integration needs pixels that are independent")
    return likelihood.pairwise_log_prob(x)
