"""Data sets by name: load, download, and turn stored images into observations.

`digits` comes with scikit-learn; the others lie in the data folder (`data_root`), where `download` puts them.
"""

from collections.abc import Callable
from pathlib import Path

from vampcore.datasets.base import (
    Dataset,
    ManualSource,
    PublishedSource,
    Source,
    Split,
    data_root,
    observe,
    with_likelihood,
)
from vampcore.datasets.caltech101_silhouettes import Caltech101Silhouettes
from vampcore.datasets.cifar10 import CIFAR10
from vampcore.datasets.digits import Digits
from vampcore.datasets.emnist import EMNIST_BALANCED, EMNIST_LETTERS
from vampcore.datasets.errors import DataError
from vampcore.datasets.fetching import Progress
from vampcore.datasets.files import download_hint
from vampcore.datasets.foreign import on_disk
from vampcore.datasets.frey_faces import FreyFaces
from vampcore.datasets.histopathology import Histopathology
from vampcore.datasets.idx_images import FASHION_MNIST, KMNIST, MNIST
from vampcore.datasets.naming import OwnData, absolute_name, own_data, short_name
from vampcore.datasets.omniglot import Omniglot
from vampcore.datasets.own_csv import CsvTable
from vampcore.datasets.own_folder import ImageFolder
from vampcore.datasets.own_npz import NpzImages
from vampcore.datasets.static_mnist import StaticMNIST
from vampcore.datasets.svhn import SVHN
from vampcore.datasets.usps import USPS

__all__ = [
    "DataError",
    "Dataset",
    "OwnData",
    "Split",
    "absolute_name",
    "available",
    "data_root",
    "default_likelihood",
    "download",
    "downloadable",
    "hint",
    "load",
    "names",
    "observe",
    "own_data",
    "short_name",
    "subject",
    "title",
]

SOURCES: tuple[PublishedSource | ManualSource, ...] = (
    Digits(),
    StaticMNIST(),
    MNIST,
    FASHION_MNIST,
    Caltech101Silhouettes(),
    FreyFaces(),
    Omniglot(),
    Histopathology(),
    EMNIST_LETTERS,
    EMNIST_BALANCED,
    KMNIST,
    USPS,
    SVHN,
    CIFAR10(),
)


def names() -> tuple[str, ...]:
    """The data sets known by name; a user's own data are `folder:PATH`, `npz:PATH` and `csv:PATH` beside them."""
    return tuple(kind.name for kind in SOURCES)


def title(name: str) -> str:
    """The name of a data set for people; of a user's own, and of one that is not known, its `short_name`."""
    return next((kind.title for kind in SOURCES if kind.name == name), short_name(name))


def subject(name: str) -> str | None:
    """What the images of a data set show, as in "handwritten digits"; None of a user's own."""
    return next((kind.subject for kind in SOURCES if kind.name == name), None)


def load(
    name: str, root: Path | None = None, likelihood: str | None = None, progress: Progress | None = None
) -> Dataset:
    """Read a data set from disk and verify it.

    Arguments:
        name: One of `names()`, `folder:PATH`, `npz:PATH` or `csv:PATH`; see `OwnData` for its options.
        root: Data folder; see `data_root`.
        likelihood: Asked for; the data set's own default if None.
        progress: Called with the images read and their number, where reading them takes long.

    Raises:
        DataError: If the name is unknown, a file is absent or broken, or the likelihood does not fit.
    """
    kind = _kind(name, progress)
    dataset = kind.read(data_root(root))
    return with_likelihood(dataset, likelihood or kind.likelihood or dataset.likelihood)


def default_likelihood(name: str) -> str:
    """The likelihood that `load` chooses when none is asked for; a user's own data are read to find out.

    Raises:
        DataError: If the name is unknown, or a user's own images cannot be read.
    """
    kind = _kind(name)
    return kind.likelihood or kind.read(data_root()).likelihood


def available(name: str, root: Path | None = None) -> bool:
    """Whether all files of a data set are on disk (not whether they are complete: `load` checks).

    Raises:
        DataError: If the name is unknown.
    """
    return all(on_disk(path) for path in _kind(name).files(data_root(root)))


def downloadable(name: str) -> bool:
    """Whether `download` can fetch a data set; others have to be put in place by hand, see `hint`.

    Raises:
        DataError: If the name is unknown.
    """
    return isinstance(_kind(name), PublishedSource)


def hint(name: str, root: Path | None = None) -> str:
    """What to do about a data set that is not on disk: the command to run, or what to put where.

    Arguments:
        name: One of `names()`, or a user's own data.
        root: Data folder; see `data_root`.

    Raises:
        DataError: If the name is unknown.
    """
    kind = _kind(name)
    if isinstance(kind, ManualSource):
        return f"{kind.hint}; the data folder is {data_root(root).absolute()}"
    if isinstance(kind, PublishedSource):
        return download_hint(name)
    return f"put your own data at {kind.files(data_root(root))[0].absolute()}, or give their new path with --data"


def download(
    name: str,
    root: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    base_url: str | None = None,
) -> Path:
    """Fetches a data set into the data folder, verified by checksum, completely or not at all.

    Files that are there and complete are kept.

    Arguments:
        name: One of `names()`.
        root: Data folder; see `data_root`.
        progress: Called with the bytes received and the bytes expected.
        base_url: Address of a folder with the published files, instead of the published addresses.

    Returns:
        The folder in which the files lie.

    Raises:
        DataError: If the name is unknown, no source delivers the complete file, or it cannot be written.
    """
    kind, root = _kind(name), data_root(root)
    if not isinstance(kind, PublishedSource | ManualSource):
        raise DataError(f"{name:.80} names your own images; there is nothing to download, only: {', '.join(names())}")
    files = kind.files(root)
    if not files:
        return root
    try:
        kind.read(root)
    except DataError:
        if isinstance(kind, ManualSource):
            raise DataError(f"{name} cannot be downloaded; {kind.hint}") from None
        kind.download(root, progress, base_url)
    return files[0].parent


def _kind(name: str, progress: Progress | None = None) -> Source:
    for kind in SOURCES:
        if kind.name == name:
            return kind
    own = own_data(name)
    if own is None:
        raise DataError(
            f"data set {name!r:.60} is unknown; use one of {', '.join(names())}, folder:PATH, npz:FILE or csv:FILE"
        )
    if own.scheme == "folder":
        return ImageFolder(own, progress=progress)
    return NpzImages(own) if own.scheme == "npz" else CsvTable(own)
