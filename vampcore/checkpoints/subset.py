"""The random images that stand for a data set where all of it would be too much."""

import torch
from jaxtyping import Int
from torch import Tensor

SEED = 0


def random_rows(count: int, images: int, generator: torch.Generator | None = None) -> Int[Tensor, " count"]:
    """Rows of randomly chosen images, in rising order; the same for all data sets of as many images.

    Arguments:
        count: Images to choose; all if there are no more.
        images: Images of the data set.
        generator: From `subset_generator`, where the caller goes on drawing from it; a new one if None.
    """
    generator = subset_generator() if generator is None else generator
    return torch.randperm(images, generator=generator)[:count].sort().values


def subset_generator() -> torch.Generator:
    """The generator that `random_rows` draws from."""
    return torch.Generator().manual_seed(SEED)
