"""`npz:PATH`: a user's own images as arrays."""

import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from vampcore.datasets.arrays import Arrays, Header, open_arrays
from vampcore.datasets.base import Dataset
from vampcore.datasets.errors import DataError
from vampcore.datasets.foreign import check_file, foreign
from vampcore.datasets.labels import class_numbers, texts_of
from vampcore.datasets.naming import OwnData
from vampcore.datasets.own import PART_NAMES, PARTS, OwnSource, Part, check_values, dataset_from_one, dataset_from_parts
from vampcore.datasets.values import Values, bytes_of

HINT = "save arrays with numpy.savez(path, images=...) or train=, validation=, test="
MIN_SIDE, MAX_SIDE = 4, 128
MAX_ROW = 4096
CHANNELS = (1, 3)
# What arrays are called by those who save them, in lower case and without the name of a part.
_WORDS = {
    "images": ("images", "image", "imgs", "img", "x", "data", "pixels", "features", "inputs"),
    "labels": ("labels", "label", "y", "targets", "target", "class", "digits"),
    "names": ("names", "name", "ids", "id", "files", "filenames", "file_names", "paths"),
    "classes": ("classes", "class_names", "label_names", "target_names"),
}


class _Role(NamedTuple):
    """What an array is for: a part ("" where images come in one piece), and what it holds of it."""

    part: str
    holds: str


class NpzImages(OwnSource):
    """An npz file with `images` (split 80 / 10 / 10 with a fixed seed), or with `train`, `validation` and `test`.

    Images have shape N H W, N C H W or N H W C. Values are uint8 (0 or 1, 0 or 255, or grey), booleans, other integers
    from 0 to 255, or floats in [0, 1], which are rounded to 256 grey levels. Rows (N, H·W) are reshaped with `--shape`.
    Class labels are numbers or strings in `labels`, or in `train_labels`, `validation_labels` and `test_labels`;
    `classes` gives their names. The array names of Keras and MedMNIST files, and an unnamed array, work too.
    """

    def read(self, root: Path) -> Dataset:
        """All images.

        Raises:
            DataError: If the file is missing, broken, or does not contain such arrays.
        """
        (path,) = self.files(root)
        check_file(path, "npz")
        refusal = foreign(path, "npz")
        if refusal is not None:
            raise refusal
        with open_arrays(path, HINT) as arrays:
            roles, notes = _roles(path, arrays.headers)
            keys = {role: key for key, role in roles.items()}
            shown = {part: keys[_Role(part, "images")] for part, holds in keys if holds == "images"}
            for part, holds in keys:
                if part not in shown and holds != "classes":
                    key, others = keys[_Role(part, holds)], ", ".join(sorted(shown.values()))
                    raise DataError(f"{path}: {key} does not belong to any of the image arrays {others}; {HINT}")
            if len({arrays.headers[key].dtype for key in shown.values()}) > 1:
                raise DataError(f"{path}: {', '.join(shown.values())} have different dtypes; save them all as uint8")
            images = self._images(path, arrays, shown)
            given = {
                holds: {keys[role]: arrays.whole(keys[role]) for role in keys if role.holds == holds}
                for holds in ("labels", "names", "classes")
            }
        counts = {keys[role]: len(images[role.part]) for role in keys if role.holds in ("labels", "names")}
        numbers, classes = class_numbers(
            str(path), given["labels"], counts, next(iter(given["classes"].values()), None)
        )
        parts = {}
        for part in shown:
            known = keys.get(_Role(part, "names"))
            names = None if known is None else texts_of(f"{path}: {known}", given["names"][known])
            if names is not None and len(names) != counts[str(known)]:
                raise DataError(
                    f"{path}: {known} has {len(names)} names for {counts[str(known)]} images; save one name per image"
                )
            parts[part] = Part(images[part], numbers.get(keys.get(_Role(part, "labels"), "")), names)
        if set(parts) == {""}:
            return dataset_from_one(self.name, path, parts[""], classes, notes)
        ordered = {part: parts[part] for part in PARTS if part in parts}
        return dataset_from_parts(self.name, path, ordered, classes, notes)

    def _images(self, path: Path, arrays: Arrays, keys: dict[str, str]) -> dict[str, UInt8[np.ndarray, "N C H W"]]:
        layouts = {part: _layout(f"{path}: {key}", key, arrays.headers[key], self.own) for part, key in keys.items()}
        if len({layout[1:] for layout in layouts.values()}) > 1:
            raise DataError(
                f"{path}: {', '.join(keys.values())} contain images of different shapes; resize them to one shape"
            )
        check_values(str(path), sum(arrays.headers[key].size for key in keys.values()))
        images = {}
        for part, key in keys.items():
            header, layout = arrays.headers[key], layouts[part]
            values = Values(f"{path}: {key}", header.dtype, key)
            read = bytes_of(arrays.pieces(key), values, header.shape)
            if layout.channels_last:
                read = np.ascontiguousarray(read.transpose(0, 3, 1, 2))
            images[part] = read.reshape(len(read), layout.channels, layout.height, layout.width)
        return images


class _Layout(NamedTuple):
    """How the images of an array lie in it."""

    channels_last: bool
    channels: int
    height: int
    width: int


def _role(key: str) -> _Role | None:
    """What an array of that name is for; None if that is not known."""
    words = [word for word in re.split(r"[^a-z0-9]+", key.casefold()) if word]
    parts = [PART_NAMES[word] for word in words if word in PART_NAMES]
    rest = "_".join(word for word in words if word not in PART_NAMES)
    part = parts[0] if len(parts) == 1 else ""
    if len(parts) > 1 or (part and not rest):
        return None if len(parts) > 1 else _Role(part, "images")
    holds = next((holds for holds, known in _WORDS.items() if rest in known), None)
    if holds is None or (holds == "classes" and part):
        return None
    return _Role(part, holds)


