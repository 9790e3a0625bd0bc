"""Images of the viewer's own: read once, within limits, and kept as arrays that models are trained on.

Nothing of a path or a file's name goes into what is kept, but for the names of classes and a title.
"""

import hashlib
import io
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.engines import desk
from app.engines.engine import EngineError
from app.services.archives import entries, opened
from app.services.loading import ServiceError
from app.services.memory import cached
from app.services.turns import lock_released
from vampcore import datasets
from vampcore.checkpoints.folder import write_bytes
from vampcore.datasets import DataError, Dataset
from vampcore.datasets.image_files import ENDINGS, Form, bad_files, image_size, read_images
from vampcore.datasets.naming import OwnData
from vampcore.datasets.own import PART_NAMES, Part, dataset_from_one, dataset_from_parts

FOLDER, KEY = "uploads", "upload-"
PREVIEW, SMALL = 32, 5_000
MOST_PIXELS = 16_000_000
"""Of one image."""
MOST_PIXELS_IN_ALL = 256_000_000
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
SIDE = 28
_SIDES = range(8, 65)
_MOST_LETTERS = 40
_UNTITLED = "own images"
_KEY = re.compile(rf"{KEY}[0-9a-f]{{16}}")
_MOST_CLASSES = 1000


@dataclass(frozen=True)
class Upload:
    """Images that are kept.

    Attributes:
        key: What an address calls them: whoever has the images, or a link, knows it.
        title: Its name for people.
        images: Of each part: training, validation, test.
        shape: C, H, W of an image.
        binary: Whether pixels are 0 or 1.
        classes: How many training images each class has, by its name.
        preview: A few training images of all classes, [n, C, H, W], from 0 to 1.
        notes: What was done to them that one may not expect.
    """

    key: str
    title: str
    images: tuple[int, int, int]
    shape: tuple[int, int, int]
    binary: bool
    classes: dict[str, int]
    preview: np.ndarray
    notes: tuple[str, ...]


def place() -> Path:
    """Where uploads are kept: under the data folder, which every page may read."""
    return (datasets.data_root() / FOLDER).absolute()


def accept(filename: str, content: bytes, colour: str = "grey") -> Upload:
    """Read images, and keep them.

    Arguments:
        filename: As the viewer calls the file.
        content: Of a zip file of images, or an npz file of arrays.
        colour: `grey` or `rgb`, for a zip file.

    Raises:
        ServiceError: If they cannot be used, with what to do.
    """
    title = _shown(Path(filename.replace("\\", "/")).stem) or _UNTITLED
    try:
        desk.check_disk()
        with lock_released(), tempfile.TemporaryDirectory() as scratch:
            read = _npz if filename.lower().endswith(".npz") else _zip
            found = read(content, Path(scratch), colour)
            kept = _arrays(found)
        digest = hashlib.sha256(kept).hexdigest()[:16]
        place().mkdir(parents=True, exist_ok=True)
        write_bytes(place() / f"{digest}.npz", kept)
        write_bytes(place() / f"{digest}.txt", title.encode())
        return _described(f"{KEY}{digest}", title, found)
    except (DataError, EngineError) as error:
        raise ServiceError(str(error)) from error
    except OSError as error:
        raise ServiceError(f"the images could not be kept ({error.strerror or error}): make room on disk") from error


def title_of(key: str) -> str | None:
    """The title of an upload; None where there is none of that key."""
    if not _KEY.fullmatch(key) or not (place() / f"{key.removeprefix(KEY)}.npz").is_file():
        return None
    try:
        said = (place() / f"{key.removeprefix(KEY)}.txt").read_text(encoding="utf-8")
    except (OSError, ValueError):
        said = ""
    return _shown(said) or _UNTITLED


def data_of(key: str) -> str:
    """The name of the data set that an upload is, as a configuration has it; any other name as it is."""
    title = title_of(key)
    if title is None:
        return key
    return str(OwnData("npz", place() / f"{key.removeprefix(KEY)}.npz", title=title))


@cached(8)
def opened_upload(key: str) -> Upload:
    """What an upload is.

    Raises:
        ServiceError: If there is none of that key, or it cannot be read.
    """
    title = title_of(key)
    if title is None:
        raise ServiceError("these images are gone: upload them again")
    try:
        with lock_released():
            return _described(key, title, datasets.load(data_of(key)))
    except DataError as error:
        raise ServiceError(f"these images cannot be read: upload them again ({error})") from error


def is_small(key: str) -> bool:
    """Whether an upload is, which training takes into account; never of other data."""
    return title_of(key) is not None and opened_upload(key).images[0] < SMALL


def _npz(content: bytes, scratch: Path, colour: str) -> Dataset:
    with opened(content):  # within the limits
        pass
    path = scratch / "upload.npz"
    path.write_bytes(content)
    try:
        return datasets.load(f"npz:{path}")
    except DataError as error:
        said = str(error).replace(str(path), "the file")
        if "--shape" in said:
            said = "the file has one row per image: save the images as N x H x W or N x C x H x W"
        raise DataError(said) from error


