import dataclasses

import numpy as np
import pytest

from app.figures.holes import FINE, finer, hatched, hole_margin, holes
from app.figures.theme import COMPARED, LIGHT, rgb
from app.records import MASSES, Density, Window

WINDOW = Window(-4, 4, -4, 4)


def narrow_normal(normal: Density, scale: float) -> Density:
    """A normal of another scale on the same grid."""
    squared = (normal.x[None, :] ** 2 + normal.y[:, None] ** 2) / scale**2
    shift = np.log(2 * np.pi) + 2 * np.log(scale)
    return Density(normal.x, normal.y, -0.5 * squared - shift, np.log1p(-np.array(MASSES)) - shift)


def test_holes_are_the_ring_between_the_data_and_the_prior(normal):
    data = narrow_normal(normal, 0.5)
    hole = hole_margin(normal, data) >= 0
    radius = np.hypot(normal.x[None, :].astype(float), normal.y[:, None])
    inner, outer = 0.5 * np.sqrt(-2 * np.log(0.01)), np.sqrt(-2 * np.log(0.05))
    sure = (np.abs(radius - inner) > 1e-3) & (np.abs(radius - outer) > 1e-3)
    assert np.array_equal(hole[sure], ((radius > inner) & (radius < outer))[sure])
    assert hole.any()


def test_a_prior_that_is_the_data_has_no_holes(normal):
    assert not (hole_margin(normal, normal) >= 0).any()


def test_both_have_to_lie_on_one_grid(normal):
    other = dataclasses.replace(normal, x=normal.x + 1)
    with pytest.raises(ValueError, match="the same grid"):
        hole_margin(normal, other)


def test_finer_is_bilinear():
    plane = np.add.outer(np.arange(3) * 2.0, np.arange(4) * 0.5)
    fine = finer(plane, 4)
    assert fine.shape == (9, 13)
    assert fine == pytest.approx(np.add.outer(np.arange(9) * 0.5, np.arange(13) * 0.125))


def test_picture_is_amber_in_the_holes_alone_and_top_row_first():
    margin = np.full((5, 5), -1.0)
    margin[4] = 1.0
    picture = hatched(margin)
    assert picture.shape == (4 * FINE + 1, 4 * FINE + 1, 4)
    assert (picture[0, :, :3] == rgb(COMPARED)).all()
    assert set(np.unique(picture[0, :, 3])) == {70, 255}
    assert (picture[FINE:, :, 3] == 0).all()


def test_figure_draws_the_two_lines_and_names_all_three(normal):
    figure = holes(LIGHT, WINDOW, normal, narrow_normal(normal, 0.5), alt="a", prior="sg").checked()
    data, prior = figure.data[:2]
    assert (data.contours.start, data.line.dash) == (0, "dot")
    assert (prior.contours.start, prior.line.dash) == (1, "solid")
    assert [trace.name for trace in figure.data[2:]] == ["prior, 95 %", "data, 99 %", "hole"]
    none = holes(LIGHT, WINDOW, normal, normal, alt="a", prior="sg").checked()
    assert [trace.name for trace in none.data[2:]] == ["prior, 95 %", "data, 99 %"]
    assert figure.layout.yaxis.scaleanchor == "x"
    assert len(figure.layout.images) == 1
