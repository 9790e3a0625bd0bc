"""The true posterior p(z | x) of one observation on a plane, and how far q(z | x) and q_EW are from it.

Reference:
    Cremer, Morris, Duvenaud, Reinterpreting Importance-Weighted Autoencoders, ICLR workshop 2017.
    https://arxiv.org/abs/1704.02916
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vampcore.distributions import DiagNormal, Distribution
from vampcore.likelihoods import PairwiseLikelihood
from vampcore.metrics.cells import Cells, extent
from vampcore.metrics.chunks import log_density, samples_at_once
from vampcore.metrics.quadrature import can_integrate
from vampcore.models import VAE

# Cells of the first grid, which has the whole window, and of those around the mass; the last is for what the one before
# does not hold.
FIRST_CELLS, FINER_CELLS = 2**12, (2**12, 2**13, 2**15)
# A window with mass at its edge is doubled, so often at most.
MOST_DOUBLINGS = 4
# A cell that cannot hold e^-14 of the mass is outside, if it is also farther than 5 scales from the mean of q.
MARGIN, SCALES = 14.0, 5.0
# What may lie at the edge, and what leaving out every second row and column may change, in nats.
MOST_AT_EDGE, COARSER_TOLERANCE = 1e-4, 0.05
# Sums of K - 1 weights, in blocks whose spread is the error, and places at which their mean is computed.
SUMS, BLOCKS, KNOTS = 2**13, 8, 512
# Nats beyond the smallest and the largest sum at which a weight does not count, or counts alone.
BEYOND = 20.0


class Distance(NamedTuple):
    """How far a density is from the posterior.

    Attributes:
        kl: KL(density || posterior) in nats.
        total_variation: Half the integral of the absolute difference, 0 to 1.
        kl_error: Standard error by sampling; 0 where nothing was sampled.
        total_variation_error: Likewise.
    """

    kl: float
    total_variation: float
    kl_error: float = 0.0
    total_variation_error: float = 0.0


class ImportanceWeighted(NamedTuple):
    """log q_EW on the grid, and how far it is from the posterior."""

    log_density: Float[Tensor, "rows columns"]
    distance: Distance


@dataclass(frozen=True)
class PosteriorGrid:
    """p(x, z) and q(z | x) of one observation at the middles of cells, in nats; sums over them are the midpoint rule.

    Attributes:
        cells: Where; rows go along the second latent dimension.
        log_joint: log p(x | z) + log p(z).
        log_q: log q(z | x).
        at_edge: Share of the posterior in the outermost cells, and in those of the first grid that lie outside.
        by_coarser: Largest change of log p(x), and of the log of q's mass, where every second row and column is left
            out. The error of the midpoint rule falls exponentially in 1 / step^2, so that of the grid is far smaller.
    """

    cells: Cells
    log_joint: Float[Tensor, "rows columns"]
    log_q: Float[Tensor, "rows columns"]
    at_edge: float
    by_coarser: float

    @property
    def holds(self) -> bool:
        """Whether the grid has and resolves the posterior and q; else no figure of it counts."""
        return self.at_edge < MOST_AT_EDGE and self.by_coarser < COARSER_TOLERANCE

    @property
    def log_likelihood(self) -> float:
        """log p(x)."""
        return _log_integral(self.log_joint, self.cells.step)

    @property
    def log_posterior(self) -> Float[Tensor, "rows columns"]:
        """log p(z | x)."""
        return self.log_joint - self.log_likelihood

    def distance(self, log_density: Float[Tensor, "rows columns"]) -> Distance:
        """From a density on the grid to the posterior, without errors; the KL of q is log p(x) - ELBO."""
        log_share, wanted = (each.flatten().log_softmax(0) for each in (log_density, self.log_joint))
        share = log_share.exp()
        kl = float((share * (log_share - wanted)).sum())
        return Distance(max(0.0, kl), 0.5 * float((share - wanted.exp()).abs().sum()))

    def importance_weighted(self, samples: int, generator: torch.Generator | None = None) -> ImportanceWeighted:
        """The density of one of K samples of q, chosen in proportion to their weights w = p(x, z) / q(z | x).

        q_EW(z) = E[p(x, z) / (1/K (w(z) + sum_{k=2}^K w(z_k)))] over z_2 .. z_K of q(z | x) (Cremer et al., 2017). Of z
        the expectation depends through w(z) alone: it is computed at `KNOTS` values of log w, from `SUMS` sums of
        weights, and interpolated. The z_k are cells, drawn by their share of q. Weights stay logarithms: where q misses
        the posterior, float64 does not hold them.

        Arguments:
            samples: K; q itself at 1.
            generator: Source of the noise.

        Raises:
            ValueError: If there is no sample.
        """
        if samples < 1:
            raise ValueError("an importance-weighted density needs at least one sample")
        if samples == 1:
            return ImportanceWeighted(self.log_q, self.distance(self.log_q))
        # Weights are in units of p(x), so that q_EW = p(z | x) E[K / (w + sum)].
        log_w = self.log_posterior - self.log_q
        share = self.log_q.flatten().softmax(0)
        drawn = []
        for _ in range(BLOCKS):
            log_sums = _log_sums(log_w.flatten(), share, samples - 1, generator)
            low, high = log_sums.aminmax()
            knots = torch.linspace(low - BEYOND, high + BEYOND, KNOTS, dtype=log_w.dtype, device=log_w.device)
            mean = (knots.unsqueeze(1) - log_sums).sigmoid().mean(1).log() - knots + math.log(samples)
            drawn.append(self.log_posterior + _interpolated(log_w, knots, mean))
        blocks = torch.stack(drawn)
        each = torch.tensor([self.distance(block)[:2] for block in blocks], dtype=torch.float64)
        whole = blocks.logsumexp(0) - math.log(BLOCKS)
        whole = whole - _log_integral(whole, self.cells.step)
        errors = (each.std(0) / math.sqrt(BLOCKS)).tolist()
        return ImportanceWeighted(whole, Distance(*self.distance(whole)[:2], *errors))


@torch.no_grad()
def posterior_grid(model: VAE, x: Float[Tensor, "1 C H W"], prior: Distribution | None = None) -> PosteriorGrid:
    """The posterior of one observation where its mass is, beside q(z | x).

    The first grid has the window of the prior's draws and of q. Each of the next ones has the cells of the one before
    that can hold e^-14 of the mass, and those around the mean of q.

    Arguments:
        model: In evaluation mode; one for which `can_integrate` holds.
        x: The observation.
        prior: p(z); built from the model if None.

    Raises:
        ValueError: If it is no model of this kind.
    """
    if not can_integrate(model, x):
        raise ValueError("a posterior on a grid needs one layer of two latent dimensions, with a normal q(z | x)")
    prior = model.prior(model.encoder) if prior is None else prior
    posterior = cast(DiagNormal, model.encoder(x))
    cells, log_joint = first, of_first = _window(model, x, prior, posterior)
    for number, count in enumerate(FINER_CELLS):
        cells = _around(_can_hold(log_joint) | _near(posterior, cells), cells, count)
        log_joint = _log_joint(model, x, prior, cells)
        log_q = posterior.log_prob(cells.centres(x)).double().view(cells.shape)
        centres, total = first.centres(x), _log_integral(log_joint, cells.step)
        left_out = ((centres < cells.low) | (centres > cells.high)).any(-1).view(first.shape)
        parts = (_log_integral(of_first[left_out], first.step), _log_integral(log_joint[_rim(cells)], cells.step))
        at_edge = sum(math.exp(part - total) for part in parts)
        found = PosteriorGrid(cells, log_joint, log_q, at_edge, max(_by_coarser(log_joint), _by_coarser(log_q)))
        if number and found.holds:
            break
    return found


def _window(
    model: VAE, x: Float[Tensor, "1 C H W"], prior: Distribution, posterior: DiagNormal
) -> tuple[Cells, Float[Tensor, "rows columns"]]:
    """A grid that has the mass inside, and log p(x, z) there."""
    low, high = extent(prior, posterior, SCALES)
    for doublings in range(MOST_DOUBLINGS + 1):
        cells = _cells(low, high, FIRST_CELLS)
        log_joint = _log_joint(model, x, prior, cells)
        if doublings == MOST_DOUBLINGS or not bool((_can_hold(log_joint) & _rim(cells)).any()):
            break
        low, high = low - (high - low) / 2, high + (high - low) / 2
    return cells, log_joint


def _cells(low: Float[Tensor, " 2"], high: Float[Tensor, " 2"], count: int) -> Cells:
    """About so many cells over a rectangle."""
    return Cells.spanning(low, high, math.sqrt(float((high - low).double().prod()) / count))


def _around(inside: Bool[Tensor, "rows columns"], cells: Cells, count: int) -> Cells:
    """About so many cells over the box of those inside, and one more on each side, or a quarter where it ends there."""
    corners = []
    for axis in (1, 0):
        length = inside.shape[axis]
        occupied = inside.any(1 - axis).nonzero().flatten().tolist()
        first, last, more = occupied[0], occupied[-1], length // 4
        corners.append((first - (1 if first else more), last + 1 + (1 if last < length - 1 else more)))
    low, high = (cells.low + cells.step * corner for corner in cells.low.new_tensor(corners).mT)
    return _cells(low, high, count)


def _can_hold(log_joint: Float[Tensor, "rows columns"]) -> Bool[Tensor, "rows columns"]:
    """Whether a cell can hold e^-`MARGIN` of the mass.

    A peak of a log-density that is quadratic around it is beside the highest cells along both axes, and rises above
    such a cell by at most a quarter of the fall to the next.
    """
    ceiling = log_joint + _rise(log_joint) + _rise(log_joint.mT).mT
    return ceiling > log_joint.logsumexp((0, 1)) - MARGIN


def _rise(log_joint: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows columns"]:
    """By how much a peak can be higher than a row that is higher than both rows beside it."""
    steps, none = log_joint.diff(dim=0), torch.zeros_like(log_joint[:1])
    before, after = torch.cat([none, steps]), torch.cat([-steps, none])
    return torch.where(torch.minimum(before, after) >= 0, torch.maximum(before, after) / 4, 0.0)


def _near(posterior: DiagNormal, cells: Cells) -> Bool[Tensor, "rows columns"]:
    """Whether a cell is within `SCALES` of q's mean along both axes."""
    centres = cells.centres(posterior.mean)
    reach = SCALES * posterior.scale + cells.step / 2
    return ((centres - posterior.mean).abs() <= reach).all(-1).view(cells.shape)


