"""The prior's components: what they look like, how much they weigh, who uses them, how they came about."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from app.services.latent_plane.encoding import Floats, latents, log_prior
from app.services.latent_plane.selection import nearest
from app.services.loading import (
    Pixels,
    Ref,
    ServiceError,
    at_once,
    decode_means,
    first_draws,
    loaded,
    several_threads,
    to_bytes,
)
from app.services.memory import cached
from vampcore import metrics

ORDERS = ("weight", "usage", "class", "similarity")
NEAREST = 8
# Responsibilities that differ by less are equal.
EQUAL = 1e-6
# Components that a page shows at once, or offers in a list: more of them take a browser seconds and megabytes.
MOST_SHOWN = 500


@dataclass(frozen=True)
class Components:
    """All components of a prior at once.

    Attributes:
        weights: Their prior probabilities, which sum to one, `(K,)`.
        usage: Mean responsibility over the test set for one sample an image, `(K,)`; sums to one.
        usage_se: Standard errors of the usage over the images, `(K,)`.
        effective: Effective number of components, exp of the usage's entropy.
        alive: Which the mixture has: those that weigh more than 0, `(K,)`.
        dead: Which of them are used less than a tenth of an equal share, `(K,)`.
        classes: The class of the images that each is responsible for, by majority; -1 where there is none, `(K,)`.
        mean: Their means, `(K, D)`.
        scale: Their standard deviations, `(K, D)`.
    """

    weights: Floats
    usage: Floats
    usage_se: Floats
    effective: float
    alive: NDArray[np.bool_]
    dead: NDArray[np.bool_]
    classes: NDArray[np.int16]
    mean: Floats
    scale: Floats

    @property
    def present(self) -> NDArray[np.int64]:
        """The numbers of those that the mixture has."""
        return np.flatnonzero(self.alive)

    @property
    def missing(self) -> NDArray[np.int64]:
        """The numbers of those that the mixture has room for and does not have: removed, or never added."""
        return np.flatnonzero(~self.alive)


@dataclass(frozen=True)
class Snapshot:
    """The prior after an epoch: pseudo-inputs (None where there are none), and weights."""

    epoch: int
    pixels: Pixels | None
    weights: Floats


@dataclass(frozen=True)
class ComponentDetail:
    """One component from its pseudo-input to the images that it explains.

    Attributes:
        component: Its index k.
        pseudo_input: u_k, `(1, C, H, W)`, or None.
        mean: Of the component, `(D,)`.
        scale: Its standard deviations, `(D,)`.
        decoded: Decoded mean, `(1, C, H, W)`.
        samples: Decoded draws of the component, `(n, C, H, W)`.
        explained: Test images with the highest responsibility of this component, highest first; of equal
            responsibilities (to `EQUAL`) the denser under the component. Of a prior of one component, the densest.
        responsibilities: Theirs, at most 1.
        nearest: Test images whose posterior means are nearest to the component's mean in the latent space.
        distances: Theirs, in latent units.
        weight: Prior probability.
        usage: Mean responsibility over the test set.
        image_class: Majority class, -1 where there is none.
    """

    component: int
    pseudo_input: Pixels | None
    mean: Floats
    scale: Floats
    decoded: Pixels
    samples: Pixels
    explained: NDArray[np.int64]
    responsibilities: NDArray[np.float64]
    nearest: NDArray[np.int64]
    distances: NDArray[np.float64]
    weight: float
    usage: float
    image_class: int


@cached(64)
def summary(ref: Ref) -> Components:
    """Weights, usage and classes of all components."""
    model, labels = loaded(ref), torch.tensor(latents(ref).labels).long()
    of_class = functional.one_hot(labels.clamp_min(0)).float() * (labels >= 0).unsqueeze(-1)
    count = len(model.mixture.logits)
    # Made before: what is allotted between large pieces keeps their memory from being used again, part after part.
    usage, squares, votes = torch.empty(count), torch.empty(count), torch.empty(count, of_class.shape[1])
    with torch.inference_mode(), several_threads():
        known = torch.tensor(log_prior(ref)).float()
        for part, shares in metrics.responsibilities(model.mixture, torch.tensor(latents(ref).sample), log_p=known):
            usage[part], squares[part] = shares.mean(0), shares.square().mean(0)
            votes[part] = shares.mT @ of_class
        errors = ((squares - usage.square()).clamp_min(0) / (len(labels) - 1)).sqrt()
        weights = model.mixture.log_weights.exp()
        alive = weights > 0
        dead = torch.zeros_like(alive)
        dead[alive] = metrics.dead(usage[alive])
        return Components(
            weights=weights.numpy(),
            usage=usage.numpy(),
            usage_se=errors.numpy(),
            effective=metrics.effective_components(usage),
            alive=alive.numpy(),
            dead=dead.numpy(),
            classes=torch.where(votes.sum(1) > 0, votes.argmax(1), -1).short().numpy(),
            mean=model.mixture.components.mean.numpy().copy(),
            scale=model.mixture.components.scale.numpy(),
        )


@cached(100)
def order(ref: Ref, by: str) -> NDArray[np.int64]:
    """Indices of the components that the mixture has in an order of `ORDERS`.

    `weight` and `usage` fall; `class` goes class by class, the most used first; `similarity` is a walk that goes on to
    the nearest mean not yet visited, from the heaviest component on. Of more than `MOST_SHOWN` components it visits the
    most used, from the first of them on, and the others follow by usage.

    Raises:
        ServiceError: If the order is unknown.
    """
    known = summary(ref)
    living = known.present
    weights, usage, classes = known.weights[living], known.usage[living], known.classes[living]
    match by:
        case "weight":
            return living[np.argsort(-weights, kind="stable")]
        case "usage":
            return living[np.argsort(-usage, kind="stable")]
        case "class":
            return living[np.lexsort((-usage, np.where(classes < 0, np.iinfo(np.int16).max, classes)))]
        case "similarity" if len(living) > MOST_SHOWN:
            ranked = order(ref, "usage")
            first = ranked[:MOST_SHOWN]
            return np.concatenate([first[_walk(known.mean[first], 0)], ranked[MOST_SHOWN:]])
        case "similarity":
            return living[_walk(known.mean[living], int(weights.argmax()))]
    raise ServiceError(f"components cannot be ordered by {by}: use {', '.join(ORDERS)}")


@cached(100)
def most_used(ref: Ref) -> NDArray[np.int64]:
    """The components that are shown where not all can be: the `MOST_SHOWN` most used, most used first."""
    return order(ref, "usage")[:MOST_SHOWN].copy()


def _walk(places: Floats, start: int) -> NDArray[np.int64]:
    left = np.ones(len(places), bool)
    path = [start]
    for _ in range(len(places) - 1):
        left[path[-1]] = False
        distances = np.square(places - places[path[-1]]).sum(1)
        path.append(int(np.where(left, distances, np.inf).argmin()))
    return np.array(path)


@cached(24)
def pseudo_inputs(ref: Ref) -> Pixels | None:
    """The pseudo-inputs u_k as images, `(K, C, H, W)`, or None where the prior has none to show."""
    with torch.inference_mode():
        images = loaded(ref).checkpoint.model.prior.images()
        return None if images is None else to_bytes(images)


def pseudo_input_start(ref: Ref) -> str:
    """What the pseudo-inputs started from: `random`, `data`, `class-means` or `kmeans`."""
    return loaded(ref).checkpoint.config.pseudo_inputs


@cached(24)
def component_images(ref: Ref) -> Pixels:
    """Decoded mean of every component, `(K, C, H, W)`."""
    model = loaded(ref)
    with torch.inference_mode():
        return decode_means(model, model.mixture.components.mean)


@cached(16)
def snapshots(ref: Ref) -> tuple[Snapshot, ...]:
    """The prior at some epochs of its training, first to last."""
    with torch.inference_mode():
        return tuple(
            Snapshot(
                epoch=each.epoch,
                pixels=None if each.pseudo_inputs is None else each.pseudo_inputs.numpy().copy(),
                weights=each.mixture.log_weights.exp().numpy(),
            )
            for each in loaded(ref).checkpoint.snapshots
        )


@cached(200)
def component_detail(ref: Ref, k: int, n: int = 16) -> ComponentDetail:
    """One component: u_k, its posterior, its decoded mean, n samples, and the images that it is responsible for.

    Raises:
        ServiceError: If there is no such component.
    """
    known = summary(ref)
    _check(k, len(known.weights))
    rows, responsibilities = _explained(ref, k)
    near, distances = nearest(ref, known.mean[k], NEAREST)
    learned = pseudo_inputs(ref)
    return ComponentDetail(
        component=k,
        pseudo_input=None if learned is None else learned[k : k + 1],
        mean=known.mean[k],
        scale=known.scale[k],
        decoded=component_images(ref)[k : k + 1],
        samples=component_samples(ref, (k,), n),
        explained=rows,
        responsibilities=responsibilities,
        nearest=near,
        distances=distances,
        weight=float(known.weights[k]),
        usage=float(known.usage[k]),
        image_class=int(known.classes[k]),
    )


def _explained(ref: Ref, k: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The `NEAREST` images with the highest responsibility of a component, and these responsibilities."""
    mixture = loaded(ref).mixture
    with torch.inference_mode():
        sample = torch.tensor(latents(ref).sample).double()
        density = mixture.components[k : k + 1].pairwise_log_prob(sample)[:, 0].numpy()
        log_weight = float(mixture.logits.double().log_softmax(-1)[k])
    shares = np.minimum(np.exp(log_weight + density - log_prior(ref)), 1.0)
    # Many are 1 but for digits that mean nothing: of those the denser point is the better example.
    ranked = np.round(shares / EQUAL)
    least = np.partition(ranked, -NEAREST)[-NEAREST] if len(ranked) > NEAREST else 0.0
    rows = np.flatnonzero(ranked >= least)
    rows = rows[np.lexsort((-density[rows], -ranked[rows]))][:NEAREST]
    return rows, shares[rows]


@cached(200)
def component_samples(ref: Ref, ks: tuple[int, ...], n: int, temperature: float = 1.0, seed: int = 0) -> Pixels:
    """Decoded draws of several components, `(len(ks) * n, C, H, W)`, a row each.

    All rows share their noise, that of lower layers too, so that a column differs by the component alone. The first
    columns are the same however many are asked for.

    Raises:
        ServiceError: If there is no such component.
    """
    model = loaded(ref)
    count = len(model.mixture.components.mean)
    for k in ks:
        _check(k, count)
    with torch.inference_mode():
        drawn = [first_draws(model.mixture.component(k), n, seed, temperature) for k in ks]
        images = [decode_means(model, z, draws=at_once(n), temperature=temperature, seed=seed) for z in drawn]
        return np.concatenate(images)


def _check(k: int, count: int) -> None:
    if not 0 <= k < count:
        raise ServiceError(f"there is no component {k}: this prior has 0 to {count - 1}")
