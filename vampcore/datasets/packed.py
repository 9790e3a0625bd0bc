"""A packed copy of a folder's images in the cache, so that its files are read and resized once.

The copy is found by what it was made of: the names, sizes and dates of the files, and what every image was brought to.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import platformdirs
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from vampcore.datasets.image_files import Form, Images

# Changes when other pixels come from the same files.
_VERSION = 1


class Packed(NamedTuple):
    """Where a copy lies: the same folder and form have one place, the same files one digest."""

    place: str
    digest: str

    @property
    def file(self) -> Path:
        """The copy."""
        return cache_folder() / f"{self.place}-{self.digest}.safetensors"


def cache_folder() -> Path:
    """Where packed copies lie: in $VAMPCORE_CACHE, else in the user's cache folder."""
    chosen = os.environ.get("VAMPCORE_CACHE")
    return (Path(chosen) if chosen else Path(platformdirs.user_cache_dir("vampscope"))) / "images"


def packed_for(root: Path, files: list[str], form: Form) -> Packed:
    """The copy of these files of a folder.

    Raises:
        OSError: If a file is gone.
    """
    place = hashlib.sha256(repr(form).encode() + os.fsencode(root.absolute()))
    digest = hashlib.sha256(str(_VERSION).encode())
    for file in files:
        found = os.stat(file)  # noqa: PTH116 (of 60,000 files)
        digest.update(os.fsencode(file) + f"\0{found.st_size} {found.st_mtime_ns}\0".encode())
    return Packed(place.hexdigest()[:16], digest.hexdigest()[:32])


def read_copy(packed: Packed, shape: tuple[int, ...]) -> Images | None:
    """The images of a copy; None if there is none, or it is damaged."""
    try:
        with safe_open(packed.file, "numpy") as file:
            facts = json.loads((file.metadata() or {})["facts"])
            pixels = file.get_tensor("pixels")
        bad = {int(row): str(words) for row, words in facts["bad"].items()}
        if pixels.dtype != np.uint8 or pixels.shape != shape or _sha256(pixels) != facts["sha256"]:
            return None
        return Images(pixels, bad)
    except (OSError, SafetensorError, LookupError, TypeError, ValueError, AttributeError):
        return None


def write_copy(packed: Packed, images: Images) -> bool:
    """Keep a copy, completely or not at all, and drop the folder's earlier ones; whether that could be done."""
    facts = {"sha256": _sha256(images.pixels), "bad": images.bad}
    target = packed.file
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(save({"pixels": images.pixels}, {"facts": json.dumps(facts)}))
        part.replace(target)
        for older in target.parent.glob(f"{packed.place}-*.safetensors"):
            if older != target:
                older.unlink(missing_ok=True)
    except OSError:  # a full or read-only disk: the images are read anew next time
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        return False
    return True


def _sha256(pixels: np.ndarray) -> str:
    return hashlib.sha256(pixels.data).hexdigest()
