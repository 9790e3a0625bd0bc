"""Pictures of images in rows: about two pixels of the picture for each of the screen, and the images as they are."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tools.patience import patience


@pytest.mark.parametrize(
    ("width", "columns", "across", "by"),
    [(28, 8, 320, 3), (28, 6, 320, 4), (28, 1, 360, 26), (8, 8, 320, 10), (28, 16, 40, 2), (256, 8, 320, 2)],
)
def test_a_picture_has_about_twice_the_pixels_of_the_screen(width, columns, across, by):
    from app.widgets.pictures import enlargement

    assert enlargement(width, columns, across) == by
    assert by * width * columns >= 2 * across or by == 2


def shown(script) -> AppTest:
    at = AppTest.from_function(script, default_timeout=patience()).run()
    assert not at.exception
    return at


def test_the_images_are_in_the_picture_as_they_are():
    def script():
        import numpy as np

        from app.widgets import pictures

        pixels = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 1, 4, 4) * 8
        pictures.show(pictures.images_png(pixels, False, columns=2, across=8), alt="two")

    (image,) = [each for each in shown(script).main if each.type == "image"]
    (one,) = image.proto.imgs
    assert one.alt == "two"
    head, content = one.url.split(",")
    assert head == "data:image/png;base64"
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
    pixels = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4) * 8
    np.testing.assert_array_equal(seen[::2, :8:2, 0], pixels[0])
    np.testing.assert_array_equal(seen[::2, -8::2, 0], pixels[1])
