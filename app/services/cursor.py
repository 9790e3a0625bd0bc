"""Test images for one cursor over the maps of several priors: their posterior means and, where at hand, themselves."""

import zlib

import numpy as np
from numpy.typing import NDArray

from app.services.content import Content
from app.services.images import from_test_set
from app.services.latent_plane.encoding import latents, points
from app.services.loading import Ref, loaded
from app.services.memory import cached

MOST = 1000
"""So many test images, evenly spaced, so that all priors of an experiment have the same ones."""


def cursor_rows(ref: Ref) -> NDArray[np.int64]:
    """The rows of these images among those that the checkpoint keeps."""
    kept = len(latents(ref).ids)
    return np.linspace(0, kept - 1, min(MOST, kept)).round().astype(np.int64)


@cached(24)
def packed_means(ref: Ref) -> Content:
    """The number in the test set, the class, the posterior mean and the places on the plane of each image.

    Behind the header come means (n, D), their places (n, 2) and those of the samples (n, 2), in float32.
    """
    rows, known = cursor_rows(ref), latents(ref)
    mean = known.mean[rows]
    numbers = (mean, points(ref, True)[rows], points(ref)[rows])
    header: dict[str, object] = {
        "ids": known.ids[rows].tolist(),
        "labels": known.labels[rows].tolist(),
        "classes": loaded(ref).checkpoint.observation.classes,
        "latent": mean.shape[1],
    }
    return Content.framed(header, *(part.astype("<f4").tobytes() for part in numbers))


@cached(8)
def packed_originals(ref: Ref) -> Content | None:
    """The images themselves, a byte for each value, deflated; None where they are not at hand."""
    rows = cursor_rows(ref)
    images = from_test_set(ref, tuple(rows.tolist()))
    if not images.originals:
        return None
    header: dict[str, object] = {"ids": latents(ref).ids[rows].tolist(), "shape": images.pixels.shape[1:]}
    return Content.framed(header, zlib.compress(images.pixels.tobytes(), 6))
