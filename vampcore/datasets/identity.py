"""Which images a data set holds: a hash of each, so that data that changed are found and data that moved are matched.

Images are hashed as a data set stores them, after resizing and before binarisation, whatever file they came from.
"""

import dataclasses
import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from vampcore.datasets.base import Dataset, Split, binarised_once
from vampcore.datasets.errors import DataError
from vampcore.datasets.naming import short_name

PARTS = ("train", "validation", "test")


class ChangedDataError(DataError):
    """Data that are not those of the training; the message is one line and says what to do."""


@dataclass(frozen=True, eq=False)
class PartIdentity:
    """The images of one part of a data set, in their order.

    Attributes:
        count: Images.
        digest: SHA-256 of all of them.
        hashes: 64 bits of each; None of a named data set, whose digest is enough.
        labels: Class of each, where it had one and `hashes` are kept.
        names: 64 bits of each file name or id, where there were any and `hashes` are kept.
    """

    count: int
    digest: bytes
    hashes: Int64[np.ndarray, " N"] | None = None
    labels: Int64[np.ndarray, " N"] | None = None
    names: Int64[np.ndarray, " N"] | None = None


@dataclass(frozen=True, eq=False)
class Identity:
    """The images that a model was trained, validated and tested on.

    Attributes:
        train: Training part.
        validation: Validation part.
        test: Test part.
        evaluated: SHA-256 of the test images as they are evaluated, after binarisation.
        classes: Names of the classes.
    """

    train: PartIdentity
    validation: PartIdentity
    test: PartIdentity
    evaluated: bytes
    classes: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[PartIdentity, PartIdentity, PartIdentity]:
        """Training, validation and test part."""
        return self.train, self.validation, self.test

    @property
    def key(self) -> bytes:
        """What two data sets of the same images in the same order have in common."""
        return b"".join(part.digest for part in self.parts) + self.evaluated


class Match(NamedTuple):
    """A data set with its images in the parts and the order of the training, and what else has changed."""

    dataset: Dataset
    notes: tuple[str, ...]


def pixel_digest(images: UInt8[Tensor, "N C H W"]) -> bytes:
    """SHA-256 over the shape and all pixels, in order."""
    shape = np.array(images.shape, dtype="<i8").tobytes()
    return hashlib.sha256(shape + images.contiguous().numpy().tobytes()).digest()


def image_hashes(images: UInt8[Tensor, "N C H W"]) -> Int64[np.ndarray, " N"]:
    """64 bits of each image and its shape."""
    salt = np.array(images.shape[1:], dtype="<u4").tobytes()
    rows = np.ascontiguousarray(images.numpy()).reshape(len(images), -1)
    found = b"".join(hashlib.blake2b(row.data, digest_size=8, salt=salt).digest() for row in rows)
    return np.frombuffer(found, dtype="<i8").astype(np.int64)


def part_digest(hashes: Int64[np.ndarray, " N"]) -> bytes:
    """SHA-256 over the hashes of a part's images, in order."""
    return hashlib.sha256(hashes.astype("<i8").tobytes()).digest()


def name_hashes(names: tuple[str, ...]) -> Int64[np.ndarray, " N"]:
    """64 bits of each name."""
    each = (hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest() for name in names)
    return np.frombuffer(b"".join(each), dtype="<i8").astype(np.int64)


def identity_of(dataset: Dataset) -> Identity:
    """The identity of a data set, with a hash of each image."""
    train, validation, test = (_part(split) for split in stored_parts(dataset))
    return Identity(train, validation, test, pixel_digest(dataset.test.images), dataset.classes)


def digests_only(identity: Identity) -> Identity:
    """The identity of a named data set, which is published and cannot have been edited: a digest a part."""
    train, validation, test = (PartIdentity(part.count, part.digest) for part in identity.parts)
    return Identity(train, validation, test, identity.evaluated, identity.classes)


