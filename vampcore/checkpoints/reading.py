"""Files of a checkpoint folder, hostile until parsed: every way of being wrong is a CheckpointError of one line."""

import json
import stat
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as from_safetensors
from torch import Tensor

from vampcore.checkpoints.folder import readable
from vampcore.checkpoints.records import FORMAT, CheckpointError

_CURE = "restore it or train again"
MOST_BYTES = 2**31
MOST_BYTES_OF_TEXT = 2**26
# What `save` writes; further types of safetensors (complex, bool, float8) are foreign, and not all can be checked.
DTYPES = (torch.float16, torch.float32, torch.int32, torch.int64, torch.uint8)


def read_bytes(folder: Path, name: str, most: int = MOST_BYTES) -> bytes:
    """The content of a file.

    Raises:
        CheckpointError: If it is missing, not a plain file (a pipe would never end), or larger than `most` bytes.
    """
    path = readable(folder) / name
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > most:
            raise CheckpointError(f"{path} is no file of at most {most} bytes: {_CURE}")
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}): {_CURE}") from error


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """The JSON object of a file of our format.

    Raises:
        CheckpointError: If it is none, or of a later format.
    """
    content = read_bytes(folder, name, MOST_BYTES_OF_TEXT)
    try:
        fields = json.loads(content, parse_int=_whole_number)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{folder / name} is truncated or no JSON: {_CURE}") from error
    version = fields.get("format") if isinstance(fields, dict) else None
    if type(version) is not int or version < 1:
        raise CheckpointError(f"{folder / name} is not of a vampcore checkpoint: train it again")
    if version > FORMAT:
        raise CheckpointError(f"{folder / name} has format {version}, this vampcore reads up to {FORMAT}: upgrade it")
    return fields


def read_tensors(folder: Path, name: str) -> dict[str, Tensor]:
    """Named tensors of a safetensors file, all finite, but for logits of minus infinity: components that are removed.

    Raises:
        CheckpointError: If it is none, or holds values that are not finite, or types that no checkpoint has.
    """
    content = read_bytes(folder, name)
    try:
        tensors = from_safetensors(content)
    except (SafetensorError, ValueError, KeyError, OverflowError) as error:
        raise CheckpointError(f"{folder / name} is truncated or no safetensors file: {_CURE}") from error
    for key, value in tensors.items():
        if value.dtype not in DTYPES:
            raise CheckpointError(f"{folder / name}: {one_line(key)} is of type {value.dtype}: {_CURE}")
        if value.is_floating_point() and not sound(key, value):
            raise CheckpointError(f"{folder / name}: {one_line(key)} holds values that are not finite: {_CURE}")
    return tensors


def sound(name: str, value: Tensor) -> bool:
    """Whether all values are finite; some of a mixture's logits, and not all, may be minus infinity."""
    if name.rpartition(".")[2] != "logits":
        return bool(value.isfinite().all())
    return bool((value.isfinite() | value.isneginf()).all()) and not bool(value.isneginf().all())


def one_line(said: object) -> str:
    """What a foreign file says, fit for a message: on one line, cut after 200 characters."""
    text = " ".join(str(said).split())
    return text if len(text) <= 200 else f"{text[:200]}..."


def _whole_number(digits: str) -> int:
    """Whole numbers of 64 bits; larger ones would pass for an int and fail as a size or a float later."""
    value = int(digits)
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{digits[:20]}... is too large")
    return value
