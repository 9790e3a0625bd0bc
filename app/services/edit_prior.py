"""A mixture prior with edits: its components and weights, its contours and samples, and what it does to log p(x)."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.records import MASSES, Density, Window
from app.services import prior_components
from app.services.capabilities import as_normal
from app.services.densities import PRIOR_GRID, on_plane
from app.services.edits import Step, Steps
from app.services.giving_up import go_on
from app.services.latent_plane.encoding import Floats, latents
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
from vampcore import DiagNormal, DiagNormalMixture, datasets, metrics
from vampcore.metrics import Metric, PriorEdits

# Images that an edit is measured on: by the integral's grid, and by draws that are refined for each image.
GRID_IMAGES, COVERING_IMAGES = 1000, 96
# Latents of images that weights are learned from.
MOST_LEARNED = 2000
MOST_COMPONENTS = 2000
GUMBEL_SEED = 7_000_003


@dataclass(frozen=True)
class Edited:
    """A mixture after some steps. The first components are the prior's own, with weight 0 where one was removed.

    Attributes:
        mean: `(K, D)`.
        logvar: `(K, D)`.
        weights: Their sum is one, `(K,)`.
        names: What each is: "17", "copy of 17", "test image 3", "drawing".
        origins: The prior's component that each is or copies; -1 of one that was added at an image.
        images: The observation that an added one encodes, `(C, H, W)`; None of the others.
    """

    mean: Floats
    logvar: Floats
    weights: NDArray[np.float64]
    names: tuple[str, ...]
    origins: tuple[int, ...]
    images: tuple[Floats | None, ...]

    @property
    def living(self) -> NDArray[np.int64]:
        """Numbers of the components that have weight."""
        return np.flatnonzero(self.weights > 0)

    @property
    def mixture(self) -> DiagNormalMixture:
        """As a distribution."""
        components = DiagNormal(torch.tensor(self.mean), torch.tensor(self.logvar))
        return DiagNormalMixture(components, torch.tensor(self.weights).log().float())


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


@cached(200)
def edited(ref: Ref, steps: Steps) -> Edited:
    """The mixture after some steps.

    Raises:
        ServiceError: If a step names what is not there, or nothing would remain.
    """
    if steps:
        return _after(ref, edited(ref, steps[:-1]), steps[-1])
    mixture = loaded(ref).mixture
    count = len(mixture.logits)
    return Edited(
        mean=mixture.components.mean.numpy().copy(),
        logvar=mixture.components.logvar.numpy().copy(),
        weights=mixture.logits.double().softmax(-1).numpy(),
        names=tuple(str(k) for k in range(count)),
        origins=tuple(range(count)),
        images=(None,) * count,
    )


def _after(ref: Ref, before: Edited, step: Step) -> Edited:
    weights, chosen = before.weights.copy(), np.array(step.components, np.int64)
    if len(chosen) and (chosen[-1] >= len(weights) or (weights[chosen] == 0).any()):
        raise ServiceError("the edit names a component that is not there: undo it, or reset")
    match step.kind:
        case "remove":
            weights[chosen] = 0
        case "dead":
            weights[: len(loaded(ref).mixture.logits)][prior_components.components(ref).dead] = 0
        case "keep":
            ranked = prior_components.order(ref, "usage")
            weights[ranked[step.number :]] = 0
        case "weight":
            others = 1 - weights[chosen[0]]
            if others <= 0:
                raise ServiceError("the only component has all the weight: add another one first")
            weights *= (1 - step.weight) / others
            weights[chosen[0]] = step.weight
        case "learn":
            weights = _learned(ref, before)
        case "copy":
            return _plus(before, before.mean[chosen], before.logvar[chosen], weights[chosen], step.components, ())
        case "image" | "drawn":
            image, name = _observation(ref, step)
            mean, logvar = _encoded(ref, image)
            share = np.array([step.weight / (1 - step.weight)])
            return _plus(before, mean, logvar, share, (), (image,), name)
    if not weights.any():
        raise ServiceError("a mixture cannot lose its last component: keep one")
    return Edited(before.mean, before.logvar, weights / weights.sum(), before.names, before.origins, before.images)


def _plus(
    before: Edited,
    mean: Floats,
    logvar: Floats,
    weights: NDArray[np.float64],
    copied: tuple[int, ...],
    images: tuple[Floats, ...],
    name: str = "",
) -> Edited:
    """More components, of which the weights are to those before as given."""
    if len(before.weights) + len(weights) > MOST_COMPONENTS:
        raise ServiceError(f"an edited prior has {MOST_COMPONENTS:,} components at most: undo this step")
    every = np.concatenate([before.weights, weights])
    names = tuple(f"copy of {before.names[k].removeprefix('copy of ')}" for k in copied) or (name,)
    return Edited(
        np.concatenate([before.mean, mean]),
        np.concatenate([before.logvar, logvar]),
        every / every.sum(),
        before.names + names,
        before.origins + (tuple(before.origins[k] for k in copied) or (-1,)),
        before.images + (tuple(before.images[k] for k in copied) or images),
    )


def _observation(ref: Ref, step: Step) -> tuple[Floats, str]:
    """The image that a component is added at, as the model observes it, and its name."""
    model = loaded(ref)
    if step.kind == "image":
        if step.number >= len(model.checkpoint.latents.ids):
            raise ServiceError(f"there is no test image {step.number}: undo this step")
        with torch.inference_mode():
            found = observations(model, torch.tensor([step.number]))[0].float().cpu().numpy()
        return found, f"test image {step.number}"
    found = unpacked(step.image, model.checkpoint.observation.shape, model.checkpoint.observation.levels)
    levels, likelihood = model.checkpoint.observation.levels, model.checkpoint.config.likelihood
    return datasets.observe(torch.tensor(found), levels, likelihood).numpy(), "drawing"


def packed(pixels: Pixels, levels: int) -> bytes:
    """An image of values from 0 to `levels` as bytes, which a link can name: bits where it is black and white."""
    flat = pixels.reshape(-1)
    return np.packbits(flat > 0).tobytes() if levels == 1 else flat.tobytes()


def unpacked(content: bytes, shape: tuple[int, int, int], levels: int) -> Pixels:
    """The image that `packed` made these bytes of.

    Raises:
        ServiceError: If they are of another size, or a value is above `levels`.
    """
    count = int(np.prod(shape))
    numbers = np.frombuffer(content, np.uint8)
    if len(numbers) != (-(-count // 8) if levels == 1 else count):
        raise ServiceError("the drawn image has another size than this model's images: undo this step")
    values = np.unpackbits(numbers)[:count] if levels == 1 else numbers
    if int(values.max()) > levels:
        raise ServiceError("the drawn image has other grey values than this model's images: undo this step")
    return values.reshape(shape).copy()


def _encoded(ref: Ref, image: Floats) -> tuple[Floats, Floats]:
    model = loaded(ref)
    with torch.inference_mode():
        posterior = as_normal(model.checkpoint.model.encoder(torch.tensor(image)[None].to(model.device)))
        if posterior is None:
            raise ServiceError("the posteriors of this model are flows, which cannot be components: undo this step")
        return posterior.mean.cpu().numpy(), posterior.logvar.cpu().numpy()


def _halves(ref: Ref) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two halves of the test images: one to choose on, one to report on."""
    order = np.random.default_rng(0).permutation(len(loaded(ref).checkpoint.latents.ids))
    return order[: len(order) // 2], order[len(order) // 2 :]


def _learned(ref: Ref, before: Edited) -> NDArray[np.float64]:
    """The weights that maximise the mean log p(z) of samples of q(z | x) of the images that are chosen on."""
    rows, mixture = _halves(ref)[0][:MOST_LEARNED], before.mixture
    with torch.inference_mode(), several_threads():
        z = torch.tensor(latents(ref).sample[rows]).double()
        parts = mixture.components
        wide = DiagNormal(parts.mean.double(), parts.logvar.double())
        return metrics.learned_weights(wide.pairwise_log_prob(z), torch.tensor(before.weights).log()).numpy()


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
    halves = [torch.tensor(np.sort(half[:most])) for half in _halves(ref)]
    with torch.inference_mode():
        x = [observations(model, rows) for rows in halves]
        if not metrics.can_draw(vae, x[0]):
            raise ServiceError("the posteriors of this model are flows: what an edit does to log p(x) is not measured")
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
