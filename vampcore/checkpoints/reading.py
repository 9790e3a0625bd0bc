"""Files of a checkpoint folder, hostile until parsed: every way of being wrong is a CheckpointError of one line.

Each is held against the folder's manifest as it is read, so that no content counts that was not saved.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as from_safetensors
from torch import Tensor

from vampcore.checkpoints.folder import readable
from vampcore.checkpoints.manifest import MANIFEST, check_content, read_manifest
from vampcore.checkpoints.plain_files import HINT, MOST_BYTES, one_line, parsed, plain_bytes, strict_json
from vampcore.checkpoints.records import FIRST_CHECKED_FORMAT, CheckpointError

MOST_BYTES_OF_TEXT = 2**20
# What `save` writes; further types of safetensors (complex, bool, float8) are foreign, and not all can be checked.
DTYPES = (torch.float16, torch.float32, torch.int32, torch.int64, torch.uint8)


def read_bytes(folder: Path, name: str, most: int = MOST_BYTES) -> bytes:
    """The content of a file of a checkpoint.

    Raises:
        CheckpointError: If it is missing, not a plain file, larger than `most` bytes, or not what was saved.
    """
    content = plain_bytes(readable(folder) / name, most)
    check_content(folder, name, content)
    return content


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """The JSON object of a file of our format.

    Raises:
        CheckpointError: If it is none, of a later format, or of one that has a manifest, which is missing.
    """
    fields = parsed(folder / name, read_bytes(folder, name, MOST_BYTES_OF_TEXT))
    if fields["format"] >= FIRST_CHECKED_FORMAT and read_manifest(folder) is None:
        raise CheckpointError(f"{folder / MANIFEST} is missing, so that {name} cannot be checked: {HINT}")
    return fields


def read_tensors(folder: Path, name: str) -> dict[str, Tensor]:
    """Named tensors of a safetensors file, all finite, but for logits of minus infinity: components that are removed.

    Raises:
        CheckpointError: If it is none, or holds values that are not finite, or types that no checkpoint has.
    """
    content = read_bytes(folder, name)
    try:
        tensors = from_safetensors(content)
        strict_json(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except (SafetensorError, ValueError, KeyError, OverflowError, RecursionError) as error:
        raise CheckpointError(f"{folder / name} is truncated or not a safetensors file: {HINT}") from error
    for key, value in tensors.items():
        if value.dtype not in DTYPES:
            raise CheckpointError(f"{folder / name}: {one_line(key)} is of type {value.dtype}: {HINT}")
        if value.is_floating_point() and not is_valid(key, value):
            raise CheckpointError(f"{folder / name}: {one_line(key)} holds values that are not finite: {HINT}")
    return tensors


def is_valid(name: str, value: Tensor) -> bool:
    """Whether all values are finite; some of a mixture's logits, and not all, may be minus infinity."""
    if name.rpartition(".")[2] != "logits":
        return bool(value.isfinite().all())
    return bool((value.isfinite() | value.isneginf()).all()) and not bool(value.isneginf().all())
