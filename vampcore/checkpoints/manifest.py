"""The manifest of a checkpoint: size and SHA-256 of every file, so that a damaged or exchanged one is refused.

Format 1 had none; such a checkpoint is read as it stands, and counts as unchecked.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vampcore.checkpoints.folder import readable
from vampcore.checkpoints.plain_files import HINT, MOST_BYTES, parsed, plain_bytes, plain_size
from vampcore.checkpoints.records import FORMAT, CheckpointError
from vampcore.config import dumps

MANIFEST = "manifest.json"
CARD = "README.md"
# What `save` writes, or will: a file of such a name that the manifest does not list was put there later.
OURS = (
    "config.json",
    "weights.safetensors",
    "metrics.json",
    "per_image.safetensors",
    "history.csv",
    "latents.safetensors",
    "snapshots.safetensors",
    "data.safetensors",
    "film.bin",
    "trainings.safetensors",
    "edit.json",
)
_MOST_FILES, _MOST_BYTES = 64, 2**16
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Listed:
    """What a manifest says of a file."""

    size: int
    sha256: str


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    """The manifest of the files of a checkpoint; the card, which nothing reads, is not in it."""
    described = {name: _listed(content) for name, content in sorted(files.items()) if name not in (CARD, MANIFEST)}
    return _written({name: {"size": each.size, "sha256": each.sha256} for name, each in described.items()})


def read_manifest(folder: Path) -> dict[str, Listed] | None:
    """What the manifest of a folder says of each file, by name; None if there is none, as in format 1.

    Raises:
        CheckpointError: If it is not sound.
    """
    path = readable(folder) / MANIFEST
    if not path.exists():
        return None
    content = plain_bytes(path, _MOST_BYTES)
    fields = parsed(path, content)
    files = fields.get("files")
    # A manifest is written in one way only; read otherwise than it was written, it is damaged.
    if not isinstance(files, dict) or _written(files) != content or len(files) > _MOST_FILES:
        raise CheckpointError(f"{path} has changed since it was written: {HINT}")
    return {name: _checked(path, name, said) for name, said in files.items()}


def check_content(folder: Path, name: str, content: bytes) -> None:
    """Refuse a file that is not the one that was saved.

    Raises:
        CheckpointError: If the folder's manifest does not list it, or lists another content.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return
    path = readable(folder) / name
    if name not in manifest:
        raise _unlisted(path)
    if manifest[name] != _listed(content):
        raise _changed(path)


def check_folder(folder: Path) -> dict[str, Listed] | None:
    """Refuse a folder whose files are not those of its manifest, by name and size; their contents are not read.

    Returns:
        The manifest.

    Raises:
        CheckpointError: If a file is missing, of another size, or not listed.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return None
    place = readable(folder)
    for name, listed in manifest.items():
        if plain_size(place / name) != listed.size:
            raise _changed(place / name)
    for name in OURS:
        if name not in manifest and (place / name).exists():
            raise _unlisted(place / name)
    return manifest


def _listed(content: bytes) -> Listed:
    return Listed(len(content), hashlib.sha256(content).hexdigest())


def _written(files: Mapping[str, Any]) -> bytes:
    return dumps({"format": FORMAT, "files": files}).encode()


def _checked(path: Path, name: str, said: Any) -> Listed:
    is_valid = (
        _NAME.fullmatch(name) is not None
        and name not in (MANIFEST, CARD)
        and isinstance(said, dict)
        and {key: type(value) for key, value in said.items()} == {"size": int, "sha256": str}
        and 0 <= said["size"] <= MOST_BYTES
        and _SHA256.fullmatch(said["sha256"]) is not None
    )
    if not is_valid:
        raise CheckpointError(f"{path} does not give the size and SHA-256 of each file: {HINT}")
    return Listed(said["size"], said["sha256"])


def _changed(path: Path) -> CheckpointError:
    return CheckpointError(f"{path} has changed since it was saved (size or sha256 differ from {MANIFEST}): {HINT}")


def _unlisted(path: Path) -> CheckpointError:
    return CheckpointError(f"{path} is not in {MANIFEST}, so it was not saved with the others: {HINT}")
