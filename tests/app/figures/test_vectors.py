"""Vectors are bars of the right height, with a line at the mean; images stay images."""

import numpy as np
import pytest

from app.figures import tiles, vectors
from app.figures.theme import COMPARED, DARK, LIGHT, rgb


@pytest.mark.parametrize("mode", [LIGHT, DARK])
@pytest.mark.parametrize("values", [1, 5, 13, 40, 300])
def test_each_bar_is_as_high_as_its_value(mode, values):
    given = np.random.default_rng(0).integers(0, 256, (3, 1, 1, values), dtype=np.uint8)
    drawn = vectors.bars(given, mode)
    tall, step = vectors.height(values), vectors.step(values)
    assert drawn.shape == (3, 3, tall, step * values)
    filled = (drawn == np.array(rgb(mode.muted))[:, None, None]).all(1)[:, :, ::step].sum(1)
    assert np.abs(filled / tall - given[:, 0, 0] / 255).max() <= 0.5 / tall + 1e-9
    # What is no bar is ground.
    ground = (drawn == np.array(rgb(mode.paper))[:, None, None]).all(1)[:, :, ::step].sum(1)
    assert (filled + ground == tall).all()


def test_the_mean_is_an_amber_line_across_each_bar():
    given = np.zeros((1, 1, 1, 3), np.uint8)
    drawn = vectors.bars(given, LIGHT, (0, 127.5, 255))
    amber = (drawn[0] == np.array(rgb(COMPARED))[:, None, None]).all(0)
    tall = vectors.height(3)
    assert np.flatnonzero(amber[:, 0]).tolist() == [tall - 1]
    assert np.flatnonzero(amber[:, 5]).tolist() == [tall // 2 - 1]
    assert np.flatnonzero(amber[:, 11]).tolist() == [0]
    assert amber.sum() == 3 * vectors.step(3)


def test_a_mosaic_draws_bars_for_vectors_alone():
    images = np.full((2, 1, 4, 13), 200, np.uint8)
    assert tiles.mosaic(images, LIGHT).shape == (6, 30, 4)
    rows = tiles.mosaic(images[:, :, :1], LIGHT, binary=(100.0,) * 13)
    assert rows.shape == (vectors.height(13) + 2, 2 * (4 * 13 + 2), 4)
    assert tuple(rgb(COMPARED)) in {tuple(pixel[:3]) for row in rows for pixel in row}


def test_an_enlarged_picture_of_a_vector_is_as_wide_as_that_of_an_image():
    assert vectors.pixel_of((1, 1, 13), 20) == 5
    assert vectors.pixel_of((1, 8, 13), 20) == 20
    assert vectors.pixel_of((1, 1, 13), 2) == 1
    assert vectors.aspect((1, 6, 12)) == 0.5
    assert vectors.aspect((1, 1, 13)) == vectors.height(13) / 52
