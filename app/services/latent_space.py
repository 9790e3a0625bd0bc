"""The latent space as the test set fills it: posteriors, one sample each, and the plane on which they are drawn."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray

from app.services.loading import Ref, ServiceError, loaded, noise

SAMPLE_SEED = 0

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Latents:
    """The top layer's posterior of every test image.

    Attributes:
        mean: Of q(z | x_n), `(N, D)`.
        scale: Its standard deviations, `(N, D)`.
        sample: One z ~ q(z | x_n) an image, with a fixed seed, `(N, D)`.
        labels: Class of each image, -1 where there is none, `(N,)`.
        ids: Number of each image in the test set, `(N,)`.
        elbo: Of each image, in nats, `(N,)`.
        log_likelihood: log p(x) of each image in nats, `(N,)`, or None where it was not computed.
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


@st.cache_data(max_entries=24, show_spinner=False)
def latents(ref: Ref) -> Latents:
    """The posterior of every test image, with one sample each."""
    model = loaded(ref)
    stored = model.checkpoint.latents
    labels = torch.full_like(stored.ids, -1) if stored.labels is None else stored.labels
    log_likelihood = model.checkpoint.per_image.log_likelihood
    return Latents(
        mean=model.posterior.mean.numpy().copy(),
        scale=model.posterior.scale.numpy(),
        sample=model.posterior.sample((), noise(SAMPLE_SEED)).numpy(),
        labels=labels.numpy().astype(np.int16),
        ids=stored.ids.numpy().copy(),
        elbo=model.checkpoint.per_image.elbo.float().numpy().copy(),
        log_likelihood=None if log_likelihood is None else log_likelihood.float().numpy().copy(),
    )


@st.cache_data(max_entries=100, show_spinner=False)
def plane(ref: Ref) -> Plane:
    """The latent space itself in two dimensions; in more, the first two principal axes of the posterior means.

    Signs are fixed: the largest loading of each axis is positive.

    Raises:
        ServiceError: If the latent space has one dimension only.
    """
    mean = loaded(ref).posterior.mean.double().numpy()
    dimensions = mean.shape[1]
    if dimensions < 2:
        raise ServiceError("a latent space of one dimension has no plane: choose a model with two or more")
    if dimensions == 2:
        identity = np.eye(2, dtype=np.float32)
        return Plane(np.zeros(2, np.float32), identity, 1.0, exact=True, axis_names=("z\u2081", "z\u2082"))
    origin = mean.mean(0)
    variances, axes = np.linalg.eigh(np.cov(mean - origin, rowvar=False))
    axes = axes[:, [-1, -2]]
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), [0, 1]])
    shares = variances[[-1, -2]] / variances.sum()
    first, second = (f"Principal axis {i + 1} ({100 * share:.0f} %)" for i, share in enumerate(shares))
    basis = axes.astype(np.float32)
    return Plane(origin.astype(np.float32), basis, float(shares.sum()), exact=False, axis_names=(first, second))


@st.cache_data(max_entries=64, show_spinner=False)
def points(ref: Ref, means: bool = False) -> Floats:
    """The test set on the plane, `(N, 2)`: one sample an image, or the posterior means."""
    known = latents(ref)
    return plane(ref).project(known.mean if means else known.sample)


@st.cache_data(max_entries=64, show_spinner=False)
def components_of_images(ref: Ref) -> Assignment:
    """The component most responsible for each image's sample, in the whole latent space."""
    model = loaded(ref)
    with torch.inference_mode():
        shares = model.prior.responsibilities(torch.from_numpy(latents(ref).sample))
        top = shares.max(-1)
    return Assignment(top.indices.numpy().astype(np.int32), top.values.numpy())