def _roles(path: Path, headers: dict[str, Header]) -> tuple[dict[str, _Role], tuple[str, ...]]:
    """What each array is for, and what to say about those that are for nothing."""
    roles = {key: role for key in headers if (role := _role(key)) is not None}
    notes: tuple[str, ...] = ()
    if not any(role.holds == "images" for role in roles.values()):
        # Without names: arr_0, perhaps with arr_1 for its classes; or one array of any name.
        numbered: list[str] = [key for key in ("arr_0", "arr_1") if key in headers]
        large = numbered[:1] or [key for key in headers if len(headers[key].shape) > 1 and key not in roles]
        if len(large) == 1 and not any(role.part for role in roles.values()):
            roles[large[0]] = _Role("", "images")
            notes = (f"{large[0]} is used as the images",)
            if numbered[1:] and len(headers["arr_1"].shape) == 1:
                roles["arr_1"] = _Role("", "labels")
                notes = ("arr_0 is used as the images, arr_1 as their class labels",)
    twice = [role for role in set(roles.values()) if list(roles.values()).count(role) > 1]
    if twice:
        same = " and ".join(sorted(key for key, role in roles.items() if role == twice[0])[:2])
        raise DataError(f"{path} contains {same}, which both look like {twice[0].holds}; remove or rename one")
    found = {role.part for role in roles.values() if role.holds == "images"}
    if not found or ("" in found and len(found) > 1) or ("" not in found and ("train" not in found or len(found) < 2)):
        held = ", ".join(sorted(headers)[:12])
        raise DataError(
            f"{path} contains {f'the arrays {held:.400}' if held else 'no arrays'}; rename the image arrays, or {HINT}"
        )
    ignored = sorted(set(headers) - set(roles))
    if ignored:
        notes += (f"unused arrays: {', '.join(ignored[:12]):.400}",)
    return roles, notes


def _layout(where: str, key: str, header: Header, own: OwnData) -> _Layout:
    """How images lie in an array.

    Raises:
        DataError: If they cannot be images, with what to do.
    """
    shape = header.shape
    if header.dtype.kind == "O":
        raise DataError(f"{where} contains pickled Python objects, which are never loaded; save an array of numbers")
    if len(shape) == 2 and shape[0]:
        return _rows(where, key, shape, own)
    if own.shape is not None:
        raise DataError(f"{where} has shape {shape}, but --shape is only for rows of shape (N, H x W); remove --shape")
    if len(shape) not in (3, 4):
        raise DataError(f"{where} has shape {shape}; images must have shape N H W, N C H W or N H W C")
    if shape[0] == 0:
        raise DataError(f"{where} contains no images; save at least one")
    channels_last = len(shape) == 4 and shape[3] in (1, 2, 3, 4) and shape[1] not in CHANNELS
    channels, height, width = (1, *shape[1:]) if len(shape) == 3 else shape[1:]
    if channels_last:
        height, width, channels = shape[1:]
    if channels not in CHANNELS:
        fewer = {2: 1, 4: 3}.get(channels)
        if fewer is None:
            raise DataError(f"{where} has {channels} channels (shape {shape}); images must have 1 (grey) or 3 (colour)")
        rest = f"{key}[..., :{fewer}]" if channels_last else f"{key}[:, :{fewer}]"
        raise DataError(
            f"{where} has {channels} channels; images must have 1 (grey) or 3 "
            f"(colour). To drop the last one (alpha), save {rest}"
        )
    if min(height, width) < MIN_SIDE or max(height, width) > MAX_SIDE:
        raise DataError(
            f"{where} has images of {height} x {width} pixels; resize them "
            f"so that each side has {MIN_SIDE} to {MAX_SIDE}"
        )
    return _Layout(channels_last, channels, height, width)


def _rows(where: str, key: str, shape: tuple[int, ...], own: OwnData) -> _Layout:
    """Images, or vectors, as rows."""
    values = shape[1]
    if own.shape is None:
        side = math.isqrt(values)
        raise DataError(
            f"{where} has shape {shape}, one row per image; "
            + (
                f"if they are {side} x {side} pixels, add --shape {side},{side}"
                if side * side == values
                else "add --shape H,W"
            )
            + f", or --shape 1,{values} if they are not images"
            + (
                f"; for colour images, save {key}.reshape(-1, 3, H, W)"
                if values % 3 == 0 and side * side != values
                else ""
            )
        )
    return rows_layout(where, values, own.shape)


def rows_layout(where: str, values: int, shape: tuple[int, int]) -> _Layout:
    """How rows of so many values are images of that shape; one of height 1 is a vector.

    Raises:
        DataError: If they cannot be.
    """
    height, width = shape
    if height * width != values:
        raise DataError(f"{where} has {values} values per row, but --shape {height},{width} needs {height * width}")
    if height == 1 and not 2 <= width <= MAX_ROW:
        raise DataError(f"{where} has {values} values per row; vectors must have 2 to {MAX_ROW:,}")
    if height > 1 and not MIN_SIDE <= min(shape) <= max(shape) <= MAX_SIDE:
        raise DataError(
            f"--shape {height},{width} is not supported; each side must have {MIN_SIDE} to {MAX_SIDE} pixels"
        )
    return _Layout(False, 1, height, width)
