"""Images in order: along a line of the latent space, or through the epochs of a training."""

import math
from collections.abc import Sequence

import numpy as np

from app.figures import vectors
from app.figures.drawing import Drawing
from app.figures.theme import FONT_SIZE, SMALL_FONT_SIZE, Theme, laid_out, text_width
from app.figures.tiles import Ground, add_picture, fit_cells, hover_texts, mosaic


def strip(
    images: np.ndarray,
    mode: Theme,
    *,
    columns: Sequence[str],
    rows: Sequence[str] = ("",),
    axis: str,
    alt: str,
    binary: Ground = True,
    pixel: int = 3,
    height: int | None = None,
    width: int = 960,
) -> Drawing:
    """A table of images with named columns and rows: a traversal has one row a unit, growth one row a pseudo-input.

    Axes are in cells, as in `tiles`: a click at (x, y) is column floor(x) and row floor(y).

    Arguments:
        images: [R, S, C, H, W]; floats in [0, 1] or bytes.
        mode: The theme.
        columns: Name of each column: the unit's value, the epoch; S of them. All show on hovering, some are written.
        rows: Name of each row, R of them.
        axis: What the columns are, with the unit.
        alt: What the pictures show.
        binary: Whether black and white are ground and ink, and invert with the theme; see `tiles.mosaic`.
        pixel: Enlargement before encoding.
        height: Pixels; from the aspect of the images at that width unless given.
        width: About how many pixels wide the cells together are drawn.

    Raises:
        ValueError: If the names are not one for each column and row.
    """
    if images.ndim != 5 or images.shape[:2] != (len(rows), len(columns)):
        raise ValueError(
            f"images are [rows, columns, C, H, W] with {len(rows)} rows and {len(columns)} columns,"
            f" not {list(images.shape)}"
        )
    count_rows, count = images.shape[:2]
    flat = images.reshape(-1, *images.shape[2:])
    picture = mosaic(flat, mode, columns=count, binary=binary)
    aspect = (picture.shape[0] / count_rows) / (picture.shape[1] / count)
    row, column = np.divmod(np.arange(len(flat)), count)
    named = any(rows)
    texts = [f"{rows[r]}\n{columns[c]}" if named else columns[c] for r, c in zip(row, column, strict=True)]
    figure = Drawing([hover_texts(row, column, texts)])
    tall = round(width * aspect * count_rows / count) + 64 if height is None else height
    laid_out(figure, mode, x=axis, y="", alt=alt, height=min(max(tall, 100), 900), grid=False)
    add_picture(figure, picture, 0, count, 0, count_rows, vectors.pixel_of(images.shape[2:], pixel))
    # Names never change, so room for them is known: plotly would find it by drawing the figure twice.
    names = max(map(text_width, rows)) if named else 0.0
    figure.update(margin={"l": math.ceil(35 + names) if named else 28, "b": 46})
    # Words are always written, numbers evenly, nine or as many as there is room for.
    fitting = max(1, min(9, int((width - names) / (max(map(text_width, columns)) + 12))))
    words = [c for c, name in enumerate(columns) if name[:1].isalpha()]
    numbers = [c for c in range(count) if c not in words]
    written = np.array(sorted({*words, *numbers[:: -(-count // fitting)]}))
    figure.update_x(
        tickvals=(written + 0.5).tolist(),
        ticktext=[columns[c] for c in written],
        tickfont={"size": SMALL_FONT_SIZE},
        title={"font": {"size": FONT_SIZE}},
        tickangle=0,
        automargin=False,
    )
    figure.update_y(
        tickvals=[r + 0.5 for r in range(count_rows)] if named else [],
        ticktext=list(rows) if named else [],
        ticklabelstandoff=6,
        automargin=False,
    )
    fit_cells(figure, count, count_rows, aspect)
    return figure
