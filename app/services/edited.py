"""A mixture prior after edits: its components and their weights."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.services import own_image, prior_components
from app.services.capabilities import as_normal
from app.services.edits import Step, Steps
from app.services.latent_plane.encoding import Floats, latents
from app.services.loading import Ref, ServiceError, loaded, several_threads
from app.services.memory import cached
from app.services.originals import observations
from vampcore import DiagNormal, DiagNormalMixture, metrics

# Latents of images that weights are learned from.
MOST_LEARNED = 2000
MOST_COMPONENTS = 2000


@dataclass(frozen=True)
class Edited:
    """A mixture after some steps. The first components are the prior's own, with weight 0 where one was removed.

    Attributes:
        mean: `(K, D)`.
        logvar: `(K, D)`.
        weights: Their sum is one, `(K,)`.
        names: What each is: "17", "copy of 17", "test image 3", "drawing", "uploaded image".
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


def ranked(ref: Ref, after: Edited) -> NDArray[np.int64]:
    """The components that are left, most used first; a copy has its original's usage, one at an image has none."""
    origins = np.array(after.origins)
    known = after.living[origins[after.living] >= 0]
    usage = prior_components.summary(ref).usage[origins[known]]
    return known[np.argsort(-usage, kind="stable")]


def _after(ref: Ref, before: Edited, step: Step) -> Edited:
    weights, chosen = before.weights.copy(), np.array(step.components, np.int64)
    if len(chosen) and (chosen[-1] >= len(weights) or (weights[chosen] == 0).any()):
        raise ServiceError("the edit names a component that is not there: undo it, or reset")
    match step.kind:
        case "remove":
            weights[chosen] = 0
        case "dead":
            weights[: len(loaded(ref).mixture.logits)][prior_components.summary(ref).dead] = 0
        case "keep":
            weights[ranked(ref, before)[step.number :]] = 0
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
        case "image" | "drawn" | "uploaded":
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
    return own_image.observation(ref, step.image), "drawing" if step.kind == "drawn" else "uploaded image"


def _encoded(ref: Ref, image: Floats) -> tuple[Floats, Floats]:
    model = loaded(ref)
    with torch.inference_mode():
        posterior = as_normal(model.checkpoint.model.encoder(torch.tensor(image)[None].to(model.device)))
        if posterior is None:
            raise ServiceError("the posteriors of this model are flows, which cannot be components: undo this step")
        return posterior.mean.cpu().numpy(), posterior.logvar.cpu().numpy()


def halves(ref: Ref) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two halves of the test images: one to choose on, one to report on."""
    order = np.random.default_rng(0).permutation(len(loaded(ref).checkpoint.latents.ids))
    return order[: len(order) // 2], order[len(order) // 2 :]


def _learned(ref: Ref, before: Edited) -> NDArray[np.float64]:
    """The weights that maximise the mean log p(z) of samples of q(z | x) of the images that are chosen on."""
    rows, mixture = halves(ref)[0][:MOST_LEARNED], before.mixture
    with torch.inference_mode(), several_threads():
        z = torch.tensor(latents(ref).sample[rows]).double()
        parts = mixture.components
        wide = DiagNormal(parts.mean.double(), parts.logvar.double())
        return metrics.learned_weights(wide.pairwise_log_prob(z), torch.tensor(before.weights).log()).numpy()
