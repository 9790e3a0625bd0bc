"""The prior and the aggregated posterior as densities on the plane."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.records import MASSES, Density, Window
from app.services.degenerate import HINT, is_drawable
from app.services.latent_plane.encoding import Floats, plane, points
from app.services.loading import Ref, ServiceError, loaded, noise, several_threads
from app.services.memory import cached
from vampcore import DiagNormalMixture, NormalMixture
from vampcore.distributions import Distribution
from vampcore.metrics import log_density, mass_levels
from vampcore.metrics.coverage import DRAWS as DRAWS

PRIOR_GRID = 100
AGGREGATE_GRID = 60
# The aggregated posterior has one component a test image, so its density costs N times as much as a normal's.
AGGREGATE_DRAWS = 2000
# Test images that are looked at for the share inside a contour.
MOST_IMAGES = 10_000
# Components from which a prior's density on the plane takes longer than a moment: then other pages are drawn meanwhile.
MANY = 1000
_PERCENT = tuple(percent / 100 for percent in range(1, 100))


@dataclass(frozen=True)
class PlaneMixture:
    """A mixture of normals on the plane: means `(K, 2)`, covariances `(K, 2, 2)`, log-weights `(K,)`."""

    mean: Floats
    covariance: Floats
    log_weights: Floats


def aggregate(ref: Ref) -> DiagNormalMixture:
    """The aggregated posterior of the test images that are kept: one component an image.

    Raises:
        ServiceError: If the posteriors are flows, of which a checkpoint keeps means and scales only.
    """
    if not loaded(ref).has.posterior_density:
        raise ServiceError(
            f"the posteriors of {ref.name} are flows: their aggregate has no density that is cheap to compute"
        )
    posterior = loaded(ref).posterior
    return DiagNormalMixture(posterior, posterior.mean.new_zeros(len(posterior.mean)))


def on_plane(ref: Ref, mixture: DiagNormalMixture) -> NormalMixture:
    """The exact marginal of a mixture on the plane."""
    where = plane(ref)
    return mixture.project(torch.tensor(where.basis), torch.tensor(where.origin))


def prior_seen(ref: Ref) -> NormalMixture | Distribution | None:
    """The prior's density on the plane, exactly; None where it has none there: see `Capabilities.plane_density`."""
    model = loaded(ref)
    if model.has.components:
        return on_plane(ref, model.mixture)
    return model.prior if model.has.plane_density else None


@contextmanager
def _as_long_as_it_takes(ref: Ref) -> Iterator[None]:
    """All threads, and no turn, where the prior has many components; a moment's work stays as it is."""
    model = loaded(ref)
    if model.has.components and len(model.mixture.logits) > MANY:
        with several_threads():
            yield
    else:
        yield


def window(refs: tuple[Ref, ...]) -> Window:
    """One square that holds every line of the priors, and all but 4 in 1000 of the points along each axis."""
    return _enclose(np.stack([_extent(ref) for ref in refs]))


def _enclose(extents: NDArray[np.float64]) -> Window:
    low, high = extents[:, 0].min(0), extents[:, 1].max(0)
    centre, half = (low + high) / 2, 0.53 * float((high - low).max())
    (x, y) = (float(each) for each in centre)
    return Window(x - half, x + half, y - half, y + half)


@cached(100)
def _extent(ref: Ref) -> NDArray[np.float64]:
    """Corners that hold the prior's 99 % region, and all but 4 in 1000 of the points along each axis, `(2, 2)`.

    Of a prior without a density on the plane, all but 1 in 100 of its draws along each axis.
    """
    curve = mass_curve(ref)
    with torch.inference_mode(), _as_long_as_it_takes(ref):
        seen_prior = prior_seen(ref)
        if seen_prior is None or curve is None:
            drawn = plane(ref).project(loaded(ref).prior.sample((DRAWS,), noise(0)).numpy())
            inside = np.quantile(drawn, (0.005, 0.995), axis=0)
        else:
            sample = seen_prior.sample((DRAWS,), noise(0))
            inside = sample[log_density(seen_prior, sample) >= float(curve[-1])].numpy()
    seen = np.quantile(points(ref), (0.002, 0.998), axis=0)
    return np.stack([np.minimum(inside.min(0), seen[0]), np.maximum(inside.max(0), seen[1])]).astype(np.float64)


@cached(64)
def prior_on_plane(ref: Ref) -> PlaneMixture:
    """The prior's components on the plane, exactly.

    Raises:
        ServiceError: If it has none.
    """
    with torch.inference_mode():
        mixture = on_plane(ref, loaded(ref).mixture)
    return PlaneMixture(mixture.mean.numpy(), mixture.covariance.numpy(), mixture.log_weights.numpy())


