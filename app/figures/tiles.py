"""Many images as one tiled picture, with an exact map from a cell to the image in it."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from app.figures import vectors
from app.figures.drawing import Drawing, Spec
from app.figures.png import png_bytes
from app.figures.theme import COMPARED, SMALL_FONT_SIZE, Theme, laid_out, rgb

PADDING = 1
CAPTION_SHARE = 0.3

Ground: TypeAlias = bool | tuple[float, ...]
"""Whether black and white are ground and ink, and invert with the theme; of vectors, the mean of each value."""


@dataclass(frozen=True)
class TileMap:
    """Which image lies in which cell. Cells are counted from the top left, row by row.

    Attributes:
        ids: The index that each image has for the caller (its component, say), in the order of the cells.
        columns: Cells in a row.
    """

    ids: tuple[int, ...]
    columns: int

    @property
    def rows(self) -> int:
        """Rows that the images fill; the last one may be short."""
        return max(1, math.ceil(len(self.ids) / self.columns))

    def index_at(self, x: float, y: float) -> int | None:
        """The index of the image at a place of the figure (x in columns from the left, y in rows from the top)."""
        column, row = math.floor(x), math.floor(y)
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return None
        cell = row * self.columns + column
        return self.ids[cell] if cell < len(self.ids) else None

    def cell_of(self, index: int) -> tuple[int, int]:
        """The (row, column) of the image with an index.

        Raises:
            ValueError: If no cell has it.
        """
        if index not in self.ids:
            raise ValueError(f"no tile has the index {index}")
        return divmod(self.ids.index(index), self.columns)


def tile_map(count: int, *, columns: int | None = None, ids: Sequence[int] | None = None) -> TileMap:
    """The map of `count` images; about twice as wide as high unless the columns are given.

    Arguments:
        count: How many images.
        columns: Cells in a row.
        ids: Index of each image, in the order shown; 0, 1, 2 and on unless given.

    Raises:
        ValueError: If there is no image, no column, or not one id for each image.
    """
    if count < 1:
        raise ValueError("there is no image to tile")
    if columns is not None and columns < 1:
        raise ValueError(f"tiles need at least one column, not {columns}")
    chosen = tuple(range(count)) if ids is None else tuple(int(index) for index in ids)
    if len(chosen) != count:
        raise ValueError(f"{count} images but {len(chosen)} ids")
    return TileMap(chosen, min(count, columns or math.ceil(math.sqrt(2 * count))))


def as_bytes(images: np.ndarray) -> np.ndarray:
    """Images as bytes of 0 to 255, [n, C, H, W] with one or three channels.

    Arguments:
        images: Floats in [0, 1] (clipped), or bytes, which stay as they are.

    Raises:
        ValueError: If the shape is not [n, C, H, W] with C of 1 or 3, or a number is not finite.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ValueError(f"images are [n, C, H, W] with one or three channels, not {list(images.shape)}")
    if images.dtype == np.uint8:
        return images
    if not np.isfinite(images).all():
        raise ValueError("an image has a pixel that is not a finite number")
    return np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)


def stretched(images: np.ndarray) -> np.ndarray:
    """Images of bytes, [n, C, H, W], each with its darkest pixel at 0 and its brightest at 255; vectors as they are."""
    if vectors.is_vector(images.shape[1:]):
        return images
    low, high = (end(images, axis=(1, 2, 3), keepdims=True).astype(float) for end in (np.min, np.max))
    return np.rint((images - low) * (255 / np.maximum(high - low, 1))).astype(np.uint8)


def mosaic(
    images: np.ndarray,
    mode: Theme,
    *,
    columns: int | None = None,
    binary: Ground = True,
    highlighted: Sequence[int] = (),
) -> np.ndarray:
    """The tiled picture as bytes, [height, width, 4] (red, green, blue, opacity).

    Between images, `PADDING` pixels on each side, the ground of the page shows through. `png_bytes` enlarges.

    Arguments:
        images: Images, [n, C, H, W]; floats in [0, 1] or bytes.
        mode: The theme. On light, binary images are shown as ink on paper (dark strokes); on dark as they are.
        columns: Cells in a row.
        binary: Whether the images come from binary data, so that black and white mean ground and ink. Vectors, one
            channel and one row, are drawn as bars, against these means if there are any.
        highlighted: Positions (not ids) of images that get an amber frame.
    """
    pictures = as_bytes(images)
    if vectors.is_vector(pictures.shape[1:]):
        pictures = vectors.bars(pictures, mode, None if isinstance(binary, bool) else binary)
    elif binary and not mode.dark:
        pictures = 255 - pictures
    count, _, height, width = pictures.shape
    where = tile_map(count, columns=columns)
    cell_height, cell_width = height + 2 * PADDING, width + 2 * PADDING
    canvas = np.zeros((where.rows, cell_height, where.columns, cell_width, 4), np.uint8)
    rows, cells = np.divmod(np.arange(count), where.columns)
    marked = np.zeros(count, bool)
    marked[list(highlighted)] = True
    canvas[rows[marked], :, cells[marked]] = (*rgb(COMPARED), 255)
    # Advanced indices apart from each other move to the front: the block assigned is [n, height, width, channels].
    inside = canvas[:, PADDING : PADDING + height, :, PADDING : PADDING + width]
    inside[rows, :, cells, :, :3] = pictures.transpose(0, 2, 3, 1)
    inside[rows, :, cells, :, 3] = 255
    return canvas.reshape(where.rows * cell_height, where.columns * cell_width, 4)


