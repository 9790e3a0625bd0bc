"""Files that may be absent, endless or foreign: their bytes, and the JSON in them."""

import json
import stat
from pathlib import Path
from typing import Any

from vampcore.checkpoints.records import FORMAT, CheckpointError

HINT = "restore it or train again"
MOST_BYTES = 2**30
MOST_BYTES_OF_HEADER = 2**26


def plain_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """The content of a file.

    Raises:
        CheckpointError: If it is missing, not a plain file (a pipe would never end), or larger than `most` bytes.
    """
    plain_size(path, most)
    try:
        return path.read_bytes()
    except OSError as error:
        raise _closed(path, error) from error


def plain_size(path: Path, most: int = MOST_BYTES) -> int:
    """The size of a file, which is not opened.

    Raises:
        CheckpointError: If it is missing, not a plain file, or larger than `most` bytes.
    """
    try:
        found = path.stat()
    except FileNotFoundError as error:
        if path.name == "config.json":
            raise CheckpointError(f"{path} is missing: name the folder of a checkpoint, or restore it") from error
        raise _closed(path, error) from error
    except (OSError, ValueError) as error:
        raise _closed(path, error) from error
    if not stat.S_ISREG(found.st_mode) or found.st_size > most:
        raise CheckpointError(f"{path} is not a regular file of at most {most} bytes: {HINT}")
    return found.st_size


def check_tensor_file(path: Path) -> None:
    """Compare the size of a safetensors file with what its header says, before the file is read.

    Raises:
        KeyError: If the header lacks the place of a tensor.
        OSError: If it cannot be read.
        TypeError: If the place of a tensor is not a pair of numbers.
        ValueError: If it is not such a file, or of another size.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > MOST_BYTES_OF_HEADER:
            raise ValueError("its header is too long")
        header = strict_json(file.read(length))
    if not isinstance(header, dict):
        raise ValueError("its header is not an object")
    ends = [each["data_offsets"][1] for name, each in header.items() if name != "__metadata__"]
    if path.stat().st_size != 8 + length + max(ends, default=0):
        raise ValueError("its size is not what its header says")


def parsed(path: Path, content: bytes) -> dict[str, Any]:
    """The JSON object in a file of our format.

    Raises:
        CheckpointError: If it is none, or of a later format.
    """
    try:
        fields = strict_json(content)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is truncated or not JSON: {HINT}") from error
    version = fields.get("format") if isinstance(fields, dict) else None
    if type(version) is not int or version < 1:
        raise CheckpointError(f"{path} is not of a vampcore checkpoint: train it again")
    if version > FORMAT:
        raise CheckpointError(f"{path} has format {version}, this vampcore reads up to {FORMAT}: upgrade it")
    return fields


def strict_json(content: bytes | str) -> Any:
    """The JSON value of a text that says nothing twice, and nothing that cannot be printed or counted.

    Raises:
        ValueError: If it is none, if a key is there twice, a whole number takes more than 64 bits, or a text holds half
            of a pair of surrogates, which no file and no page can hold.
        RecursionError: If it is nested too deep.
    """
    value = json.loads(content, parse_int=_whole_number, object_pairs_hook=_once)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def one_line(said: object) -> str:
    """What a foreign file says, fit for a message: on one line, cut after 200 characters."""
    text = " ".join(str(said).split())
    return text if len(text) <= 200 else f"{text[:200]}..."


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a key is there twice")
    return fields


def _whole_number(digits: str) -> int:
    """Whole numbers of 64 bits; larger ones would pass for an int and fail as a size or a float later."""
    value = int(digits)
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{digits[:20]}... is too large")
    return value


def _closed(path: Path, error: OSError | ValueError) -> CheckpointError:
    return CheckpointError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}): {HINT}")
