import numpy as np
import pytest

from app.figures.density import (
    FURTHEST,
    contour,
    grid,
    level_labels,
    mass_index,
    window_around,
)
from app.figures.drawing import Drawing
from app.figures.theme import LIGHT
from app.records import MASSES, Density, Window

LEVELS = np.array([-1.0, -2.5, -3.0, -7.0])


def test_the_four_masses_lie_on_whole_numbers_exactly():
    assert mass_index(LEVELS, LEVELS).tolist() == [3, 2, 1, 0]
    assert mass_index(LEVELS, LEVELS).dtype == np.float32


def test_between_and_beyond_the_map_is_linear():
    assert mass_index(np.array([-1.75, -2.75, -5.0]), LEVELS).tolist() == [2.5, 1.5, 0.5]
    assert mass_index(np.array([0.5, -11.0]), LEVELS).tolist() == [4, -1]
    assert mass_index(np.array([-np.inf, 1e9]), LEVELS).tolist() == [-FURTHEST, FURTHEST]


def test_the_map_keeps_the_order():
    value = np.sort(np.random.default_rng(0).normal(-3, 3, 500))
    assert (np.diff(mass_index(value, LEVELS)) >= 0).all()


def test_area_inside_each_line_is_the_normal_disc(normal):
    value = mass_index(normal.log_density, normal.levels)
    cell = float(normal.x[1] - normal.x[0]) ** 2
    for mark, mass in enumerate(reversed(MASSES)):
        assert (value >= mark).sum() * cell == pytest.approx(-2 * np.pi * np.log1p(-mass), rel=0.03)


def test_contour_draws_the_levels_asked_for(normal):
    trace = Drawing([contour(normal, LIGHT, name="prior")]).checked().data[0]
    assert (trace.contours.start, trace.contours.end, trace.contours.size) == (0, 3, 1)
    assert trace.contours.coloring == "lines"
    assert trace.z.dtype == trace.x.dtype == np.float32
    one = Drawing([contour(normal, LIGHT, name="data", masses=(0.95,), dash="dot")]).checked().data[0]
    assert (one.contours.start, one.contours.end, one.line.dash) == (1, 1, "dot")
    with pytest.raises(ValueError, match="neighbouring"):
        contour(normal, LIGHT, name="prior", masses=(0.5, 0.95))


def test_labels_name_lines_at_their_edge(normal):
    labels = level_labels(normal, LIGHT)
    assert {label["text"] for label in labels} == {"50 %", "80 %", "95 %", "99 %"}
    step = float(normal.x[1] - normal.x[0])
    for label in labels:
        mass = float(label["text"].split()[0]) / 100
        assert np.hypot(label["x"], label["y"]) == pytest.approx(np.sqrt(-2 * np.log1p(-mass)), abs=1.5 * step)


def test_labels_leave_other_words_readable_where_a_side_is_free(normal):
    at_the_top = {label["text"]: (label["x"], label["y"]) for label in level_labels(normal, LIGHT)}
    taken = [at_the_top["99 %"]]
    moved = {label["text"]: (label["x"], label["y"]) for label in level_labels(normal, LIGHT, taken)}
    assert moved.keys() == at_the_top.keys()
    span = normal.x[-1] - normal.x[0]
    assert np.hypot(*np.subtract(moved["99 %"], taken[0])) > 0.05 * span
    everywhere = [(x, y) for x in normal.x[::2] for y in normal.y[::2]]
    assert {label["text"] for label in level_labels(normal, LIGHT, everywhere)} == at_the_top.keys()


def test_a_line_that_leaves_the_grid_is_not_labelled_at_its_edge(normal):
    small = normal.x[np.abs(normal.x) < 2]
    inside = np.abs(normal.x) < 2
    cut = Density(small, small, normal.log_density[np.ix_(inside, inside)], normal.levels)
    assert {label["text"] for label in level_labels(cut, LIGHT)} == {"50 %", "80 %"}


def test_window_holds_the_clouds_but_not_a_stray():
    random = np.random.default_rng(0)
    cloud = random.uniform(-1, 1, (5000, 2))
    window = window_around(np.concatenate([cloud, [[90.0, 0.0], [np.nan, 1.0]]]), np.array([[3.0, 0.5]]))
    assert window.left == pytest.approx(-1.32, abs=0.02)
    assert window.right == pytest.approx(3.32, abs=0.02)
    assert window.top == pytest.approx(1.32, abs=0.02)
    with pytest.raises(ValueError, match="at least one finite point"):
        window_around(np.full((3, 2), np.nan))


def test_grid_has_square_cells():
    x, y = grid(Window(0, 4, 10, 12), 101)
    assert (len(x), len(y)) == (101, 51)
    assert np.diff(x).mean() == pytest.approx(np.diff(y).mean())
    assert (x[0], x[-1], y[0], y[-1]) == (0, 4, 10, 12)
    assert x.dtype == np.float32
