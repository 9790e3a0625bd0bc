"""Pictures: test images, reconstructions, and what the decoder makes of a place or of a draw."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.services.densities import aggregate, mass_curve, prior_seen
from app.services.latent_space import Floats, nearest, plane
from app.services.loading import DataMissing, Pixels, Ref, decode_means, loaded, noise, pixels_of
from app.services.memory import kept
from app.services.originals import observations
from vampcore import DiagNormalMixture


@dataclass(frozen=True)
class Images:
    """Test images, `(n, C, H, W)`; where the data set is not on disk, their reconstructions (`originals` False)."""

    pixels: Pixels
    originals: bool


@dataclass(frozen=True)
class Samples:
    """Draws of a density over the latent space and their decoded means.

    Attributes:
        pixels: `(n, C, H, W)`.
        z: `(n, D)`.
    """

    pixels: Pixels
    z: Floats


@dataclass(frozen=True)
class Place:
    """A place of the plane, decoded.

    Attributes:
        x: Along the first axis.
        y: Along the second axis.
        z: The most likely point of the latent space above it, `(D,)`; under a flow, the point of the plane itself.
        pixels: Its decoded mean, `(1, C, H, W)`.
        log_density: The prior's there, on the plane, in nats; None where it has no density there.
        mass: The smallest mass region of the prior that holds the place, 0.01 to 1; None likewise.
        component: The component most responsible for z; None where the prior is a flow.
        responsibility: That component's p(k | z); None likewise.
        rows: The nearest test images on the plane, nearest first.
        distances: How far they are.
    """

    x: float
    y: float
    z: Floats
    pixels: Pixels
    log_density: float | None
    mass: float | None
    component: int | None
    responsibility: float | None
    rows: NDArray[np.int64]
    distances: Floats


@kept(200)
def test_images(ref: Ref, rows: tuple[int, ...]) -> Images:
    """Test images by row; reconstructions stand in where the data set is not on disk."""
    chosen = torch.tensor(rows, dtype=torch.int64)
    model = loaded(ref)
    if not rows:
        return Images(np.zeros((0, *model.checkpoint.observation.shape), np.uint8), originals=True)
    try:
        with torch.inference_mode():
            return Images(pixels_of(observations(model, chosen)), originals=True)
    except DataMissing:
        return Images(reconstructions(ref, rows), originals=False)


@kept(200)
def reconstructions(ref: Ref, rows: tuple[int, ...]) -> Pixels:
    """Decoded posterior means of test images."""
    model = loaded(ref)
    with torch.inference_mode():
        return decode_means(model, model.posterior.mean[list(rows)])


def decode(ref: Ref, z: Floats) -> Pixels:
    """Decoded means of any points of the latent space, `(n, D)` to `(n, C, H, W)`."""
    with torch.inference_mode():
        return decode_means(loaded(ref), torch.tensor(np.ascontiguousarray(z, dtype=np.float32)))


def decode_place(ref: Ref, x: float, y: float, neighbours: int = 8) -> Place:
    """What lies at a place of the plane, and the test images around it."""
    model, where = loaded(ref), plane(ref)
    with torch.inference_mode():
        place, basis, origin = torch.tensor([[x, y]]), torch.tensor(where.basis), torch.tensor(where.origin)
        log_density = mass = component = responsibility = None
        seen, curve = prior_seen(ref), mass_curve(ref)
        if seen is not None and curve is not None:
            log_density = seen.log_prob(place).item()
            mass = (int(np.searchsorted(-curve, -log_density)) + 1) / 100
        if isinstance(model.prior, DiagNormalMixture):
            z = model.prior.lift(place, basis, origin)
            most = model.prior.responsibilities(z).max(-1)
            component, responsibility = int(most.indices), float(most.values)
        else:
            z = origin + place @ basis.T
        pixels = decode_means(model, z)
    rows, distances = nearest(ref, (x, y), neighbours)
    return Place(
        x=x,
        y=y,
        z=z[0].numpy(),
        pixels=pixels,
        log_density=log_density,
        mass=mass,
        component=component,
        responsibility=responsibility,
        rows=rows,
        distances=distances,
    )


@kept(100)
def prior_samples(ref: Ref, n: int, seed: int = 0, temperature: float = 1.0) -> Samples:
    """Draws from the prior; one seed gives all priors the same noise and the same uniforms for their components."""
    with torch.inference_mode():
        return _decoded(ref, loaded(ref).prior.sample((n,), noise(seed), temperature))


@kept(64)
def aggregate_samples(ref: Ref, n: int, seed: int = 0) -> Samples:
    """Draws from the aggregated posterior of the test set: what the decoder was trained on."""
    with torch.inference_mode():
        return _decoded(ref, aggregate(ref).sample((n,), noise(seed)))


def _decoded(ref: Ref, z: torch.Tensor) -> Samples:
    return Samples(decode_means(loaded(ref), z), z.numpy())
