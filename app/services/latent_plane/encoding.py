"""The points of the test set: posteriors, one sample each, the plane on which they lie, and the components they are of.

A test set may have a million images. What is as long as it is computed a chunk of rows at a time and kept once for all
viewers (`st.cache_resource`; `st.cache_data` would copy it at every call): such arrays are never written to.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.services.loading import Ref, ServiceError, loaded, noise, several_threads
from app.services.memory import cached
from vampcore import metrics

SAMPLE_SEED = 0
# Numbers at once: 2 ** 22 in float64 are 32 MiB.
NUMBERS_AT_ONCE = 2**22

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Latents:
    """The top layer's posterior of every test image.

    Attributes:
        mean: Of q(z | x_n), `(N, D)`.
        scale: Its standard deviations, `(N, D)`.
        sample: One z ~ q(z | x_n) an image, with a fixed seed, `(N, D)`; where q is a flow, of the normal with its mean
            and scale, which are what a checkpoint keeps.
        labels: Class of each image, -1 where there is none, `(N,)`.
        ids: Number of each image in the test set, `(N,)`.
        elbo: Of each image, in nats, `(N,)`.
        log_likelihood: log p(x) of each image in nats, `(N,)`, NaN where it was not computed; None if it nowhere was.
    """

    mean: Floats
    scale: Floats
    sample: Floats
    labels: NDArray[np.int16]
    ids: NDArray[np.int64]
    elbo: Floats
    log_likelihood: Floats | None


@dataclass(frozen=True)
class Plane:
    """Where a latent space is looked at: y = basis' (z - origin).

    Attributes:
        origin: The point of the latent space at y = 0, `(D,)`.
        basis: Two orthonormal directions, `(D, 2)`.
        share: Part of the variance of the posterior means that the plane holds, 0 to 1.
        exact: Whether the plane is the latent space itself (two dimensions).
        axis_names: What to write at the axes.
    """

    origin: Floats
    basis: Floats
    share: float
    exact: bool
    axis_names: tuple[str, str]

    def project(self, z: Floats) -> Floats:
        """Points of the latent space, `(n, D)`, on the plane, `(n, 2)`."""
        return np.asarray((z - self.origin) @ self.basis, dtype=np.float32)


@dataclass(frozen=True)
class Assignment:
    """The component most responsible for each image's sample, and its responsibility p(k | z), `(N,)` each."""

    component: NDArray[np.int32]
    responsibility: Floats


def chunks(rows: int, numbers_a_row: int) -> Iterator[slice]:
    """The rows in parts of at most `NUMBERS_AT_ONCE` numbers."""
    step = max(1, NUMBERS_AT_ONCE // numbers_a_row)
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


@cached(24)
def latents(ref: Ref) -> Latents:
    """The posterior of every test image, with one sample each."""
    model = loaded(ref)
    stored = model.checkpoint.latents
    labels = torch.full_like(stored.ids, -1) if stored.labels is None else stored.labels
    bounds = model.checkpoint.per_image
    log_likelihood = None if bounds.log_likelihood is None else bounds.log_likelihood[stored.ids]
    if log_likelihood is not None and not log_likelihood.isfinite().any():
        log_likelihood = None
    posterior, generator = model.posterior, noise(SAMPLE_SEED)
    scale, sample = torch.empty_like(posterior.mean), torch.empty_like(posterior.mean)
    for rows in chunks(*posterior.mean.shape):
        scale[rows], sample[rows] = posterior[rows].scale, posterior[rows].sample((), generator)
    return Latents(
        mean=posterior.mean.numpy(),
        scale=scale.numpy(),
        sample=sample.numpy(),
        labels=labels.numpy().astype(np.int16),
        ids=stored.ids.numpy(),
        elbo=bounds.elbo[stored.ids].float().numpy(),
        log_likelihood=None if log_likelihood is None else log_likelihood.float().numpy(),
    )


@cached(100)
def plane(ref: Ref) -> Plane:
    """The latent space itself in two dimensions; in more, the first two principal axes of the posterior means.

    Signs are fixed: the largest loading of each axis is positive.

    Raises:
        ServiceError: If the latent space has one dimension only.
    """
    mean = latents(ref).mean
    dimensions = mean.shape[1]
    if dimensions < 2:
        raise ServiceError("a latent space of one dimension has no plane: choose a model with two or more")
    if dimensions == 2:
        identity = np.eye(2, dtype=np.float32)
        return Plane(np.zeros(2, np.float32), identity, 1.0, exact=True, axis_names=("z\u2081", "z\u2082"))
    origin = mean.mean(0, dtype=np.float64)
    variances, axes = np.linalg.eigh(_covariance(mean, origin))
    axes = axes[:, [-1, -2]]
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), [0, 1]])
    shares = variances[[-1, -2]] / variances.sum()
    first, second = (f"Principal axis {i + 1} ({100 * share:.0f} %)" for i, share in enumerate(shares))
    basis = axes.astype(np.float32)
    return Plane(origin.astype(np.float32), basis, float(shares.sum()), exact=False, axis_names=(first, second))


def _covariance(values: Floats, origin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the columns, `(D, D)`, the products added in float64."""
    total = np.zeros((len(origin), len(origin)))
    for rows in chunks(*values.shape):
        centred = values[rows] - origin
        total += centred.T @ centred
    return total / max(1, len(values) - 1)


@cached(64)
def points(ref: Ref, means: bool = False) -> Floats:
    """The test set on the plane, `(N, 2)`: one sample an image, or the posterior means."""
    known, where = latents(ref), plane(ref)
    source = known.mean if means else known.sample
    placed = np.empty((len(source), 2), np.float32)
    for rows in chunks(*source.shape):
        placed[rows] = where.project(source[rows])
    return placed


@cached(64)
def log_prior(ref: Ref) -> NDArray[np.float64]:
    """The log-density of a prior that is a mixture at every image's sample, `(N,)`, in float64.

    In float32 a responsibility of 1 is off by up to 1e-6, and its rounding would decide which image is first.
    """
    with torch.inference_mode(), several_threads():
        sample = torch.tensor(latents(ref).sample)
        parts = [metrics.log_density(loaded(ref).mixture, sample[rows].double()) for rows in chunks(*sample.shape)]
        return torch.cat(parts).numpy()


@cached(64, "Assigning images to components")
def components_of_images(ref: Ref) -> Assignment:
    """The component most responsible for each image's sample, in the whole latent space."""
    prior, sample = loaded(ref).mixture, latents(ref).sample
    component, most = torch.zeros(len(sample), dtype=torch.int32), torch.zeros(len(sample))
    with torch.inference_mode(), several_threads():
        known = torch.tensor(log_prior(ref)).float()
        for part, shares in metrics.responsibilities(prior, torch.tensor(sample), log_p=known):
            top = shares.max(-1)
            component = torch.where(top.values > most, part.start + top.indices.int(), component)
            most = torch.maximum(most, top.values)
    return Assignment(component.numpy(), most.numpy())


@cached(64)
def elbo_ends(ref: Ref) -> tuple[float, float]:
    """The 2nd and 98th percentile of all images' ELBO, in nats: the ends of their colours, however few are in view."""
    low, high = np.nanpercentile(latents(ref).elbo.astype(np.float64), [2, 98])
    return float(low), float(max(high, low + 1e-6))