def _rim(cells: Cells) -> Bool[Tensor, "rows columns"]:
    """Whether a cell is an outermost one."""
    rim = torch.ones(cells.shape, dtype=torch.bool, device=cells.low.device)
    rim[1:-1, 1:-1] = False
    return rim


def _log_joint(
    model: VAE, x: Float[Tensor, "1 C H W"], prior: Distribution, cells: Cells
) -> Float[Tensor, "rows columns"]:
    centres = cells.centres(x)
    parts = centres.split(samples_at_once(x, model.bytes_per_number))
    log_p_x = torch.cat([cast(PairwiseLikelihood, model.decode(part)).pairwise_log_prob(x)[:, 0] for part in parts])
    return (log_p_x.double() + log_density(prior, centres).double()).view(cells.shape)


def _log_integral(log_density: Float[Tensor, "*cells"], step: float) -> float:
    return float(log_density.flatten().logsumexp(0)) + 2 * math.log(step)


def _by_coarser(log_density: Float[Tensor, "rows columns"]) -> float:
    """Largest change of a log-integral where only every second row and column is summed, with four times the area."""
    parts = [log_density[i::2, j::2].logsumexp((0, 1)) for i in (0, 1) for j in (0, 1)]
    return float((torch.stack(parts) + math.log(4) - log_density.logsumexp((0, 1))).abs().max())


def _log_sums(
    log_weights: Float[Tensor, " P"], share: Float[Tensor, " P"], terms: int, generator: torch.Generator | None
) -> Float[Tensor, " sums"]:
    """Logarithms of sums of the weights of so many cells, drawn by their shares."""
    count = SUMS // BLOCKS
    where = share.device if generator is None else generator.device
    drawn = torch.multinomial(share.to(where), count * terms, replacement=True, generator=generator)
    return log_weights[drawn.to(log_weights.device)].view(count, terms).logsumexp(1)


def _interpolated(
    at: Float[Tensor, "rows columns"], knots: Float[Tensor, " J"], values: Float[Tensor, " J"]
) -> Float[Tensor, "rows columns"]:
    """Linear between equal knots; below them as at the first, and above them falling by one a nat."""
    place = ((at - knots[0]) / (knots[-1] - knots[0]).clamp(min=1e-12) * (len(knots) - 1)).clamp(0, len(knots) - 1)
    left = place.long().clamp(max=len(knots) - 2)
    inside = values[left] + (place - left) * (values[left + 1] - values[left])
    return inside - (at - knots[-1]).clamp(min=0)