def _zip(content: bytes, scratch: Path, colour: str) -> Dataset:
    files, ignored = [], 0
    for number, entry in enumerate(entries(content)):
        if Path(entry.parts[-1]).suffix.lower() in ENDINGS:
            path = scratch / f"{number:05d}{Path(entry.parts[-1]).suffix.lower()}"
            path.write_bytes(entry.content)
            files.append((path, entry.parts))
        else:
            ignored += 1
    if not files:
        raise DataError(
            "the archive contains no images: put PNG or JPEG files into it, those of each class in a folder of its own"
        )
    sizes = _checked_sizes(path for path, _ in files)
    side = next(iter(sizes)) if len(sizes) == 1 else (0, 0)
    size = (side[1], side[0]) if all(each in _SIDES for each in side) else (SIDE, SIDE)
    read = read_images([str(path) for path, _ in files], Form(size, colour))
    if read.bad:
        words = bad_files([f"{_shown(files[row][1][-1])} {said}" for row, said in read.bad.items()])
        raise DataError(f"{len(read.bad)} of {len(files)} images cannot be read: {words}; repair or remove them")
    notes: tuple[str, ...] = (f"{ignored} files that are no images are left out",) if ignored else ()
    if len(sizes) > 1 or size != (side[1], side[0]):
        notes += (f"images are brought to {size[0]} x {size[1]} pixels",)
    return _dataset(_below_root([parts for _, parts in files]), read.pixels, notes)


def _checked_sizes(paths: Iterable[Path]) -> set[tuple[int, int]]:
    """The sizes of images, of which none is decoded."""
    sizes, total = set(), 0
    for path in paths:
        width, height = image_size(path, FORMATS)
        total += width * height
        if width * height > MOST_PIXELS:
            raise DataError(
                f"an image has {width} x {height} pixels, more than {MOST_PIXELS // 10**6} million: make it smaller"
            )
        sizes.add((width, height))
    if total > MOST_PIXELS_IN_ALL:
        raise DataError(
            f"the images have more than {MOST_PIXELS_IN_ALL // 10**6} million pixels together: make them smaller, "
            f"{SIDE} x {SIDE} is enough"
        )
    return sizes


def _below_root(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Paths without the one folder that all of them share, if there are folders in it."""
    while all(len(parts) > 2 for parts in paths) and len({parts[0] for parts in paths}) == 1:
        paths = [parts[1:] for parts in paths]
    return paths


def _dataset(paths: list[tuple[str, ...]], pixels: np.ndarray, notes: tuple[str, ...]) -> Dataset:
    """Images by the first folder of their paths, which is the class, below `train` and `test` if there are those."""
    splits = [PART_NAMES.get(parts[0].casefold(), "") if len(parts) > 1 else "" for parts in paths]
    if all(splits) and len(set(splits)) > 1:
        paths = [parts[1:] for parts in paths]
    else:
        splits = [""] * len(paths)
    folders = [_shown(parts[0]) if len(parts) > 1 else "" for parts in paths]
    classes = tuple(sorted(set(folders)))
    if "" in classes or not 2 <= len(classes) <= _MOST_CLASSES:
        classes = ()
    numbers = np.array([classes.index(each) for each in folders]) if classes else None
    parts = {}
    for split in dict.fromkeys(splits):
        rows = np.flatnonzero(np.array(splits) == split)
        parts[split] = Part(pixels[rows], None if numbers is None else numbers[rows])
    where = Path("the archive")
    if set(parts) == {""}:
        return dataset_from_one("upload", where, parts[""], classes, notes)
    return dataset_from_parts("upload", where, parts, classes, notes)


def _arrays(found: Dataset) -> bytes:
    """Images, classes and their names as an npz file; the same images give the same bytes."""
    arrays: dict[str, np.ndarray] = {}
    for name, part in (("train", found.train), ("validation", found.validation), ("test", found.test)):
        arrays[name] = part.images.numpy()
        if found.classes and part.labels is not None:
            arrays[f"{name}_labels"] = part.labels.numpy()
    if found.classes:
        arrays["classes"] = np.array([_shown(each) for each in found.classes])
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def _described(key: str, title: str, found: Dataset) -> Upload:
    parts = (found.train, found.validation, found.test)
    labels = None if found.train.labels is None or not found.classes else found.train.labels.numpy()
    counts = (
        {}
        if labels is None
        else dict(zip(found.classes, np.bincount(labels[labels >= 0], minlength=len(found.classes)), strict=True))
    )
    images = found.train.images.numpy()
    rows = np.linspace(0, len(images) - 1, min(PREVIEW, len(images))).astype(int)
    if labels is not None:
        rows = np.argsort(labels, kind="stable")[rows]
    return Upload(
        key,
        title,
        (len(parts[0].images), len(parts[1].images), len(parts[2].images)),
        found.shape,
        found.train.levels == 1,
        {name: int(count) for name, count in counts.items()},
        images[rows] / found.train.levels,
        found.notes,
    )


def _shown(text: str) -> str:
    """A name of the viewer's as text that can be shown and stored."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text.strip())[:_MOST_LETTERS]
