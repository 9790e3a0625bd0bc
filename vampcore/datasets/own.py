"""What a user's own data have in common, however they are given: parts, splits and their sizes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from vampcore.datasets.base import Dataset, Split, mean_noise
from vampcore.datasets.errors import DataError
from vampcore.datasets.identity import image_hashes
from vampcore.datasets.naming import OwnData, expanded
from vampcore.datasets.splits import make_split, split

# Two, since a standard error needs two images.
MIN_PART = 2
# So that a tenth is a part.
MIN_IMAGES = 10 * MIN_PART
PARTS: tuple[str, ...] = ("train", "validation", "test")
# What folders and arrays of a part are called.
PART_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
# As many values of pixels as a run has room for: half a gigabyte of bytes, of which there are two copies for a moment.
MAX_VALUES = 1 << 29


@dataclass(frozen=True)
class OwnSource:
    """A user's own data at one path.

    Attributes:
        own: Path and reading options.
        likelihood: None: Bernoulli if every value is 0 or 1, else logistic.
    """

    own: OwnData
    likelihood: str | None = None

    @property
    def name(self) -> str:
        """The name on the command line."""
        return str(self.own)

    def files(self, root: Path) -> tuple[Path, ...]:
        """The file or the folder."""
        return (expanded(self.own.path),)


@dataclass(frozen=True)
class Part:
    """Images that were given together.

    Attributes:
        images: Bytes.
        labels: Class of each, or None.
        names: File name or id of each, or None.
    """

    images: UInt8[np.ndarray, "N C H W"]
    labels: Int64[np.ndarray, " N"] | None = None
    names: tuple[str, ...] | None = None


def check_values(where: str, values: int, fewer: str = "give fewer or smaller images") -> None:
    """Refuse more values of pixels than a run has room for.

    Raises:
        DataError: With the number and what to do.
    """
    if values > MAX_VALUES:
        raise DataError(f"{where} holds {values:,} values of pixels, more than {MAX_VALUES:,}; {fewer}")


def split_levels(arrays: tuple[UInt8[np.ndarray, "..."], ...]) -> int:
    """Largest value a pixel can take: 1 if all are 0 or 1, or all are 0 or 255; else 255."""
    if all(array.max(initial=0) <= 1 for array in arrays):
        return 1
    # Piece by piece: nearly always the first one has grey pixels.
    pieces = (array[start : start + 100] for array in arrays for start in range(0, len(array), 100))
    return 1 if all(((piece == 0) | (piece == 255)).all() for piece in pieces) else 255


def dataset_from_one(name: str, path: Path, part: Part, classes: tuple[str, ...], notes: tuple[str, ...]) -> Dataset:
    """Split images 80 / 10 / 10 with a fixed seed, balanced by class if there are any.

    Raises:
        DataError: If they are too few for that.
    """
    count = len(part.images)
    if count < MIN_IMAGES:
        raise DataError(
            f"{path} holds {count} images; at least {MIN_IMAGES} are needed, since a tenth is for validation, a tenth "
            f"for testing, and each takes {MIN_PART}"
        )
    levels = split_levels((part.images,))
    parts = split(
        _scaled(part.images, levels), part.labels, levels, validation=count // 10, test=count // 10, names=part.names
    )
    return _dataset(name, parts, classes, notes)


def dataset_from_parts(
    name: str, path: Path, parts: dict[str, Part], classes: tuple[str, ...], notes: tuple[str, ...]
) -> Dataset:
    """Take training, validation and test images as they were given; what is missing is a tenth of the training images.

    Arguments:
        name: Of the data set.
        path: Where the parts come from, for messages.
        parts: By `PARTS`; `train` and at least one other.
        classes: Names of the classes.
        notes: Sentences that the data set has.

    Raises:
        DataError: If a part is too small.
    """
    missing = [part for part in PARTS if part not in parts]
    for part, given in parts.items():
        least = MIN_IMAGES if part == "train" and missing else MIN_PART
        if len(given.images) < least:
            why = f", because a tenth of them is used for {missing[0]}" if least > MIN_PART else ""
            raise DataError(f"{path}: {part} has {len(given.images)} images; at least {least} are needed{why}")
    levels = split_levels(tuple(given.images for given in parts.values()))
    made = {
        part: make_split(_scaled(given.images, levels), given.labels, levels, given.names)
        for part, given in parts.items()
    }
    if missing:
        train, count = parts["train"], len(parts["train"].images) // 10
        rest, drawn, _ = split(_scaled(train.images, levels), train.labels, levels, count, 0, train.names)
        made |= {"train": rest, missing[0]: drawn}
        notes += (
            f"there is no {missing[0]} split: {count:,} of the {len(train.images):,} training images are used for it",
        )
    return _dataset(name, (made["train"], made["validation"], made["test"]), classes, notes)


def _scaled(images: UInt8[np.ndarray, "..."], levels: int) -> UInt8[np.ndarray, "..."]:
    return np.minimum(images, 1) if levels == 1 else images


def _dataset(name: str, parts: tuple[Split, Split, Split], classes: tuple[str, ...], notes: tuple[str, ...]) -> Dataset:
    likelihood = "bernoulli" if parts[0].levels == 1 else "logistic"
    return Dataset(name, *parts, classes, likelihood, mean_noise(parts[0]), notes + _repeated_images(parts))


def _repeated_images(parts: tuple[Split, Split, Split]) -> tuple[str, ...]:
    """A sentence on images that are there more than once: between splits, they make a test score look better."""
    train, validation, test = (image_hashes(part.images) for part in parts)
    every = np.concatenate([train, validation, test])
    repeated = len(every) - len(np.unique(every))
    if not repeated:
        return ()
    known = int(np.isin(test, np.concatenate([train, validation])).sum())
    return (
        f"{repeated:,} of the {len(every):,} images repeat another one, and {known:,} of the {len(test):,} test images "
        "are also in training or validation: remove copies, or test scores may look too good",
    )
