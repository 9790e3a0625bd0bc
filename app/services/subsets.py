"""Random parts of the test set, for figures that are computed while somebody waits."""

import numpy as np
import torch
from numpy.typing import NDArray

from app.services.loading import Ref, loaded, noise


def drawn(ref: Ref, limit: int, seed: int) -> tuple[NDArray[np.int64], torch.Generator]:
    """At most `limit` rows of the test set in random order, and the generator as the draw left it.

    The same for every prior of an experiment, and the same draw as that of vampcore's surgery. Never the first rows:
    some test sets are sorted by class.
    """
    generator, images = noise(seed), len(loaded(ref).checkpoint.latents.ids)
    if limit >= images:
        return np.arange(images), generator
    return torch.randperm(images, generator=generator)[:limit].numpy(), generator


def subset(ref: Ref, limit: int, seed: int) -> NDArray[np.int64]:
    """At most `limit` rows of the test set, drawn with a seed and sorted."""
    return np.sort(drawn(ref, limit, seed)[0])
