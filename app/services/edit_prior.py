"""What edits of a mixture prior do: to its contours, to its samples and to log p(x)."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.records import MASSES, Density, Window
from app.services.densities import PRIOR_GRID, on_plane
from app.services.edited import MOST_COMPONENTS, Edited, edited, halves
from app.services.edits import Steps
from app.services.giving_up import go_on
from app.services.latent_plane.encoding import Floats
from app.services.loading import (
    Pixels,
    Ref,
    ServiceError,
    at_once,
    decode_means,
    loaded,
    noise,
    prior_on_device,
    several_threads,
)
from app.services.memory import cached
from app.services.originals import observations
from vampcore import DiagNormalMixture, metrics
from vampcore.metrics import Metric, PriorEdits

# Images that an edit is measured on: by the integral's grid, and by draws that are refined for each image.
GRID_IMAGES, COVERING_IMAGES = 1000, 96
GUMBEL_SEED = 7_000_003


@dataclass(frozen=True)
class Change:
    """What an edit does to log p(x), of images that nothing was chosen on.

    Attributes:
        metric: The mean change; None where there are too few effective samples.
        much_worse: Whether it costs more than 5 nats, where it is not estimated.
        ess: Median of the effective samples.
        doubtful: Images with too few effective samples.
        images: Those that it was measured on.
    """

    metric: Metric | None
    much_worse: bool
    ess: float
    doubtful: int
    images: int


@dataclass(frozen=True)
class Worth:
    """What each component with weight is worth: the log p(x) that removing it alone costs, in nats an image.

    Attributes:
        components: Their numbers.
        worth: Of each.
        se: Standard errors over the images.
        images: Those that it was measured on.
    """

    components: NDArray[np.int64]
    worth: NDArray[np.float64]
    se: NDArray[np.float64]
    images: int


@dataclass(frozen=True)
class Samples:
    """Samples of the prior before and after an edit, with the same noise: what did not change stands still.

    Attributes:
        before: Decoded means, `(n, C, H, W)`.
        after: The same, after the edit.
        changed: Which of them come from another component.
    """

    before: Pixels
    after: Pixels
    changed: NDArray[np.int64]


def is_slow(ref: Ref) -> bool:
    """Whether measuring an edit takes so long that it is asked for."""
    model = loaded(ref)
    with torch.inference_mode():
        x = torch.zeros(1, *model.checkpoint.observation.shape, device=model.device)
        return not metrics.can_integrate(model.checkpoint.model, x)


@cached(6, "Drawing from the posteriors of test images")
def _measured(ref: Ref) -> tuple[PriorEdits, PriorEdits]:
    """The prior at posterior draws of the images that are chosen on, and of those that are reported on.

    Raises:
        DataMissing: If the test images are not at hand.
        ServiceError: If the posteriors cannot be drawn from.
    """
    model = loaded(ref)
    vae = model.checkpoint.model
    most = (COVERING_IMAGES if is_slow(ref) else GRID_IMAGES) // 2
    parts = [torch.tensor(np.sort(half[:most])) for half in halves(ref)]
    with torch.inference_mode():
        x = [observations(model, rows) for rows in parts]
        if not metrics.can_cover(vae, x[0]):
            raise ServiceError("The posteriors of this model are flows: what an edit does to log p(x) is not measured")
        prior = prior_on_device(model)
    found = []
    with several_threads(), torch.no_grad():
        for part in x:
            draws = metrics.posterior_draws(vae, part.clone(), prior, noise(0), go_on)
            found.append(PriorEdits.of(model.mixture, draws))
    return found[0], found[1]


@cached(200)
def change(ref: Ref, steps: Steps) -> Change:
    """What an edit does to log p(x); see `_measured` for what it raises."""
    effect = _measured(ref)[1].effect(edited(ref, steps).mixture)
    ess, mean = effect.ess.median().item(), effect.change.mean().item()
    return Change(effect.metric(), mean < -5, ess, effect.doubtful, len(effect.change))


@cached(50)
def worth(ref: Ref, steps: Steps) -> Worth:
    """What each component of the edited prior is worth; see `_measured` for what it raises."""
    after, chosen_on = edited(ref, steps), _measured(ref)[0]
    living = torch.tensor(after.living)
    parts = after.mixture.components[living]
    log_weights = torch.tensor(after.weights).log()[living]
    if len(living) == 1:
        return Worth(after.living, np.zeros(1), np.zeros(1), len(chosen_on.weights))
    with torch.inference_mode():
        changes = metrics.removal_changes(chosen_on.log_evidence(parts), log_weights).numpy()
    return Worth(after.living, -changes.mean(0), changes.std(0, ddof=1) / np.sqrt(len(changes)), len(changes))


@cached(50)
def decoded(ref: Ref, steps: Steps) -> Pixels:
    """Decoded means of the components with weight."""
    after = edited(ref, steps)
    with torch.inference_mode():
        return decode_means(loaded(ref), torch.tensor(after.mean[after.living]))


@cached(6)
def _on_grid(ref: Ref, window: Window) -> tuple[Floats, Floats, NDArray[np.float32]]:
    """The density of each of the prior's own components on a grid of the plane, `(cells, K)`."""
    x, y = (torch.linspace(*ends, PRIOR_GRID) for ends in ((window.left, window.right), (window.bottom, window.top)))
    with torch.inference_mode(), several_threads():
        return x.numpy(), y.numpy(), _densities(ref, x, y, loaded(ref).mixture)


