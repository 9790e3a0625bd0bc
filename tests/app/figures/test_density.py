import numpy as np
import pytest

from app.figures.density import (
    FURTHEST,
    LABEL_HEIGHT,
    LABEL_WIDTH,
    Box,
    contour,
    level_labels,
    mass_index,
)
from app.figures.drawing import Drawing
from app.figures.theme import LIGHT
from app.records import MASSES, Density

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
    x, y = at_the_top["99 %"]
    taken = Box(x - 0.1, x + 0.1, y, y + 0.2)
    moved = {label["text"]: (label["x"], label["y"]) for label in level_labels(normal, LIGHT, [taken])}
    assert moved.keys() == at_the_top.keys()
    assert moved["99 %"][1] < 0
    # Where no place is left there is no label, rather than one under another word.
    everywhere = [Box(-9, 9, -9, 9)]
    assert level_labels(normal, LIGHT, everywhere) == []


def test_labels_of_close_lines_do_not_cover_each_other(normal):
    scale = 20.0
    words = level_labels(normal, LIGHT, scale=scale)
    corners = {"left": 0, "center": 0.5, "right": 1, "bottom": 0, "middle": 0.5, "top": 1}
    boxes = []
    for word in words:
        left = word["x"] - corners[word["xanchor"]] * LABEL_WIDTH / scale
        bottom = word["y"] - corners[word["yanchor"]] * LABEL_HEIGHT / scale
        boxes.append(Box(left, left + LABEL_WIDTH / scale, bottom, bottom + LABEL_HEIGHT / scale))
    assert len(boxes) > 1
    assert not any(one.covers(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_a_line_that_leaves_the_grid_is_not_labelled_at_its_edge(normal):
    small = normal.x[np.abs(normal.x) < 2]
    inside = np.abs(normal.x) < 2
    cut = Density(small, small, normal.log_density[np.ix_(inside, inside)], normal.levels)
    places = {label["text"]: np.hypot(label["x"], label["y"]) for label in level_labels(cut, LIGHT)}
    # The line of 95 % is cut at its sides, and crosses the corners.
    assert places.keys() == {"50 %", "80 %", "95 %"}
    assert places["95 %"] == pytest.approx(np.sqrt(-2 * np.log(0.05)), abs=0.15)
