"""Pictures: test images, reconstructions, and what the decoder makes of a place or of a draw."""

import contextlib
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.services.densities import prior_seen, share_less_dense
from app.services.latent_plane.encoding import Floats, plane
from app.services.latent_plane.selection import nearest, nearest_on_plane
from app.services.loading import DataMissing, Pixels, Ref, at_once, decode_means, first_draws, loaded, to_bytes
from app.services.memory import cached
from app.services.originals import observations, test_part


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
class DecodedPlace:
    """A point of the plane, decoded.

    Attributes:
        x: Along the first axis.
        y: Along the second axis.
        z: The most likely point of the latent space above it, `(D,)`; of a prior without components, the point of the
            plane itself.
        pixels: Its decoded mean, `(1, C, H, W)`.
        log_density: The prior's there, on the plane, in nats; None where it has no density there.
        less_dense: The share of the prior's samples that lie at less dense points of the plane; None likewise.
        component: The component most responsible for z; None where the prior has none.
        responsibility: That component's p(k | z); None likewise.
        rows: The nearest test images, nearest first.
        distances: How far they are, in latent units.
    """

    x: float
    y: float
    z: Floats
    pixels: Pixels
    log_density: float | None
    less_dense: float | None
    component: int | None
    responsibility: float | None
    rows: NDArray[np.int64]
    distances: NDArray[np.float64]


@cached(200)
def from_test_set(ref: Ref, rows: tuple[int, ...]) -> Images:
    """Test images by row; reconstructions stand in where the data set is not on disk."""
    chosen = torch.tensor(rows, dtype=torch.int64)
    model = loaded(ref)
    if not rows:
        return Images(np.zeros((0, *model.checkpoint.observation.shape), np.uint8), originals=True)
    try:
        with torch.inference_mode():
            return Images(to_bytes(observations(model, chosen)), originals=True)
    except DataMissing:
        return Images(reconstructions(ref, rows), originals=False)


@cached(8)
def image_names(ref: Ref) -> tuple[str, ...] | None:
    """The file name or id of each test image whose latents are kept; None where the data set has none or is absent."""
    model = loaded(ref)
    try:
        names = test_part(model).split.names
    except DataMissing:
        return None
    return None if names is None else tuple(names[row] for row in model.checkpoint.latents.ids.tolist())


@cached(200)
def reconstructions(ref: Ref, rows: tuple[int, ...]) -> Pixels:
    """Decoded posterior means of test images.

    Of a lower layer the mean of q(z1 | x, z2) at the mean of q(z2 | x); where the data set is not on disk the stored
    mean of its posterior, which is that over samples of the layers above.
    """
    z, *below = posterior_means(ref, rows)
    return decode(ref, z, tuple(below))


@cached(50)
def posterior_means(ref: Ref, rows: tuple[int, ...]) -> tuple[Floats, ...]:
    """The posterior means of test images, `(n, D)` for each layer, top first, as `reconstructions` decodes them."""
    model, chosen = loaded(ref), torch.tensor(rows, dtype=torch.int64)
    stored = [layer.mean[chosen] for layer in model.checkpoint.latents.layers]
    if len(stored) > 1 and rows:
        with contextlib.suppress(DataMissing), torch.inference_mode():
            x, vae = observations(model, chosen), model.checkpoint.model
            stored[1:] = [mean.cpu() for mean in vae.lower_means(x, stored[0].to(model.device))]
    return tuple(mean.numpy() for mean in stored)


def decode(ref: Ref, z: Floats, below: tuple[Floats, ...] = ()) -> Pixels:
    """Decoded means of any points of the latent space, `(n, D)` to `(n, C, H, W)`.

    Arguments:
        ref: The checkpoint.
        z: Points of the top layer.
        below: Points of each layer below it; without them, these layers take the means of their priors given z.
    """
    layers = (torch.tensor(np.ascontiguousarray(each, dtype=np.float32)) for each in (z, *below))
    with torch.inference_mode():
        top, *others = layers
        return decode_means(loaded(ref), top, tuple(others))


def decode_place(
    ref: Ref, x: float, y: float, neighbours: int = 8, means: bool = False, on_plane: bool = False
) -> DecodedPlace:
    """What lies at a point of the plane, and the test images around it.

    Arguments:
        ref: The checkpoint.
        x: Along the first axis.
        y: Along the second axis.
        neighbours: Test images to find.
        means: In two dimensions and on the plane, measure from the posterior means; else from the samples.
        on_plane: Measure on the plane. Else in the whole latent space from z, in more than two dimensions always from
            the posterior means: a sample's noise in many dimensions is longer than what tells images apart.
    """
    model, where = loaded(ref), plane(ref)
    with torch.inference_mode():
        place, basis, origin = torch.tensor([[x, y]]), torch.tensor(where.basis), torch.tensor(where.origin)
        log_density = less_dense = component = responsibility = None
        seen = prior_seen(ref)
        if seen is not None:
            log_density = seen.log_prob(place).item()
            less_dense = share_less_dense(ref, log_density)
        if model.has.components:
            z = model.mixture.lift(place, basis, origin)
            most = model.mixture.responsibilities(z).max(-1)
            component, responsibility = int(most.indices), float(most.values)
        else:
            z = origin + place @ basis.T
        pixels = decode_means(model, z)
    found = z[0].numpy()
    if on_plane or where.exact:
        rows, distances = nearest_on_plane(ref, (x, y), neighbours, means)
    else:
        rows, distances = nearest(ref, found, neighbours)
    return DecodedPlace(
        x=x,
        y=y,
        z=found,
        pixels=pixels,
        log_density=log_density,
        less_dense=less_dense,
        component=component,
        responsibility=responsibility,
        rows=rows,
        distances=distances,
    )


@cached(100)
def prior_samples(ref: Ref, n: int, seed: int = 0, temperature: float = 1.0) -> Samples:
    """Draws from the prior; one seed gives all priors the same noise and the same uniforms for their components.

    The first ones are the same however many are asked for.
    """
    with torch.inference_mode():
        return _decoded(ref, first_draws(loaded(ref).prior, n, seed, temperature), seed, temperature)


def _decoded(ref: Ref, z: torch.Tensor, seed: int, temperature: float = 1.0) -> Samples:
    """Samples of the top layer decoded, each with a noise of its own in the layers below."""
    images = decode_means(loaded(ref), z, draws=at_once(len(z)), temperature=temperature, seed=seed)
    return Samples(images, z.numpy())