def stored_parts(dataset: Dataset) -> tuple[Split, Split, Split]:
    """Training, validation and test part before binarisation."""
    validation, test = dataset.before_binarising or (dataset.validation, dataset.test)
    return dataset.train, validation, test


def matched(identity: Identity, dataset: Dataset) -> Match:
    """The data set with every image in the part and at the row where it was at training.

    Images are matched as multisets: their order and their split do not matter. Where classes or names have changed,
    those of the training stay, and a note says so.

    Raises:
        ChangedDataError: If an image is new, gone or changed.
    """
    found = identity_of(dataset)
    notes: list[str] = []
    if [part.digest for part in found.parts] != [part.digest for part in identity.parts]:
        if any(part.hashes is None for part in identity.parts):
            raise ChangedDataError(_other_named(identity, found, short_name(dataset.name)))
        dataset, moved = _put_back(identity, found, dataset)
        found = identity_of(dataset)
        if moved:
            notes.append(f"{moved:,} images were put back into their splits from training")
    if found.evaluated != identity.evaluated:
        raise ChangedDataError(
            f"{short_name(dataset.name)} gives other test images than at training once they are binarised: "
            "use the version of vampcore that trained the model"
        )
    return _with_classes_of_training(identity, found, dataset, notes)


def _part(split: Split) -> PartIdentity:
    hashes = image_hashes(split.images)
    names = None if split.names is None else name_hashes(split.names)
    labels = None if split.labels is None else split.labels.numpy()
    return PartIdentity(len(hashes), part_digest(hashes), hashes, labels, names)


def _put_back(identity: Identity, found: Identity, dataset: Dataset) -> tuple[Dataset, int]:
    """The data set in the order of the training, and how many images change their part for that.

    Raises:
        ChangedDataError: If the images are not the same ones.
    """
    then, now = _joined(identity, identity.classes), _joined(found, found.classes)
    if not np.array_equal(np.sort(then.hashes), np.sort(now.hashes)):
        raise ChangedDataError(_what_changed(then, now, identity, found, short_name(dataset.name)))
    rows = np.empty(len(then.hashes), np.int64)
    # Equal images are told apart by their names and classes, as far as these have not changed.
    rows[np.lexsort((then.labels, then.names, then.hashes))] = np.lexsort((now.labels, now.names, now.hashes))
    splits = stored_parts(dataset)
    ends = np.cumsum([part.count for part in identity.parts])
    train, validation, test = (_gathered(splits, part) for part in np.split(rows, ends[:-1]))
    put_back = dataclasses.replace(dataset, train=train, validation=validation, test=test, before_binarising=None)
    moved = int((then.part != now.part[rows]).sum())
    return binarised_once(put_back), moved


class _Joined(NamedTuple):
    """All images of a data set, part after part; classes and names are 0 where there are none."""

    hashes: Int64[np.ndarray, " N"]
    labels: Int64[np.ndarray, " N"]
    names: Int64[np.ndarray, " N"]
    part: Int64[np.ndarray, " N"]
    named: bool


def _joined(identity: Identity, classes: tuple[str, ...]) -> _Joined:
    known = name_hashes(classes)
    hashes, labels, names, part = [], [], [], []
    for place, each in enumerate(identity.parts):
        assert each.hashes is not None
        nothing = np.zeros(each.count, np.int64)
        hashes.append(each.hashes)
        labels.append(nothing if each.labels is None or not classes else known[each.labels])
        names.append(nothing if each.names is None else each.names)
        part.append(nothing + place)
    named = all(each.names is not None for each in identity.parts)
    return _Joined(np.concatenate(hashes), np.concatenate(labels), np.concatenate(names), np.concatenate(part), named)


