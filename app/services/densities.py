"""The prior and the aggregated posterior as densities on the plane, and the mass of the holes between them."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.services.latent_space import Floats, plane, points
from app.services.loading import Ref, loaded, noise, several_threads
from app.services.memory import kept
from vampcore import DiagNormalMixture, NormalMixture
from vampcore.metrics import Metric, log_density, mass_levels
from vampcore.metrics import holes as measure_holes

MASSES = (0.5, 0.8, 0.95, 0.99)
PRIOR_GRID = 100
AGGREGATE_GRID = 60
# The aggregated posterior has one component a test image, so its density costs N times as much as a normal's.
AGGREGATE_DRAWS = 2000
_PERCENT = tuple(percent / 100 for percent in range(1, 100))


@dataclass(frozen=True)
class Window:
    """A square piece of the plane, so that both axes have one unit."""

    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True)
class PlaneMixture:
    """A mixture of normals on the plane: means `(K, 2)`, covariances `(K, 2, 2)`, log-weights `(K,)`."""

    mean: Floats
    covariance: Floats
    log_weights: Floats


@dataclass(frozen=True)
class Density:
    """A log-density on a grid.

    Attributes:
        x: Grid along the first axis.
        y: Grid along the second axis.
        log_density: In nats, with its constants, `(len(y), len(x))`.
        levels: The log-density above which 50, 80, 95 and 99 % of the mass lie, `(4,)`, falling.
    """

    x: Floats
    y: Floats
    log_density: Floats
    levels: Floats


def aggregate(ref: Ref) -> DiagNormalMixture:
    """The aggregated posterior of the test set: one component an image."""
    posterior = loaded(ref).posterior
    return DiagNormalMixture(posterior, posterior.mean.new_zeros(len(posterior.mean)))


def on_plane(ref: Ref, mixture: DiagNormalMixture) -> NormalMixture:
    """The exact marginal of a mixture on the plane."""
    where = plane(ref)
    return mixture.project(torch.tensor(where.basis), torch.tensor(where.origin))


def window(refs: tuple[Ref, ...]) -> Window:
    """One square that holds the points of all the checkpoints, and every line of their priors."""
    return _enclose(np.stack([_extent(ref) for ref in refs]))


def _enclose(extents: NDArray[np.float64]) -> Window:
    low, high = extents[:, 0].min(0), extents[:, 1].max(0)
    centre, half = (low + high) / 2, 0.53 * float((high - low).max())
    (x, y) = (float(each) for each in centre)
    return Window(x - half, x + half, y - half, y + half)


@kept(100)
def _extent(ref: Ref) -> NDArray[np.float64]:
    """Corners that hold the prior's 99 % region, and all but 4 in 1000 of the points along each axis, `(2, 2)`."""
    with torch.inference_mode():
        mixture = on_plane(ref, loaded(ref).prior)
        drawn = mixture.sample((20_000,), noise(0))
        inside = drawn[log_density(mixture, drawn) >= float(mass_curve(ref)[-1])].numpy()
    seen = np.quantile(points(ref), (0.002, 0.998), axis=0)
    return np.stack([np.minimum(inside.min(0), seen[0]), np.maximum(inside.max(0), seen[1])]).astype(np.float64)


@kept(64)
def prior_on_plane(ref: Ref) -> PlaneMixture:
    """The prior's components on the plane, exactly."""
    with torch.inference_mode():
        mixture = on_plane(ref, loaded(ref).prior)
    return PlaneMixture(mixture.mean.numpy(), mixture.covariance.numpy(), mixture.log_weights.numpy())


@kept(64)
def prior_density(ref: Ref, window: Window, cells: int = PRIOR_GRID) -> Density:
    """The prior's log-density on the plane, on a grid of `cells` a side (`AGGREGATE_GRID`: as the other)."""
    with torch.inference_mode():
        mixture = on_plane(ref, loaded(ref).prior)
        values, x, y = _on_grid(mixture, window, cells)
    levels = mass_curve(ref)[[round(100 * mass) - 1 for mass in MASSES]]
    return Density(x, y, values, levels)


@kept(32, "Adding up the aggregated posterior")
def aggregate_density(ref: Ref, window: Window) -> Density:
    """The aggregated posterior's log-density on the plane, on a grid of 60 x 60."""
    with torch.inference_mode(), several_threads():
        mixture = on_plane(ref, aggregate(ref))
        values, x, y = _on_grid(mixture, window, AGGREGATE_GRID)
    return Density(x, y, values, _aggregate_levels(ref))


@kept(100)
def mass_curve(ref: Ref) -> Floats:
    """Log-densities of the prior on the plane above which 1 %, 2 % .. 99 % of its mass lies, `(99,)`, falling."""
    with torch.inference_mode():
        mixture = on_plane(ref, loaded(ref).prior)
        return np.asarray(mass_levels(mixture, _PERCENT, noise(0)).numpy(), dtype=np.float32)


@kept(32)
def _aggregate_levels(ref: Ref) -> Floats:
    with torch.inference_mode(), several_threads():
        mixture = on_plane(ref, aggregate(ref))
        levels = mass_levels(mixture, MASSES, noise(0), draws=AGGREGATE_DRAWS)
        return np.asarray(levels.numpy(), dtype=np.float32)


@kept(64, "Looking for holes")
def hole_share(ref: Ref) -> Metric:
    """The prior's mass in holes, in the whole latent space."""
    with torch.inference_mode(), several_threads():
        return measure_holes(loaded(ref).prior, aggregate(ref), noise(0), draws=AGGREGATE_DRAWS).share


def _on_grid(mixture: NormalMixture, window: Window, cells: int) -> tuple[Floats, Floats, Floats]:
    x = torch.linspace(window.left, window.right, cells)
    y = torch.linspace(window.bottom, window.top, cells)
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).reshape(-1, 2)
    return log_density(mixture, places).reshape(cells, cells).numpy(), x.numpy(), y.numpy()
