"""Pictures that are no figures: images in rows, as wide as what they stand in."""

import math

import numpy as np
import streamlit as st

from app.figures import png, tiles, vectors
from app.figures.theme import Theme
from app.services.memory import cached
from app.widgets.page import mode


def enlargement(width: int, columns: int, across: int) -> int:
    """Pixels of a picture to a side of each pixel of its images: squares keep their edges.

    The picture has about twice the pixels of the screen that it is shown on.

    Arguments:
        width: Pixels of an image.
        columns: Images in a row.
        across: Pixels of the screen that the picture is wide, about.
    """
    return max(2, math.ceil(2 * across / columns / width))


def images_png(pixels: np.ndarray, binary: tiles.Ground, columns: int = 1, across: int = 360) -> bytes:
    """A few images as a PNG without a rim.

    Arguments:
        pixels: [n, C, H, W]; floats in [0, 1] or bytes.
        binary: Whether black and white are ground and ink, and invert with the theme; see `tiles.mosaic`.
        columns: Images in a row.
        across: See `enlargement`.
    """
    by = enlargement(pixels.shape[-1], columns, across)
    return _png_of(tiles.as_bytes(pixels).tobytes(), pixels.shape, columns, binary, by, mode())


@cached(400)
def _png_of(
    content: bytes, shape: tuple[int, ...], columns: int, binary: tiles.Ground, enlarged: int, mode: Theme
) -> bytes:
    """Images, by what they show, as a PNG."""
    drawn = tiles.mosaic(np.frombuffer(content, np.uint8).reshape(shape), mode, columns=columns, binary=binary)
    edge = tiles.PADDING
    return png.png_bytes(drawn[edge:-edge, edge:-edge], vectors.pixel_of(shape[1:], enlarged))


def show(content: bytes, *, alt: str) -> None:
    """Show a PNG as it is, as wide as what it stands in.

    It travels within the page's own message. As a file Streamlit would make a JPEG of it or shrink it, which takes time
    and blurs the edges, and would have dropped it when a control moves on before the browser has asked for it.
    """
    st.image(tiles.data_uri(content), width="stretch", alt=alt)
