"""Weighted draws of the true posteriors p(z | x), which an edit of the prior can be judged by."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vampcore.distributions import DiagNormal, Distribution
from vampcore.likelihoods import PairwiseLikelihood
from vampcore.metrics.cells import Cells, extent
from vampcore.metrics.chunks import log_density, samples_at_once
from vampcore.metrics.covering import covering_draws
from vampcore.metrics.plane import POINTS_AT_ONCE
from vampcore.metrics.quadrature import can_integrate
from vampcore.models import VAE

# Cells of the grid, and draws of an observation: half of them from the grid, half around q(z | x).
MOST_CELLS = 2**13
GRID_DRAWS = 96
# Log-densities that are held at once.
PAIRS_AT_ONCE = 2**23
# Scales of q(z | x) that draws are taken from.
WIDENED = 1.5
# In more dimensions: draws of the covering proposal, and those that are kept.
COVERING_SAMPLES, COVERING_DRAWS = 512, 40


@dataclass(frozen=True)
class PosteriorDraws:
    """S weighted draws of the top layer's p(z | x) of each of N observations.

    Attributes:
        z: The draws.
        log_weights: Log of their weights, which sum to one over the draws of an observation; minus infinity for a draw
            that repeats another.
    """

    z: Float[Tensor, "S N D"]
    log_weights: Float[Tensor, "S N"]


@torch.no_grad()
def posterior_draws(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    prior: Distribution,
    generator: torch.Generator | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PosteriorDraws:
    """Draws from where the posterior is: from a grid in two dimensions, else from the covering proposal, resampled.

    Arguments:
        model: In evaluation mode; one for which `can_cover` holds.
        x: Observations.
        prior: p(z) of the posteriors.
        generator: Source of the noise.
        progress: Called with the observations done and their number.
    """
    if can_integrate(model, x):
        return _grid_draws(model, x, prior, generator, progress)
    z, log_weights = covering_draws(model, x, COVERING_SAMPLES, COVERING_DRAWS, generator, prior, progress)
    return PosteriorDraws(z, log_weights)


def _grid_draws(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    prior: Distribution,
    generator: torch.Generator | None,
    progress: Callable[[int, int], None] | None,
) -> PosteriorDraws:
    """Draws in a plane: half from a grid of cells, half from q(z | x) with 1.5 times its scales, with balance weights.

    A cell is drawn by its share of p(x | z) p(z) and of p(x | z) alone, in equal parts, so that places that only an
    edited prior finds likely are drawn too. Shares are those at the cells' centres, averaged over 3 x 3 cells, and the
    draw is uniform in its cell. The weight of a draw is p(x | z) p(z) over the density that it was drawn from.
    """
    posterior = cast(DiagNormal, model.encoder(x))
    cells = _cells_over(prior, posterior)
    centres = cells.centres(x)
    log_prior = log_density(prior, centres)
    drawn, weights = [], []
    at_once = max(1, PAIRS_AT_ONCE // len(centres))
    for start in range(0, len(x), at_once):
        rows = slice(start, start + at_once)
        log_p_x = torch.cat([_pairwise(model, part, x[rows]) for part in centres.split(POINTS_AT_ONCE)])
        shares = 0.5 * (log_p_x.softmax(0) + log_p_x.add_(log_prior.unsqueeze(-1)).softmax(0))
        z, log_w = _draw(model, x[rows], prior, posterior[rows], cells, _blurred(shares, cells), generator)
        drawn.append(z)
        weights.append(log_w)
        if progress is not None:
            progress(min(start + at_once, len(x)), len(x))
    return PosteriorDraws(torch.cat(drawn, 1), torch.cat(weights, 1))


def _cells_over(prior: Distribution, posterior: DiagNormal) -> Cells:
    """Cells that hold draws of the prior and the posteriors to four scales, each as small as one scale."""
    low, high = extent(prior, posterior, 4.0)
    step = max(posterior.scale.min().item(), math.sqrt(float((high - low).prod()) / MOST_CELLS))
    return Cells.spanning(low, high, step)


def _blurred(shares: Float[Tensor, "P N"], cells: Cells) -> Float[Tensor, "N P"]:
    """Shares of cells, averaged over each cell and its neighbours, and normalised again."""
    pictures = shares.mT.reshape(-1, 1, *cells.shape)
    found = functional.avg_pool2d(pictures, 3, stride=1, padding=1).flatten(1)
    return found / found.sum(1, keepdim=True)


def _log_density_of_draw(cells: Cells, shares: Float[Tensor, "N P"], z: Float[Tensor, "S N 2"]) -> Float[Tensor, "S N"]:
    """Log-density of a uniform draw from a cell drawn by the shares; minus infinity outside."""
    cell = ((z - cells.low) / cells.step).floor().long()
    rows, columns = cells.shape
    inside = (cell >= 0).all(-1) & (cell[..., 0] < columns) & (cell[..., 1] < rows)
    number = (cell[..., 1] * columns + cell[..., 0]).masked_fill(~inside, 0)
    found = shares.gather(1, number.mT).mT.log() - 2 * math.log(cells.step)
    return found.masked_fill(~inside, -math.inf)


def _draw(
    model: VAE,
    x: Float[Tensor, "N C H W"],
    prior: Distribution,
    posterior: DiagNormal,
    cells: Cells,
    shares: Float[Tensor, "N P"],
    generator: torch.Generator | None,
) -> tuple[Float[Tensor, "S N 2"], Float[Tensor, "S N"]]:
    """Draws of some observations, and the log of their weights."""
    half = GRID_DRAWS // 2
    where = x.device if generator is None else generator.device
    number = torch.multinomial(shares.to(where), half, replacement=True, generator=generator).to(x.device).mT
    corner = torch.stack([number % cells.shape[1], number // cells.shape[1]], -1)
    inside = torch.rand((half, len(x), 2), device=where, generator=generator).to(x)
    wide = DiagNormal(posterior.mean, posterior.logvar + 2 * math.log(WIDENED))
    z = torch.cat([cells.low + cells.step * (corner + inside), wide.sample((half,), generator)])
    log_drawn = torch.logaddexp(_log_density_of_draw(cells, shares, z), wide.log_prob(z)) - math.log(2)
    step = max(1, samples_at_once(x, model.bytes_per_number) // len(x))
    log_p_x = torch.cat([model.decode(part).log_prob(x) for part in z.split(step)])
    log_prior = log_density(prior, z.flatten(0, 1)).view_as(log_p_x)
    return z, (log_p_x + log_prior - log_drawn).double().log_softmax(0)


def _pairwise(model: VAE, z: Float[Tensor, "P 2"], x: Float[Tensor, "N C H W"]) -> Float[Tensor, "P N"]:
    return cast(PairwiseLikelihood, model.decode(z)).pairwise_log_prob(x)
