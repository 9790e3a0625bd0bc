"""The test images of an experiment, kept as bits beside its checkpoints, so that pages need no data set on disk."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save as to_safetensors
from torch import Tensor

from vampcore.checkpoints.folder import write_bytes
from vampcore.checkpoints.reading import read_tensors
from vampcore.checkpoints.records import CheckpointError
from vampcore.datasets import Split
from vampcore.datasets.identity import pixel_digest
from vampcore.datasets.splits import make_split

PACKED = "test.safetensors"
_HINT = "restore it, or make it again with `python -m vampcore pack`"
MOST_PIXELS = 2**30


def write_packed(experiment: Path, test: Split) -> Path:
    """Keep binary test images, as the experiment's models are evaluated on them, in the experiment's folder.

    The same images give the same file, to the byte.

    Raises:
        CheckpointError: If the images are not binary.
        OSError: If the file cannot be written.
    """
    if test.levels != 1:
        raise CheckpointError(
            f"the test images have {test.levels + 1} grey levels; only images of 0 and 1 are kept as bits"
        )
    pixels = test.images.numpy().reshape(len(test.images), -1)
    tensors = {
        "images": torch.from_numpy(np.packbits(pixels, axis=1, bitorder="big")),
        "shape": torch.tensor(test.images.shape[1:], dtype=torch.int32),
        "digest": torch.tensor(list(pixel_digest(test.images)), dtype=torch.uint8),
    }
    if test.labels is not None:
        tensors["labels"] = test.labels.int() if int(test.labels.max()) > 255 else test.labels.byte()
    path = experiment / PACKED
    write_bytes(path, to_safetensors(tensors))
    return path


def read_packed(experiment: Path) -> Split | None:
    """The test images that an experiment's folder keeps; None where it keeps none.

    Raises:
        CheckpointError: If the file is damaged.
    """
    path = experiment / PACKED
    if not path.exists():
        return None
    tensors = read_tensors(experiment, PACKED)
    try:
        return _unpacked(tensors)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path} is not valid ({error}): {_HINT}") from error


def _unpacked(tensors: dict[str, Tensor]) -> Split:
    if set(tensors) - {"labels"} != {"images", "shape", "digest"}:
        raise ValueError("it must hold images, shape and digest")
    packed, shape, labels = tensors["images"], tensors["shape"].tolist(), tensors.get("labels")
    if packed.dtype != torch.uint8 or packed.ndim != 2 or len(packed) == 0:
        raise ValueError("the images are not rows of bytes")
    if tensors["shape"].dtype != torch.int32 or len(shape) != 3 or min(shape) < 1 or max(shape) > 4096:
        raise ValueError("the shape is not that of an image")
    pixels = shape[0] * shape[1] * shape[2]
    if packed.shape[1] != -(-pixels // 8) or len(packed) * pixels > MOST_PIXELS:
        raise ValueError("the images are not of the shape that it names")
    if labels is not None and (labels.shape != packed.shape[:1] or labels.is_floating_point() or int(labels.min()) < 0):
        raise ValueError("the number of labels differs from the number of images")
    bits = np.unpackbits(packed.numpy(), axis=1, count=pixels, bitorder="big")
    split = make_split(bits.reshape(len(packed), *shape), None if labels is None else labels.numpy(), levels=1)
    if list(pixel_digest(split.images)) != tensors["digest"].tolist():
        raise ValueError("the images are not those that its digest names")
    return split
