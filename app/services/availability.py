"""Whether the test images of a checkpoint are on this machine, and how to fetch them."""

from collections.abc import Callable

from app.services.loading import DataMissing, Ref, ServiceError, loaded
from app.services.memory import clear_caches
from app.services.originals import DataChanged, test_part
from app.services.turns import lock_released
from vampcore import datasets
from vampcore.datasets import DataError


def has_data(ref: Ref) -> bool:
    """Whether the test images of the checkpoint are on this machine."""
    return missing_data(ref) is None


def missing_data(ref: Ref) -> str | None:
    """Why the test images of the checkpoint are missing, and what to do about it; None if they are there."""
    try:
        test_part(loaded(ref))
    except DataMissing as error:
        return str(error)
    return None


def downloadable(ref: Ref) -> bool:
    """Whether `download` can fetch the data set of the checkpoint; not where it is there, and another one."""
    try:
        test_part(loaded(ref))
    except DataChanged:
        return False
    except DataMissing:
        pass
    try:
        return datasets.downloadable(loaded(ref).checkpoint.config.data)
    except DataError:  # a name that this version does not know
        return False


def download(ref: Ref, progress: Callable[[int, int], None]) -> None:
    """Fetch the data set of the checkpoint, verified by checksum.

    Arguments:
        ref: The checkpoint.
        progress: Called with the bytes received and the bytes expected.

    Raises:
        ServiceError: If it cannot be had.
    """
    name = loaded(ref).checkpoint.config.data
    try:
        with lock_released():
            datasets.download(name, progress=progress)
    except DataError as error:
        raise ServiceError(str(error)) from error
    clear_caches()  # reconstructions that stood in for the images
