import base64
import io

import numpy as np
import pytest
from PIL import Image

from app.figures.theme import COMPARED, DARK, LIGHT, rgb
from app.figures.tiles import TileMap, as_bytes, mosaic, stretched, tile_map, tiles, tiles_png


def decoded(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def test_stretched_images_use_all_of_the_range_and_vectors_stay():
    images = np.array([[[[10, 20], [30, 60]]], [[[7, 7], [7, 7]]]], np.uint8)
    np.testing.assert_array_equal(stretched(images), [[[[0, 51], [102, 255]]], [[[0, 0], [0, 0]]]])
    vector = np.array([[[[10, 20, 60]]]], np.uint8)
    np.testing.assert_array_equal(stretched(vector), vector)


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (7, 3), (9, 3), (500, 25), (5, 9)])
def test_cells_and_indices_round_trip(count, columns):
    where = tile_map(count, columns=columns, ids=range(1000, 1000 + count)[::-1])
    for index in where.ids:
        row, column = where.cell_of(index)
        assert where.index_at(column + 0.01, row + 0.99) == index
    assert [where.index_at(c + 0.5, r + 0.5) for r in range(where.rows) for c in range(where.columns)][:count] == list(
        where.ids
    )


def test_outside_the_images_is_nothing():
    where = TileMap((4, 5, 6, 7), columns=3)
    assert where.rows == 2
    assert where.index_at(0.5, 1.5) == 7
    for x, y in ((1.5, 1.5), (-0.1, 0.5), (3.0, 0.5), (0.5, 2.0), (0.5, -0.1)):
        assert where.index_at(x, y) is None
    with pytest.raises(ValueError, match="no tile has the index 9"):
        where.cell_of(9)


def test_every_pixel_is_where_the_map_says():
    images = np.random.default_rng(0).integers(0, 256, (7, 1, 4, 5), dtype=np.uint8)
    picture = decoded(tiles_png(images, DARK, columns=3, pixel=2))
    assert picture.shape == (3 * (4 + 2) * 2, 3 * (5 + 2) * 2, 4)
    for i, image in enumerate(images):
        row, column = divmod(i, 3)
        block = picture[row * 12 + 2 : row * 12 + 10, column * 14 + 2 : column * 14 + 12]
        assert (block[..., 3] == 255).all()
        for channel in range(3):
            assert np.array_equal(block[..., channel], np.kron(image[0], np.ones((2, 2), np.uint8)))
    assert (picture[24:, 14:, 3] == 0).all()
    assert (picture[:2, :, 3] == 0).all()


def test_binary_images_invert_on_light_and_grey_ones_do_not():
    images = np.repeat([0.0, 0.25, 1.0], 2).reshape(3, 1, 2, 1)

    def shown(mode, binary):
        return decoded(tiles_png(images, mode, columns=3, pixel=1, binary=binary))[1, 1::3, 0].tolist()

    assert shown(DARK, True) == [0, 64, 255]
    assert shown(LIGHT, True) == [255, 191, 0]
    assert shown(DARK, False) == shown(LIGHT, False) == [0, 64, 255]


def test_colour_images_keep_their_channels():
    image = np.array([10, 20, 30], np.uint8).reshape(1, 3, 1, 1)
    assert mosaic(image, LIGHT, binary=False)[1, 1].tolist() == [10, 20, 30, 255]


def test_highlight_frames_its_cell_only():
    images = np.zeros((4, 1, 3, 3), np.uint8)
    picture = mosaic(images, DARK, columns=2, highlighted=(2,))
    frame = (picture == (*rgb(COMPARED), 255)).all(2)
    expected = np.zeros((10, 10), bool)
    expected[5:, :5] = True
    expected[6:9, 1:4] = False
    assert np.array_equal(frame, expected)


def test_floats_are_clipped_and_rounded():
    assert as_bytes(np.array([-0.2, 0.5, 1.7]).reshape(3, 1, 1, 1)).ravel().tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("images", "complaint"),
    [
        (np.zeros((2, 4, 4)), r"\[n, C, H, W\]"),
        (np.zeros((2, 2, 4, 4)), "one or three channels"),
        (np.full((1, 1, 2, 2), np.nan), "not a finite number"),
        (np.zeros((0, 1, 4, 4)), "no image"),
    ],
)
def test_bad_images_are_refused(images, complaint):
    with pytest.raises(ValueError, match=complaint):
        mosaic(images, LIGHT)


def test_texts_and_ids_are_one_for_each_image():
    images = np.zeros((3, 1, 2, 2))
    with pytest.raises(ValueError, match="3 images but 2 hover texts"):
        tiles(images, LIGHT, alt="", hover=["a", "b"])
    with pytest.raises(ValueError, match="3 images but 4 ids"):
        tiles(images, LIGHT, alt="", ids=range(4))
    with pytest.raises(ValueError, match="at least one column"):
        tile_map(3, columns=0)


def test_figure_has_axes_in_cells_and_carries_the_png():
    images = np.random.default_rng(1).random((7, 1, 4, 4))
    drawing, where = tiles(images, DARK, alt="noise", columns=3, ids=range(10, 17), hover=list("abcdefg"))
    figure = drawing.checked()
    ends = [(axis.autorangeoptions.minallowed, axis.autorangeoptions.maxallowed) for axis in figure.select_xaxes()]
    ends += [(axis.autorangeoptions.minallowed, axis.autorangeoptions.maxallowed) for axis in figure.select_yaxes()]
    assert ends == [(0, 3), (0, 3)]
    assert (figure.layout.xaxis.autorange, figure.layout.yaxis.autorange) == (True, "reversed")
    assert (figure.layout.yaxis.scaleanchor, figure.layout.yaxis.scaleratio) == ("x", 1)
    (image,) = figure.layout.images
    assert (image.x, image.y, image.sizex, image.sizey, image.sizing) == (0, 0, 3, 3, "stretch")
    assert base64.b64decode(image.source.split(",")[1]) == tiles_png(images, DARK, columns=3)
    (trace,) = figure.data
    assert [where.index_at(x, y) for x, y in zip(trace.x, trace.y, strict=True)] == list(range(10, 17))
    assert trace.marker.opacity == 0
    again, _ = tiles(images, DARK, alt="noise", columns=3, ids=range(10, 17), hover=list("abcdefg"))
    assert again.spec() == drawing.spec()


def test_captions_lie_under_their_images():
    images = np.random.default_rng(1).random((4, 1, 4, 4))
    drawing, where = tiles(images, DARK, alt="", columns=2, captions=list("wxyz"))
    figure = drawing.checked()
    texts = figure.data[1]
    assert [where.index_at(x, y) for x, y in zip(texts.x, texts.y, strict=True)] == [0, 1, 2, 3]
    assert list(texts.text) == list("wxyz")
    assert [(image.y, round(image.y + image.sizey, 6)) for image in figure.layout.images] == [(0, 0.7), (1, 1.7)]
    # A square image stays square although its row is higher by the words.
    assert figure.layout.yaxis.scaleratio * 0.7 == pytest.approx(1)