def data_uri(png: bytes) -> str:
    """PNG bytes as an address that a browser shows without another request."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def tiles_png(
    images: np.ndarray,
    mode: Theme,
    *,
    columns: int | None = None,
    binary: Ground = True,
    pixel: int = 2,
    highlighted: Sequence[int] = (),
) -> bytes:
    """`mosaic` as a PNG file: for `st.image` and for downloads."""
    drawn = mosaic(images, mode, columns=columns, binary=binary, highlighted=highlighted)
    return png_bytes(drawn, vectors.pixel_of(images.shape[1:], pixel))


def tiles(
    images: np.ndarray,
    mode: Theme,
    *,
    alt: str,
    columns: int | None = None,
    ids: Sequence[int] | None = None,
    hover: Sequence[str] | None = None,
    captions: Sequence[str] | None = None,
    binary: Ground = True,
    pixel: int = 2,
    height: int | None = None,
) -> tuple[Drawing, TileMap]:
    """The tiled picture as a figure with axes in cells, so that a click at (x, y) is `TileMap.index_at(x, y)`.

    A transparent marker lies in the middle of every cell: it carries the hover text, and lets point selection stand in
    for the pick hook (`point_index` is the position).

    Arguments:
        images: Images, [n, C, H, W]; floats in [0, 1] or bytes.
        mode: The theme.
        alt: What the pictures are.
        columns: Cells in a row.
        ids: Index of each image for the caller.
        hover: Text shown at each image, "component 17, weight 0.002" say.
        captions: Short text written under each image (its number, say); for up to about a hundred images.
        binary: Whether black and white are ground and ink, and invert with the theme; see `mosaic`.
        pixel: Enlargement before encoding.
        height: Pixels; from the aspect of the tiles at a width of 720 unless given.

    Returns:
        The figure, and the map from its cells to the ids.

    Raises:
        ValueError: If texts or ids are not one for each image.
    """
    count = len(images)
    where = tile_map(count, columns=columns, ids=ids)
    for name, given in (("hover texts", hover), ("captions", captions)):
        if given is not None and len(given) != count:
            raise ValueError(f"{count} images but {len(given)} {name}")
    picture = mosaic(images, mode, columns=where.columns, binary=binary)
    pixel = vectors.pixel_of(images.shape[1:], pixel)
    aspect = picture.shape[0] * where.columns / (picture.shape[1] * where.rows)
    rows, cells = np.divmod(np.arange(count), where.columns)
    caption_space = CAPTION_SHARE if captions is not None else 0.0
    texts = [f"{index}" for index in where.ids] if hover is None else list(hover)
    figure = Drawing([hover_texts(rows, cells, texts)])
    shown = round(720 * aspect * where.rows / where.columns / (1 - caption_space)) if height is None else height
    laid_out(figure, mode, x="", y="", alt=alt, height=min(max(shown, 80), 900), grid=False)
    if captions is None:
        add_picture(figure, picture, 0, where.columns, 0, where.rows, pixel)
    else:
        cell_height = picture.shape[0] // where.rows
        for row in range(where.rows):
            strip = picture[row * cell_height : (row + 1) * cell_height]
            add_picture(figure, strip, 0, where.columns, row, row + 1 - caption_space, pixel)
        figure.add(
            {
                "type": "scatter",
                "x": (cells + 0.5).astype(np.float32),
                "y": (rows + 1 - caption_space / 2).astype(np.float32),
                "mode": "text",
                "text": list(captions),
                "textfont": {"size": SMALL_FONT_SIZE, "color": mode.muted},
                "hoverinfo": "skip",
                "showlegend": False,
            }
        )
    figure.update(margin={"l": 0, "r": 0, "t": 0, "b": 0})
    figure.update_x(visible=False)
    figure.update_y(visible=False)
    fit_cells(figure, where.columns, where.rows, aspect / (1 - caption_space))
    return figure, where


def hover_texts(rows: np.ndarray, columns: np.ndarray, texts: list[str]) -> Spec:
    """A transparent marker in the middle of each cell, which carries its hover text and can be picked."""
    return {
        "type": "scatter",
        "x": (columns + 0.5).astype(np.float32),
        "y": (rows + 0.5).astype(np.float32),
        "mode": "markers",
        "marker": {"size": 12, "opacity": 0},
        "text": texts,
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
    }


def fit_cells(figure: Drawing, columns: int, rows: int, aspect: float) -> None:
    """Axes in cells, from the top left, as large as fits; what is left of the figure stays empty at right and bottom.

    The ends are found anew at every size. Given ends, or an axis that is narrowed instead, stay as they were in full
    screen when a figure comes back from it.

    Arguments:
        figure: Changed.
        columns: Cells in a row.
        rows: Rows of cells.
        aspect: Height of a cell over its width.
    """
    across, down = {"minallowed": 0, "maxallowed": columns}, {"minallowed": 0, "maxallowed": rows}
    figure.update_x(autorange=True, autorangeoptions=across, constraintoward="left")
    figure.update_y(
        autorange="reversed", autorangeoptions=down, constraintoward="top", scaleanchor="x", scaleratio=aspect
    )


def add_picture(
    figure: Drawing, picture: np.ndarray, left: float, right: float, top: float, bottom: float, pixel: int = 1
) -> None:
    """Lay a picture ([height, width, 3 or 4] bytes) under a figure's traces, stretched over a rectangle of its axes.

    The file has each of its pixels as a square of `pixel`, so that a browser keeps the edges.
    """
    placed = {"xref": "x", "yref": "y", "x": left, "y": top, "xanchor": "left", "yanchor": "top"}
    size = {"sizex": abs(right - left), "sizey": abs(bottom - top), "sizing": "stretch"}
    figure.picture({"source": data_uri(png_bytes(picture, pixel)), **placed, **size, "layer": "below"})
