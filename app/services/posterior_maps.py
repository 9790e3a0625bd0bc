"""The true posterior of a test image on the plane, beside q(z | x) and the density q_EW of its weighted samples."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.records import MASSES, Density, Window
from app.services.loading import Ref, loaded, noise, prior_on_device
from app.services.memory import cached
from app.services.originals import observations
from app.services.turns import lock_released
from vampcore.metrics import Distance, PosteriorGrid, can_integrate, posterior_grid
from vampcore.metrics.posterior_grid import SUMS as SUMS

# Room around what is shown, as a share of it.
ROOM = 0.12


@dataclass(frozen=True)
class PosteriorMaps:
    """Three densities of one test image under one prior, and how far the second and the third are from the first.

    Attributes:
        posterior: p(z | x).
        q: q(z | x).
        weighted: q_EW of K samples of q.
        window: What holds the 99 % regions of all three.
        log_likelihood: log p(x) in nats, by the sum over the grid.
        of_q: The distance of q from the posterior; its KL is log p(x) - ELBO.
        of_weighted: That of q_EW.
        at_edge: Share of the posterior at the edge of the grid and outside.
        cells: Of the grid.
    """

    posterior: Density
    q: Density
    weighted: Density
    window: Window
    log_likelihood: float
    of_q: Distance
    of_weighted: Distance
    at_edge: float
    cells: int


@cached(64)
def can_draw(ref: Ref) -> bool:
    """Whether the posteriors of a model lie on a plane and can be integrated."""
    model = loaded(ref)
    with torch.inference_mode():
        blank = torch.zeros((1, *model.checkpoint.observation.shape), device=model.device)
        return can_integrate(model.checkpoint.model, blank)


@cached(100)
def posterior_maps(ref: Ref, row: int, samples: int) -> PosteriorMaps | None:
    """The posterior of a test image and what stands in for it; None where no grid of this size holds it.

    Arguments:
        ref: A checkpoint for which `can_draw` holds.
        row: The image.
        samples: K of the importance-weighted density.

    Raises:
        DataMissing: If the image is not at hand.
    """
    found = _grid(ref, row)
    if not found.holds:
        return None
    with torch.inference_mode(), lock_released():
        weighted = found.importance_weighted(samples, noise(0))
        of_q = found.distance(found.log_q)
    x, y = (axis.numpy() for axis in found.cells.axes(torch.zeros(())))
    parts = [part.cpu().numpy() for part in (found.log_posterior, found.log_q, weighted.log_density)]
    levels = [mass_levels(part) for part in parts]
    if not all((np.diff(each) < 0).all() for each in levels):
        return None
    inside = np.any([part >= each[-1] for part, each in zip(parts, levels, strict=True)], 0)
    window, shown = _framed(x, y, inside)
    posterior, q, of_samples = (
        Density(x[shown[1]], y[shown[0]], part[shown].astype(np.float32), each.astype(np.float32))
        for part, each in zip(parts, levels, strict=True)
    )
    return PosteriorMaps(
        posterior=posterior,
        q=q,
        weighted=of_samples,
        window=window,
        log_likelihood=found.log_likelihood,
        of_q=of_q,
        of_weighted=weighted.distance,
        at_edge=found.at_edge,
        cells=int(np.prod(found.cells.shape)),
    )


@cached(64, "Integrating the posterior")
def _grid(ref: Ref, row: int) -> PosteriorGrid:
    model = loaded(ref)
    with torch.inference_mode(), lock_released():
        x = observations(model, torch.tensor([row]))
        return posterior_grid(model.checkpoint.model, x, prior_on_device(model))


def mass_levels(log_density: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log-densities of equal cells above which each of `MASSES` lies."""
    falling = np.sort(log_density, axis=None)[::-1]
    share = np.exp(falling - falling[0]).cumsum()
    return falling[np.searchsorted(share, np.array(MASSES) * share[-1])]


def _framed(
    x: NDArray[np.floating], y: NDArray[np.floating], inside: NDArray[np.bool_]
) -> tuple[Window, tuple[slice, slice]]:
    """The part of the plane around some cells, and its rows and columns."""
    ends, parts = [], []
    for axis, occupied in ((x, inside.any(0)), (y, inside.any(1))):
        held = axis[occupied]
        room = ROOM * (held[-1] - held[0]) + (axis[1] - axis[0])
        low, high = held[0] - room, held[-1] + room
        ends += [float(low), float(high)]
        first, last = np.searchsorted(axis, (low, high))
        parts.append(slice(max(0, first - 1), last + 1))
    return Window(*ends), (parts[1], parts[0])
