"""One image of a viewer's own, drawn or uploaded, as a model's data are: of their size and with their values."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from app.services.latent_plane.encoding import Floats
from app.services.loading import Pixels, Ref, ServiceError, loaded, noise
from app.services.memory import cached
from app.services.originals import test_part
from app.services.turns import lock_released
from vampcore import datasets
from vampcore.datasets import DataError
from vampcore.datasets.image_files import Form, image_size, read_image

SIDE = 112
"""Pixels of a drawing along its longer side."""
SMALL = 16
"""A drawing fills images of fewer pixels, as scikit-learn's digits do."""
INK = 20 / 28
"""Of the side of others: the longer side of one of MNIST's digits."""
FORMATS = ("PNG", "JPEG")
MEGABYTES, MOST_PIXELS = 8, 16_000_000


def canvas_size(shape: tuple[int, int, int]) -> tuple[int, int]:
    """Height and width of the drawing that an image of a shape, (C, H, W), is made of."""
    longer = max(shape[1:])
    return round(SIDE * shape[1] / longer), round(SIDE * shape[2] / longer)


def centred(canvas: Pixels, size: tuple[int, int]) -> Pixels | None:
    """A drawing, `(h, w)`, as MNIST's digits lie in their images; None where nothing is drawn.

    It is scaled so that its longer side takes `INK` of the image, or all of a `SMALL` one, and moved so that its
    centre of mass is in the middle; in MNIST that is half a pixel right of it and below. No part of it is cut off.

    Arguments:
        canvas: From 0 to 255, the ink high.
        size: Height and width of the image.
    """
    inked = canvas > 0
    if not inked.any():
        return None
    sides, small = np.array(size), np.array(size) < SMALL
    spans = np.array([np.flatnonzero(inked.any(1 - axis))[[0, -1]] for axis in (0, 1)]) + np.array([0, 1])
    by = float((np.ptp(spans, 1) / np.where(small, sides, INK * sides)).max())
    mass = [np.average(np.arange(len(each)) + 0.5, weights=each) for each in (canvas.sum(1), canvas.sum(0))]
    first = np.clip(mass - by * (sides / 2 + np.where(small, 0, 0.5)), spans[:, 1] - by * sides, spans[:, 0])
    # Around the drawing is as much of nothing as the image can reach.
    rim = int(np.ceil(by * max(size))) + 1
    top, left = (float(each) + rim for each in first)
    box = (left, top, left + by * size[1], top + by * size[0])
    padded = Image.fromarray(np.pad(canvas, rim))
    return np.asarray(padded.resize((size[1], size[0]), Image.Resampling.BOX, box=box))


def from_canvas(ref: Ref, canvas: bytes) -> bytes | None:
    """What is drawn on a canvas of `canvas_size`, a byte a pixel, packed for a model; None where nothing is."""
    shape = loaded(ref).checkpoint.observation.shape
    found = centred(np.frombuffer(canvas, np.uint8).reshape(canvas_size(shape)), shape[1:])
    return None if found is None else _packed_for(ref, found[None] / 255)


@cached(4)
def from_file(ref: Ref, content: bytes, inverted: bool) -> bytes:
    """A PNG or JPEG file, packed for a model; an image of another size is scaled and cropped at its middle.

    Arguments:
        ref: The checkpoint.
        content: The file.
        inverted: Whether dark and light change places.

    Raises:
        ServiceError: If it cannot be read.
    """
    channels, *size = loaded(ref).checkpoint.observation.shape
    if len(content) > MEGABYTES * 10**6:
        raise ServiceError(f"the file has more than {MEGABYTES} MB: make the image smaller")
    with lock_released(), tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "the file"
        path.write_bytes(content)
        try:
            width, height = image_size(path, FORMATS)
            if width * height > MOST_PIXELS:
                raise DataError(f"the image has {width} x {height} pixels, more than 16 million: make it smaller")
            found = read_image(path, Form((size[0], size[1]), "rgb" if channels == 3 else "grey"))
        except DataError as error:
            said = str(error).replace(f"{scratch}/", "")
            raise ServiceError(said if ":" in said else f"{said}: save it anew as PNG or JPEG") from error
    return _packed_for(ref, (255 - found if inverted else found) / 255)


def from_test_set(ref: Ref, row: int) -> bytes:
    """A test image, packed.

    Raises:
        DataMissing: If the test images are not at hand.
    """
    model = loaded(ref)
    part = test_part(model).split
    return _packed_for(ref, part.images[model.checkpoint.latents.ids[row]].numpy() / part.levels)


def is_thresholded(ref: Ref) -> bool:
    """Whether a model sees black and white alone: an image of one's own is then cut at one half."""
    return loaded(ref).checkpoint.config.likelihood == "bernoulli"


def _packed_for(ref: Ref, shares: np.ndarray) -> bytes:
    """An image of shares of the highest value, `(C, H, W)`, packed; see `is_thresholded`."""
    levels = loaded(ref).checkpoint.observation.levels
    values = levels * (shares >= 0.5) if is_thresholded(ref) else np.rint(levels * shares)
    return packed(values.astype(np.uint8), levels)


def packed(pixels: Pixels, levels: int) -> bytes:
    """An image of values from 0 to `levels` as bytes, which a link can name: bits where it is black and white."""
    flat = pixels.reshape(-1)
    return np.packbits(flat > 0).tobytes() if levels == 1 else flat.tobytes()


def unpacked(content: bytes, shape: tuple[int, int, int], levels: int) -> Pixels:
    """The image that `packed` made these bytes of.

    Raises:
        ServiceError: If they are of another size, or a value is above `levels`.
    """
    count = int(np.prod(shape))
    numbers = np.frombuffer(content, np.uint8)
    if len(numbers) != (-(-count // 8) if levels == 1 else count):
        raise ServiceError("the drawn image has another size than this model's images: undo this step")
    values = np.unpackbits(numbers)[:count] if levels == 1 else numbers
    if int(values.max()) > levels:
        raise ServiceError("the drawn image has other grey values than this model's images: undo this step")
    return values.reshape(shape).copy()


def shares(ref: Ref, content: bytes) -> Floats:
    """A packed image for the eye, `(1, C, H, W)`, from 0 to 1."""
    seen = loaded(ref).checkpoint.observation
    return (unpacked(content, seen.shape, seen.levels)[None] / seen.levels).astype(np.float32)


def observation(ref: Ref, content: bytes) -> Floats:
    """A packed image as the model observes it, `(C, H, W)`.

    Raises:
        ServiceError: If it is no image of this model.
    """
    seen = loaded(ref).checkpoint
    pixels = torch.tensor(unpacked(content, seen.observation.shape, seen.observation.levels)[None])
    return datasets.observe(pixels, seen.observation.levels, seen.config.likelihood, noise(0))[0].numpy()
