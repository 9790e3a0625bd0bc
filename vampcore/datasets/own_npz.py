"""`npz:PATH`: a user's own images as arrays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from vampcore.datasets.base import Dataset
from vampcore.datasets.errors import DataError
from vampcore.datasets.files import open_npz
from vampcore.datasets.own import dataset_from_one, dataset_from_parts

PARTS = ("train", "validation", "test")
KEYS = frozenset(("images", "labels", "classes", *PARTS, *(f"{part}_labels" for part in PARTS)))
CURE = "save arrays with numpy.savez(path, images=...) or train=, validation=, test="
MIN_SIDE, MAX_SIDE, MAX_CHANNELS = 4, 128, 4
MAX_CLASSES = 1000
MAX_BYTES = 4 << 30


@dataclass(frozen=True)
class NpzImages:
    """An npz with `images` (split 80 / 10 / 10 with a fixed seed), or with `train`, `validation` and `test`.

    Images are N H W or N C H W: uint8 (0 or 1, 0 or 255, or grey), booleans, or floats in [0, 1], which are rounded
    to 256 grey levels. Classes, if any, are integers from 0 in `labels`, or in `train_labels`, `validation_labels`
    and `test_labels`; `classes` may name them.

    Attributes:
        path: The file.
        likelihood: None: logistic for grey images, Bernoulli for binary ones.
    """

    path: Path
    likelihood: str | None = None

    @property
    def name(self) -> str:
        """As the command line knows it."""
        return f"npz:{self.path}"

    def files(self, root: Path) -> tuple[Path, ...]:
        """The npz."""
        return (self.path.expanduser(),)

    def read(self, root: Path) -> Dataset:
        """All images.

        Raises:
            DataError: If the file is absent, broken, or holds anything but such arrays.
        """
        (path,) = self.files(root)
        if not path.is_file():
            raise DataError(f"there is no file {path.absolute()}; {CURE}")
        with open_npz(path, CURE) as archive:
            if archive.zip is not None and sum(entry.file_size for entry in archive.zip.infolist()) > MAX_BYTES:
                raise DataError(f"{path} unpacks to more than {MAX_BYTES >> 30} GiB; give fewer or smaller images")
            arrays = {key: archive[key] for key in _keys(path, frozenset(archive.files))}
        parts = PARTS if "train" in arrays else ("images",)
        if len({arrays[part].dtype for part in parts}) > 1:
            raise DataError(f"{path}: {', '.join(parts)} differ in dtype; save them all as uint8")
        images = tuple(_images(path, part, arrays[part]) for part in parts)
        if len({part.shape[1:] for part in images}) > 1:
            raise DataError(f"{path}: {', '.join(parts)} differ in the shape of an image; make them equal")
        keys = tuple("labels" if part == "images" else f"{part}_labels" for part in parts)
        labels = tuple(
            _labels(path, key, arrays[key], len(part)) if key in arrays else None
            for key, part in zip(keys, images, strict=True)
        )
        count = max((int(known.max()) + 1 for known in labels if known is not None), default=0)
        classes = _classes(path, arrays.get("classes"), count)
        if count < 2:
            labels = tuple(None for _ in labels)
        if parts == PARTS:
            return dataset_from_parts(self.name, images, labels, classes)
        return dataset_from_one(self.name, path, images[0], labels[0], classes)


def _keys(path: Path, found: frozenset[str]) -> frozenset[str]:
    """What the file holds, if it is one of the two layouts and nothing else."""
    unknown = found - KEYS
    if unknown:
        raise DataError(
            f"{path} holds unknown arrays {', '.join(sorted(unknown))}; known are {', '.join(sorted(KEYS))}"
        )
    given = found & {"images", *PARTS}
    if given not in ({"images"}, set(PARTS)):
        raise DataError(f"{path} holds {', '.join(sorted(given)) or 'no images'}; {CURE}")
    allowed = {"labels"} if "images" in found else {f"{part}_labels" for part in PARTS}
    misplaced = found - given - allowed - {"classes"}
    if misplaced:
        raise DataError(f"{path}: {', '.join(sorted(misplaced))} does not go with {', '.join(sorted(given))}; {CURE}")
    return found


def _images(path: Path, key: str, array: np.ndarray) -> UInt8[np.ndarray, "N C H W"]:
    where = f"{path}: {key}"
    if array.ndim == 3:
        array = array[:, None]
    if array.ndim != 4:
        raise DataError(f"{where} has shape {array.shape}; images are N H W or N C H W")
    count, channels, height, width = array.shape
    if count == 0:
        raise DataError(f"{where} holds no images; save at least one")
    if channels > MAX_CHANNELS and width <= MAX_CHANNELS:
        raise DataError(f"{where} has its channels last, shape {array.shape}; save {key}.transpose(0, 3, 1, 2)")
    if not 1 <= channels <= MAX_CHANNELS:
        raise DataError(f"{where} has {channels} channels; save 1 to {MAX_CHANNELS}")
    if min(height, width) < MIN_SIDE or max(height, width) > MAX_SIDE:
        raise DataError(
            f"{where} has images of {height} x {width}; resize them to {MIN_SIDE} to {MAX_SIDE} pixels a side"
        )
    if array.dtype == np.bool_:
        return array.astype(np.uint8)
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise DataError(f"{where} is {array.dtype}; save uint8, or floats from 0 to 1")
    if not np.isfinite(array).all():
        raise DataError(f"{where} holds NaN or infinite values; replace them by numbers from 0 to 1")
    if array.min() < 0 or array.max() > 1:
        raise DataError(f"{where} holds values from {array.min():g} to {array.max():g}; scale them to 0 to 1")
    # One image after the other: a float copy of all would double the memory.
    grey = np.empty(array.shape, dtype=np.uint8)
    for row, image in enumerate(array):
        grey[row] = np.rint(image.astype(np.float32) * 255)
    return grey


def _labels(path: Path, key: str, array: np.ndarray, count: int) -> Int64[np.ndarray, " N"]:
    where = f"{path}: {key}"
    if not np.issubdtype(array.dtype, np.integer) or array.shape != (count,):
        raise DataError(f"{where} is {array.dtype} {array.shape}; save one integer for each of the {count} images")
    if array.min() < 0 or array.max() >= MAX_CLASSES:
        raise DataError(
            f"{where} goes from {array.min()} to {array.max()}; number the classes from 0, below {MAX_CLASSES}"
        )
    return array.astype(np.int64)


def _classes(path: Path, array: np.ndarray | None, count: int) -> tuple[str, ...]:
    """Names of `count` classes; none where there is only one, which tells nothing."""
    if array is not None and (array.dtype.kind != "U" or array.ndim != 1 or array.size < count or count == 0):
        raise DataError(f"{path}: classes is {array.dtype} {array.shape}; save one string a class, beside labels")
    if count < 2:
        return ()
    return tuple(str(name) for name in (array if array is not None else range(count)))
