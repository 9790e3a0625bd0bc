"""What a data set is, and how its images become observations."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from vampcore.datasets.errors import DataError
from vampcore.datasets.fetching import Progress

# The seed with which the VampPrior paper's code binarises validation and test images once.
BINARISATION_SEED = 777
LIKELIHOODS = ("bernoulli", "binomial", "logistic")


@dataclass(frozen=True)
class Split:
    """A part of a data set.

    Attributes:
        images: Values from 0 to `levels`.
        labels: Class of each image, or None where the source gives none.
        levels: Largest value that a pixel can take: 1 (binary), 16 (digits' dots), 255 (grey).
        names: File name or id of each image, as its source gives it; None where it gives none.
    """

    images: UInt8[Tensor, "N C H W"]
    labels: Int64[Tensor, " N"] | None
    levels: int
    names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Dataset:
    """Three disjoint splits and how they are to be modelled.

    Attributes:
        name: As the command line knows it.
        train: Never binarised here: `observe` draws its binary images afresh for every batch.
        validation: Binarised once where the likelihood is Bernoulli.
        test: Binarised once where the likelihood is Bernoulli.
        classes: Names of the classes, () when there are none.
        likelihood: "bernoulli", "binomial" or "logistic".
        pseudo_input_noise: Mean and standard deviation of random pseudo-inputs, in the units of an observation.
        notes: What was done to a user's own data that they may not expect, a sentence each.
        before_binarising: Validation and test part as they were before; None where they were not binarised.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    likelihood: str
    pseudo_input_noise: tuple[float, float]
    notes: tuple[str, ...] = ()
    before_binarising: tuple[Split, Split] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one observation."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width

    @property
    def levels(self) -> int:
        """Largest count of an observation's pixel: 1 for Bernoulli, the trials of a binomial, 255 for logistic."""
        return 1 if self.likelihood == "bernoulli" else self.train.levels


@runtime_checkable
class Source(Protocol):
    """A source of a data set: a published one or a user's own images."""

    @property
    def name(self) -> str:
        """As the command line knows it."""

    @property
    def likelihood(self) -> str | None:
        """The likelihood used when none is asked for; None for the one that `read` finds."""

    def files(self, root: Path) -> tuple[Path, ...]:
        """What has to be on disk."""

    def read(self, root: Path) -> Dataset:
        """Reads and verifies them; the likelihood is the one that takes the pixels as they are."""


class NamedSource(Source, Protocol):
    """A data set that is known by name."""

    @property
    def title(self) -> str:
        """Its name for people: "Fashion-MNIST"."""

    @property
    def subject(self) -> str:
        """What its images show, as in "Which prior explains handwritten digits best?"."""


@runtime_checkable
class PublishedSource(NamedSource, Protocol):
    """A data set that can be fetched."""

    def download(self, root: Path, progress: Progress | None, base_url: str | None) -> None:
        """Fetches its files, completely or not at all."""


@runtime_checkable
class ManualSource(NamedSource, Protocol):
    """A data set that people have to fetch themselves."""

    @property
    def hint(self) -> str:
        """Which file to put where."""


def data_root(root: Path | None = None) -> Path:
    """The data folder: `root` if given, else $VAMPCORE_DATA, else `data` in the working directory."""
    return Path(root) if root is not None else Path(os.environ.get("VAMPCORE_DATA") or "data")


def observe(
    images: UInt8[Tensor, "N C H W"], levels: int, likelihood: str, generator: torch.Generator | None = None
) -> Float[Tensor, "N C H W"]:
    """Turns stored images into observations: floats in [0, 1], on the images' device.

    Arguments:
        images: Values from 0 to `levels`.
        levels: `Split.levels` of the split that the images come from.
        likelihood: "bernoulli": binary images as they are, others as a fresh Bernoulli draw of images / levels.
            "binomial": images / levels. "logistic": the middle of each of 256 bins, (images + 0.5) / 256.
        generator: For the Bernoulli draw, on the images' device; the global one if None.

    Raises:
        DataError: If the likelihood is unknown or does not fit the number of levels.
    """
    check_likelihood(likelihood, levels)
    if likelihood == "logistic":
        return (images.float() + 0.5) / 256
    share = images.float() / levels
    if likelihood == "bernoulli" and levels > 1:
        return torch.bernoulli(share, generator=generator)
    return share


def check_likelihood(likelihood: str, levels: int, name: str = "the data") -> None:
    """Refuses a likelihood that pixels with so many levels cannot have.

    Bernoulli fits everything, because grey images can be binarised; a binomial takes `levels` as its trials.

    Raises:
        DataError: In one line, with the likelihoods that fit.
    """
    fitting = LIKELIHOODS if levels == 255 else LIKELIHOODS[:2]
    if likelihood not in LIKELIHOODS:
        raise DataError(f"likelihood {likelihood!r} is unknown; use one of {', '.join(LIKELIHOODS)}")
    if likelihood not in fitting:
        raise DataError(
            f"likelihood {likelihood!r} needs 256 grey levels and {name} has {levels + 1}; use {' or '.join(fitting)}"
        )


def with_likelihood(dataset: Dataset, likelihood: str) -> Dataset:
    """The same data under another likelihood; for Bernoulli, validation and test images are binarised once.

    The draws are those of the VampPrior paper's code: one stream of `numpy.random.RandomState(777)`, validation
    first, on float32 shares, so that its test images are ours bit for bit.

    Raises:
        DataError: If the likelihood does not fit the data.
    """
    check_likelihood(likelihood, dataset.train.levels, dataset.name)
    return binarised_once(replace(dataset, likelihood=likelihood))


def binarised_once(dataset: Dataset) -> Dataset:
    """The data set with binary validation and test images, where its likelihood asks for them; see `with_likelihood`.

    Arguments:
        dataset: With validation and test images as they are stored.
    """
    if dataset.likelihood != "bernoulli" or dataset.train.levels == 1:
        return dataset
    random = np.random.RandomState(BINARISATION_SEED)
    before = dataset.validation, dataset.test
    validation = _binarised(dataset.validation, random)
    return replace(dataset, validation=validation, test=_binarised(dataset.test, random), before_binarising=before)


def _binarised(split: Split, random: np.random.RandomState) -> Split:
    share = split.images.numpy() / np.float32(split.levels)
    drawn = random.binomial(1, share).astype(np.uint8)
    return replace(split, images=torch.from_numpy(drawn), levels=1)


def mean_noise(train: Split) -> tuple[float, float]:
    """Noise of random pseudo-inputs where the literature names none: around the training images' mean pixel."""
    return float(train.images.float().mean()) / train.levels, 0.01
