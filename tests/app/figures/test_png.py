import io

import numpy as np
import pytest
from PIL import Image

from app.figures.png import png_bytes

random = np.random.default_rng(0)
GREY = np.repeat(random.integers(0, 256, (5, 7, 1), dtype=np.uint8), 3, axis=2)
COLOUR = random.integers(0, 256, (5, 7, 3), dtype=np.uint8)
OPACITY = random.integers(0, 256, (5, 7, 1), dtype=np.uint8)
FULL = np.full((5, 7, 1), 255, np.uint8)


@pytest.mark.parametrize("pixel", [1, 3])
@pytest.mark.parametrize(
    ("picture", "mode"),
    [
        (GREY, "L"),
        (COLOUR, "RGB"),
        (np.concatenate([GREY, FULL], 2), "L"),
        (np.concatenate([COLOUR, FULL], 2), "RGB"),
        (np.concatenate([GREY, OPACITY], 2), "LA"),
        (np.concatenate([COLOUR, OPACITY], 2), "RGBA"),
    ],
)
def test_another_reader_finds_every_pixel_as_a_square_and_no_idle_channel(picture, mode, pixel):
    read = Image.open(io.BytesIO(png_bytes(picture, pixel)))
    read.load()
    assert read.mode == mode
    shown = np.asarray(read.convert("RGBA"))
    expected = picture if picture.shape[2] == 4 else np.concatenate([picture, FULL], 2)
    assert np.array_equal(shown, expected.repeat(pixel, axis=0).repeat(pixel, axis=1))


def test_the_same_picture_is_the_same_file():
    assert png_bytes(COLOUR.copy(), 2) == png_bytes(COLOUR, 2)


def test_the_picture_stays_as_it_is():
    before = COLOUR.copy()
    png_bytes(COLOUR, 2)
    assert np.array_equal(COLOUR, before)
