"""`folder:PATH`: a user's own image files, in one folder per class, optionally below one folder per split."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vampcore.datasets.base import Dataset
from vampcore.datasets.errors import DataError
from vampcore.datasets.fetching import Progress
from vampcore.datasets.foreign import check_folder
from vampcore.datasets.image_files import CHANNELS, ENDINGS, Form, Images, bad_files, read_images
from vampcore.datasets.naming import OwnData
from vampcore.datasets.own import PART_NAMES, PARTS, OwnSource, Part, check_values, dataset_from_one, dataset_from_parts
from vampcore.datasets.packed import packed_for, read_copy, write_copy

# Folders that operating systems and programs create; names that begin with a dot are skipped too.
_NO_CLASSES = frozenset(("__macosx", "$recycle.bin", "@eadir", "system volume information", "lost+found"))
_MOST_FOLDERS = 20_000
_MOST_FILES = 5_000_000
# Fewer images are read in a second, so they need no packed copy.
_MIN_PACKED = 1000
_SIDES = (4, 128)


class _Listed(NamedTuple):
    """The images of one split: those directly in its folder, and those in the folder of each class."""

    loose: list[str]
    classes: dict[str, list[str]]

    @property
    def files(self) -> list[str]:
        return self.loose + [file for members in self.classes.values() for file in members]


@dataclass(frozen=True)
class ImageFolder(OwnSource):
    """Images in PATH, or in one folder below PATH for each class, with all folders below it.

    Folders named `train`, `val` (or `valid`, `validation`) and `test` in PATH are the splits, with the class folders
    inside; a missing split is drawn from `train`. Hidden files and folders are skipped. Images are rotated as their
    EXIF data say, transparent pixels become white, and all images are brought to one size and colour.

    Attributes:
        progress: Called with the number of images read and the total.
    """

    progress: Progress | None = None

    def read(self, root: Path) -> Dataset:
        """Read all images, in the splits named by folders, else split 80 / 10 / 10 with a fixed seed.

        Raises:
            DataError: If there is no such folder, it contains too few images, or some cannot be read.
        """
        (path,) = self.files(root)
        check_folder(path)
        least, most = _SIDES
        if not all(least <= side <= most for side in self.own.size):
            raise DataError(
                f"--size {self.own.size[0]},{self.own.size[1]} is not supported: "
                f"each side must have {least} to {most} pixels"
            )
        try:
            parts, notes = _parts(path)
        except OSError as error:
            hint = "remove this link" if error.errno == errno.ELOOP else "check its permissions"
            raise DataError(f"{error.filename} cannot be listed ({error.strerror}); {hint}") from error
        classes = tuple(sorted({name for part in parts.values() for name in part.classes}))
        files = [file for part in parts.values() for file in part.files]
        if not files:
            raise DataError(f"{path} contains no images; supported file endings are {', '.join(sorted(ENDINGS))}")
        images = self._images(path, files)
        if images.bad:
            bad = bad_files([f"{_below_name(path, files[row])} {words}" for row, words in images.bad.items()])
            counts = f"{len(images.bad):,} of {len(files):,} image files"
            if not self.own.skip_bad:
                raise DataError(
                    f"{path}: {counts} cannot be read: {bad}; repair or remove them, or skip them with --skip-bad"
                )
            notes += (f"{counts} are skipped: {bad}",)
        if (self.own.size, self.own.colour) == (OwnData.size, OwnData.colour):
            notes += ("images are converted to grey and 28 x 28; to change that, use --colour, --size and --fit",)
        made, start = {}, 0
        for part, listed in parts.items():
            made[part] = _part(path, listed, classes, images, start)
            start += len(listed.files)
        if len(classes) < 2:
            classes = ()
        if set(made) == {""}:
            return dataset_from_one(self.name, path, made[""], classes, notes)
        return dataset_from_parts(self.name, path, made, classes, notes)

    def _images(self, path: Path, files: list[str]) -> Images:
        form = Form(self.own.size, self.own.colour, self.own.fit)
        shape = (len(files), CHANNELS[form.colour], *form.size)
        check_values(str(path), int(np.prod(shape)), "choose a smaller --size, or use fewer images")
        if len(files) < _MIN_PACKED:
            return read_images(files, form, self.progress)
        try:
            packed = packed_for(path, files, form)
        except OSError as error:
            raise DataError(f"{error.filename} was removed while the folder was being read; try again") from error
        images = read_copy(packed, shape)
        if images is None:
            images = read_images(files, form, self.progress)
            write_copy(packed, images)
        return images


def _part(path: Path, listed: _Listed, classes: tuple[str, ...], images: Images, start: int) -> Part:
    """Return the images of a split, which begin at row `start` of all images."""
    files = listed.files
    kept = [row for row in range(len(files)) if start + row not in images.bad]
    labels = None
    if listed.classes and len(classes) > 1:
        numbers = [classes.index(name) for name in listed.classes]
        labels = np.repeat(numbers, [len(members) for members in listed.classes.values()])[kept]
    pixels = images.pixels[start : start + len(files)]
    if len(kept) < len(files):
        pixels = pixels[kept]
    return Part(pixels, labels, tuple(_below_name(path, files[row]) for row in kept))


def _parts(path: Path) -> tuple[dict[str, _Listed], tuple[str, ...]]:
    """List the images of each split, with notes; the split is "" if the folder has no splits."""
    notes: tuple[str, ...] = ()
    listed = _listed(path)
    while len(listed.classes) == 1 and _holds_folders(inner := path / next(iter(listed.classes))):
        notes = (f"the data set is read from the only folder, {inner.name}",)
        path, listed = inner, _listed(inner)
    found: dict[str, list[str]] = {}
    for name in listed.classes:
        part = PART_NAMES.get(name.casefold())
        if part is not None:
            found.setdefault(part, []).append(name)
    if "train" not in found or len(found) < 2 or listed.loose:
        if "test" in found and "validation" in found:
            raise DataError(
                f"{path} contains {', '.join(sorted(listed.classes))}, but no folder "
                "train; add it, or rename the folders if they are classes"
            )
        return {"": listed}, notes
    for names in found.values():
        if len(names) > 1:
            raise DataError(
                f"{path} contains {' and '.join(names)}, which name the same split; merge them into one folder"
            )
    others = sorted(set(listed.classes) - {name for names in found.values() for name in names})
    if others:
        raise DataError(
            f"{path} contains {', '.join(others[:5])} in addition to the splits "
            f"{', '.join(names[0] for names in found.values())}; move other folders away, or rename the splits if they "
            "are classes"
        )
    parts = {part: _listed(path / found[part][0]) for part in PARTS if part in found}
    return parts, (
        *notes,
        f"the splits are read from the folders {', '.join(found[part][0] for part in parts)}",
    )


def _holds_folders(path: Path) -> bool:
    """Return whether a folder contains folders of images and no images of its own."""
    folders, images = _entries(path)
    return not images and any(_below(folder) for folder in folders)


def _listed(path: Path) -> _Listed:
    """List the images of a folder by class.

    Raises:
        DataError: If it contains both images and folders of images.
        OSError: If it cannot be listed.
    """
    folders, loose = _entries(path)
    classes = {folder.name: _below(folder) for folder in folders}
    classes = {name: files for name, files in classes.items() if files}
    if loose and classes:
        raise DataError(
            f"{path} contains both images and folders of images; move each image into the folder of its class"
        )
    return _Listed(loose, classes)


def _below(folder: Path) -> list[str]:
    """List all images in a folder and below it; a folder that is reached by several links is read once."""
    files: list[str] = []
    waiting, seen = [folder], set()
    while waiting:
        here = waiting.pop()
        found = here.stat()
        if (found.st_dev, found.st_ino) in seen:
            continue
        seen.add((found.st_dev, found.st_ino))
        folders, images = _entries(here)
        files += images
        waiting += folders
        if len(seen) > _MOST_FOLDERS or len(files) > _MOST_FILES:
            raise DataError(
                f"{folder} contains more than {_MOST_FOLDERS:,} folders or "
                f"{_MOST_FILES:,} images; choose a smaller folder"
            )
    return sorted(files, key=_in_order)


def _entries(path: Path) -> tuple[list[Path], list[str]]:
    """List the folders and the images directly in a folder, sorted, without hidden ones."""
    folders, images = [], []
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.casefold() in _NO_CLASSES:
                continue
            _, point, ending = entry.name.rpartition(".")
            if f"{point}{ending}".lower() in ENDINGS and entry.is_file():
                images.append(entry.path)
            elif entry.is_dir():
                folders.append(Path(entry.path))
    return sorted(folders), sorted(images, key=_in_order)


def _in_order(path: str) -> list[str]:
    """Return the sort key of a path: folder by folder. As strings, `a-b` would come before `a/b`."""
    return path.split(os.sep)  # noqa: PTH206 (of 60,000 files)


def _below_name(path: Path, file: str) -> str:
    """Return a file's path relative to a folder; `Path.relative_to` takes a second for 60,000 files."""
    return file.removeprefix(f"{path}{os.sep}")
