"""The random images that stand for a data set where all of it would be too much."""

import torch
from jaxtyping import Int
from torch import Tensor

SEED = 0


def random_rows(count: int, images: int, generator: torch.Generator | None = None) -> Int[Tensor, " count"]:
    """So many of the images' rows, rising; the same for all data sets of as many images.

    Arguments:
        count: Rows, all where there are no more.
        images: Of the data set.
        generator: Of the seed above; pass it where something else is drawn from it afterwards.
    """
    generator = seeded() if generator is None else generator
    return torch.randperm(images, generator=generator)[:count].sort().values


def seeded() -> torch.Generator:
    """The source of the rows."""
    return torch.Generator().manual_seed(SEED)