def _densities(ref: Ref, x: torch.Tensor, y: torch.Tensor, mixture: DiagNormalMixture) -> NDArray[np.float32]:
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).reshape(-1, 2)
    flat = on_plane(ref, DiagNormalMixture(mixture.components, torch.zeros(len(mixture.logits))))
    return (flat.joint(places) - flat.log_weights).clamp_(min=-80).exp().numpy()


@cached(100)
def density(ref: Ref, steps: Steps, window: Window) -> Density:
    """The edited prior on a grid of the plane, with the levels that hold given shares of what the grid holds."""
    after, (x, y, known) = edited(ref, steps), _on_grid(ref, window)
    count = known.shape[1]
    values = known @ after.weights[:count].astype(np.float32)
    if len(after.weights) > count:
        added = DiagNormalMixture(after.mixture.components[count:], torch.zeros(len(after.weights) - count))
        with torch.inference_mode():
            more = _densities(ref, torch.tensor(x), torch.tensor(y), added)
        values = values + more @ after.weights[count:].astype(np.float32)
    falling = np.sort(values)[::-1].astype(np.float64)
    share = falling.cumsum() / falling.sum()
    levels = np.log(falling[[int(np.searchsorted(share, mass)) for mass in MASSES]])
    levels -= np.arange(len(MASSES)) * 1e-6  # a cell may hold two shares
    return Density(x, y, np.log(values).reshape(PRIOR_GRID, PRIOR_GRID), levels.astype(np.float64))


@cached(100)
def plane_components(ref: Ref, steps: Steps) -> tuple[Floats, Floats]:
    """Means and covariances of the edited components on the plane, `(K, 2)` and `(K, 2, 2)`."""
    with torch.inference_mode():
        flat = on_plane(ref, edited(ref, steps).mixture)
    return flat.mean.numpy(), flat.covariance.numpy()


@cached(100)
def samples(ref: Ref, steps: Steps, n: int, seed: int) -> Samples:
    """Samples before and after, their components by the largest of log-weight and fixed Gumbel noise."""
    before, after = edited(ref, ()), edited(ref, steps)
    (start, of), (end, to) = _drawn(before, n, seed), _drawn(after, n, seed)
    changed = np.flatnonzero((of != to) | (start != end).any(1))
    model = loaded(ref)
    with torch.inference_mode():
        shown = [decode_means(model, torch.tensor(z), draws=at_once(n), seed=seed) for z in (start, end)]
    return Samples(shown[0], shown[1], changed)


def _drawn(mixture: Edited, n: int, seed: int) -> tuple[Floats, NDArray[np.int64]]:
    """Samples `(n, D)` and their components: added ones take noise of their own, so that the others keep theirs."""
    count = sum(name.isdigit() for name in mixture.names)
    source, added = np.random.default_rng(seed), np.random.default_rng(seed + GUMBEL_SEED)
    epsilon = source.standard_normal((n, mixture.mean.shape[1])).astype(np.float32)
    more = added.gumbel(size=(MOST_COMPONENTS, n)).T[:, : len(mixture.weights) - count]
    gumbel = np.concatenate([source.gumbel(size=(n, count)), more], 1)
    with np.errstate(divide="ignore"):
        component = (np.log(mixture.weights) + gumbel).argmax(1)
    return mixture.mean[component] + np.exp(0.5 * mixture.logvar[component]) * epsilon, component
