"""Seeded splits of data that comes in one piece."""

import numpy as np
import torch
from jaxtyping import Int64, UInt8

from vampcore.datasets.base import Split

SEED = 777


def seeded_order(count: int, labels: Int64[np.ndarray, " N"] | None = None) -> Int64[np.ndarray, " N"]:
    """A shuffle of `count` rows, the same on every machine; with labels, every stretch of it is balanced by class.

    Rows are shuffled, ranked within their class and then merged by rank / class size, so that a part of any length
    holds each class in its share of the whole.
    """
    shuffled = np.random.RandomState(SEED).permutation(count).astype(np.int64)
    if labels is None:
        return shuffled
    place = np.empty(count)
    classes = labels[shuffled]
    for label in np.unique(classes):
        rows = np.flatnonzero(classes == label)
        place[rows] = (np.arange(rows.size) + 0.5) / rows.size
    return shuffled[np.argsort(place, kind="stable")]


def split(
    images: UInt8[np.ndarray, "N C H W"],
    labels: Int64[np.ndarray, " N"] | None,
    levels: int,
    validation: int,
    test: int,
    names: tuple[str, ...] | None = None,
) -> tuple[Split, Split, Split]:
    """Training, validation and test part: disjoint, shuffled with a fixed seed, balanced by class if there are any.

    Arguments:
        images: All images.
        labels: Their classes, or None.
        levels: Largest value that a pixel can take.
        validation: Images in the validation part.
        test: Images in the test part; what is left over is for training.
        names: File name or id of each image, or None.
    """
    order = seeded_order(len(images), labels)
    rows = order[test + validation :], order[test : test + validation], order[:test]
    train_part, validation_part, test_part = (
        make_split(
            images[part],
            None if labels is None else labels[part],
            levels,
            None if names is None else tuple(names[row] for row in part),
        )
        for part in rows
    )
    return train_part, validation_part, test_part


def hold_out(
    images: UInt8[np.ndarray, "N C H W"], labels: Int64[np.ndarray, " N"], levels: int, validation: int
) -> tuple[Split, Split]:
    """Training and validation part of training images that came in one piece: shuffled, balanced by class."""
    train, held_out, _ = split(images, labels, levels, validation, 0)
    return train, held_out


def make_split(
    images: UInt8[np.ndarray, "N C H W"],
    labels: np.ndarray | None,
    levels: int,
    names: tuple[str, ...] | None = None,
) -> Split:
    """A split of arrays; the labels may be of any integer type."""
    # torch.tensor copies: the array may be a read-only view of a file's bytes, or a part of a larger one.
    kept = None if labels is None else torch.tensor(labels, dtype=torch.int64)
    return Split(torch.tensor(images), kept, levels, names)