def _gathered(splits: tuple[Split, Split, Split], rows: Int64[np.ndarray, " N"]) -> Split:
    """A split of the images at these rows of all three."""
    chosen = torch.from_numpy(rows)
    images = torch.cat([split.images for split in splits])[chosen]
    known = [torch.full((len(split.images),), -1) if split.labels is None else split.labels for split in splits]
    labels = torch.cat(known)[chosen]
    names = None
    if all(split.names is not None for split in splits):
        every = [name for split in splits for name in split.names or ()]
        names = tuple(every[row] for row in rows)
    return Split(images, labels if int(labels.min()) >= 0 else None, splits[0].levels, names)


def _with_classes_of_training(identity: Identity, found: Identity, dataset: Dataset, notes: list[str]) -> Match:
    """Report changed classes and names, of a data set whose images are in the order of the training."""
    labels_changed = names_changed = 0
    for then, now in zip(identity.parts, found.parts, strict=True):
        if then.names is not None and now.names is not None:
            names_changed += int((then.names != now.names).sum())
        if then.labels is not None and now.labels is not None and identity.classes and found.classes:
            before, after = np.array(identity.classes), np.array(found.classes)
            labels_changed += int((before[then.labels] != after[now.labels]).sum())
        elif (then.labels is None) != (now.labels is None) and then.hashes is not None:
            labels_changed += then.count
    if labels_changed:
        notes.append(f"the classes of {labels_changed:,} images have changed; the labels from training are used")
    if names_changed:
        notes.append(f"{names_changed:,} of the images were renamed or moved")
    if labels_changed or identity.classes != found.classes:
        dataset = _relabelled(identity, dataset)
    return Match(dataset, tuple(notes))


def _relabelled(identity: Identity, dataset: Dataset) -> Dataset:
    def relabelled(split: Split, part: PartIdentity) -> Split:
        if part.hashes is None:  # of a named data set no classes are kept
            return split
        return dataclasses.replace(split, labels=None if part.labels is None else torch.from_numpy(part.labels))

    before = dataset.before_binarising
    return dataclasses.replace(
        dataset,
        classes=identity.classes,
        train=relabelled(dataset.train, identity.train),
        validation=relabelled(dataset.validation, identity.validation),
        test=relabelled(dataset.test, identity.test),
        before_binarising=None
        if before is None
        else (relabelled(before[0], identity.validation), relabelled(before[1], identity.test)),
    )


def _what_changed(then: _Joined, now: _Joined, identity: Identity, found: Identity, name: str) -> str:
    """One line: how many images are new, gone and changed."""
    gone, new = _without(then.hashes, now.hashes), _without(now.hashes, then.hashes)
    changed = 0
    if then.named and now.named:
        changed = sum((Counter(then.names[gone].tolist()) & Counter(now.names[new].tolist())).values())
    elif [part.count for part in identity.parts] == [part.count for part in found.parts]:
        changed = int((gone & new).sum())  # another image at the same row
    counts = (int(new.sum()) - changed, int(gone.sum()) - changed, changed)
    kinds = zip(counts, ("new", "gone", "changed"), strict=True)
    words = ", ".join(f"{count:,} {word}" for count, word in kinds if count)
    return (
        f"{name} has changed since training: of its {len(then.hashes):,} images, {words}; "
        "restore the original images, or train again"
    )


def _without(hashes: Int64[np.ndarray, " N"], others: Int64[np.ndarray, " M"]) -> np.ndarray:
    """Which of the images are not among the others, each of which accounts for one."""
    left = Counter(others.tolist())
    missing = np.zeros(len(hashes), bool)
    for row, value in enumerate(hashes.tolist()):
        if left[value] > 0:
            left[value] -= 1
        else:
            missing[row] = True
    return missing


def _other_named(identity: Identity, found: Identity, name: str) -> str:
    parts = [
        f"{what} part ({now.count:,} images, then {then.count:,})"
        for what, then, now in zip(PARTS, identity.parts, found.parts, strict=True)
        if then.digest != now.digest
    ]
    return (
        f"{name} is not the data set that the model was trained on: other images in its {' and '.join(parts)}; "
        "use that data set, or train again"
    )