@cached(64)
def prior_density(ref: Ref, window: Window, cells: int = PRIOR_GRID) -> Density | None:
    """The prior's log-density on the plane, on a grid of `cells` a side (`AGGREGATE_GRID`: as the other).

    None where it has none there: see `prior_seen`.
    """
    curve = mass_curve(ref)
    with torch.inference_mode(), _as_long_as_it_takes(ref):
        seen = prior_seen(ref)
        if seen is None or curve is None:
            return None
        values, x, y = _on_grid(seen, window, cells)
    return _drawable(ref, x, y, values, curve[[round(100 * mass) - 1 for mass in MASSES]])


@cached(32, "Adding up the aggregated posterior")
def aggregate_density(ref: Ref, window: Window) -> Density:
    """The aggregated posterior's log-density on the plane, on a grid of 60 x 60."""
    with torch.inference_mode(), several_threads():
        mixture = on_plane(ref, aggregate(ref))
        values, x, y = _on_grid(mixture, window, AGGREGATE_GRID)
    return _drawable(ref, x, y, values, aggregate_levels(ref))


def _drawable(ref: Ref, x: Floats, y: Floats, values: Floats, levels: Floats) -> Density:
    """The density with these values on the grid of x and y, if contours can be drawn at its levels.

    Raises:
        ServiceError: If a level is not finite, or two of them coincide.
    """
    if not is_drawable(torch.tensor(levels)) or np.isnan(values).any():
        raise ServiceError(f"{ref.name} is degenerate: its densities have no distinct mass levels; {HINT}")
    return Density(x, y, values, levels)


@cached(100)
def _densities_of_draws(ref: Ref) -> Floats | None:
    """The prior's log-density on the plane at `DRAWS` of its own samples, rising.

    None where it has no density there: see `prior_seen`.
    """
    with torch.inference_mode(), _as_long_as_it_takes(ref):
        seen = prior_seen(ref)
        if seen is None:
            return None
        return np.sort(np.asarray(log_density(seen, seen.sample((DRAWS,), noise(0))).numpy(), dtype=np.float32))


@cached(100)
def mass_curve(ref: Ref) -> Floats | None:
    """Log-densities of the prior on the plane above which 1 %, 2 % .. 99 % of its mass lies, `(99,)`, falling.

    None where it has no density there: see `prior_seen`.
    """
    drawn = _densities_of_draws(ref)
    return None if drawn is None else np.quantile(drawn, 1 - np.array(_PERCENT)).astype(np.float32)


def share_less_dense(ref: Ref, log_density: float) -> float | None:
    """The share of `DRAWS` samples of the prior that lie at points of the plane less dense than this.

    None where it has no density there: see `prior_seen`.
    """
    drawn = _densities_of_draws(ref)
    return None if drawn is None else float(np.searchsorted(drawn, np.float32(log_density))) / len(drawn)


@cached(100)
def share_inside(ref: Ref) -> float | None:
    """The share of test images whose sample lies inside the prior's 99 % contour; of `MOST_IMAGES` evenly spaced ones.

    None where the prior has no density on the plane: see `prior_seen`.
    """
    curve = mass_curve(ref)
    with torch.inference_mode(), _as_long_as_it_takes(ref):
        seen = prior_seen(ref)
        if seen is None or curve is None:
            return None
        placed = points(ref)
        rows = np.linspace(0, len(placed) - 1, min(MOST_IMAGES, len(placed))).round().astype(np.int64)
        inside = log_density(seen, torch.tensor(placed[rows])) >= float(curve[-1])
        return float(inside.double().mean())


@cached(32)
def aggregate_levels(ref: Ref) -> Floats:
    """The log-densities of the aggregated posterior on the plane above which 50, 80, 95 and 99 % of its mass lie."""
    with torch.inference_mode(), several_threads():
        mixture = on_plane(ref, aggregate(ref))
        levels = mass_levels(mixture, MASSES, noise(0), draws=AGGREGATE_DRAWS)
        return np.asarray(levels.numpy(), dtype=np.float32)


def _on_grid(density: NormalMixture | Distribution, window: Window, cells: int) -> tuple[Floats, Floats, Floats]:
    x = torch.linspace(window.left, window.right, cells)
    y = torch.linspace(window.bottom, window.top, cells)
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).reshape(-1, 2)
    return log_density(density, places).reshape(cells, cells).numpy(), x.numpy(), y.numpy()
