"""A user's own images: what the two ways of giving them, a folder and an npz, have in common."""

from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from vampcore.datasets.base import Dataset, Split, mean_noise
from vampcore.datasets.errors import DataError
from vampcore.datasets.splits import make_split, split

MIN_IMAGES = 10  # so that a tenth is at least one


def split_levels(arrays: tuple[UInt8[np.ndarray, "..."], ...]) -> int:
    """Largest value a pixel can take: 1 if all are 0 or 1, or all are 0 or 255; else 255."""
    binary = all(array.max(initial=0) <= 1 for array in arrays)
    return 1 if binary or all(np.isin(array, (0, 255)).all() for array in arrays) else 255


def dataset_from_one(
    name: str,
    path: Path,
    images: UInt8[np.ndarray, "N C H W"],
    labels: Int64[np.ndarray, " N"] | None,
    classes: tuple[str, ...],
) -> Dataset:
    """Splits images 80 / 10 / 10 with a fixed seed, balanced by class if there are any.

    Raises:
        DataError: If they are too few for that.
    """
    count = len(images)
    if count < MIN_IMAGES:
        raise DataError(f"{path} holds {count} images; at least {MIN_IMAGES} are needed for three splits")
    levels = split_levels((images,))
    parts = split(_scaled(images, levels), labels, levels, validation=count // 10, test=count // 10)
    return _dataset(name, parts, classes)


def dataset_from_parts(
    name: str,
    images: tuple[UInt8[np.ndarray, "..."], ...],
    labels: tuple[Int64[np.ndarray, "..."] | None, ...],
    classes: tuple[str, ...],
) -> Dataset:
    """Takes training, validation and test images as they were given."""
    levels = split_levels(images)
    train, validation, test = (
        make_split(_scaled(part, levels), known, levels) for part, known in zip(images, labels, strict=True)
    )
    return _dataset(name, (train, validation, test), classes)


def _scaled(images: UInt8[np.ndarray, "..."], levels: int) -> UInt8[np.ndarray, "..."]:
    return np.minimum(images, 1) if levels == 1 else images


def _dataset(name: str, parts: tuple[Split, Split, Split], classes: tuple[str, ...]) -> Dataset:
    likelihood = "bernoulli" if parts[0].levels == 1 else "logistic"
    return Dataset(name, *parts, classes, likelihood, mean_noise(parts[0]))
